// The statements that read.
//
// Threading: run on a thread of the read pool; throw what libpqxx throws.
//
//   reads.Read<std::vector<Offer>>([query](pqxx::work& tx) { return SelectOffers(tx, query); },
//   ...);
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "common/db/pqxx_compat.h"
#include "services/matcher/storage/store.h"

namespace muster::matcher {

std::vector<Assignment> SelectLiveAssignments(pqxx::work& tx, const std::string& pool_id);
std::vector<Assignment> SelectLatestAssignments(pqxx::work& tx, const std::string& pool_id,
                                                const std::vector<std::string>& ticket_ids);
std::vector<TicketMove> SelectMoves(pqxx::work& tx, const std::string& pool_id,
                                    const std::vector<std::string>& ticket_ids);
absl::StatusOr<Offer> SelectOffer(pqxx::work& tx, const std::string& offer_id);
absl::StatusOr<Assignment> SelectAssignment(pqxx::work& tx, const std::string& assignment_id);
std::vector<Offer> SelectOffers(pqxx::work& tx, const OfferQuery& query);
std::vector<Assignment> SelectAssignments(pqxx::work& tx, const AssignmentQuery& query);
std::vector<RecordedDecision> SelectDecisions(pqxx::work& tx, const DecisionQuery& query);
History SelectHistory(pqxx::work& tx, const std::string& pool_id, absl::Time since);
std::optional<AnsweredRequest> SelectRequest(pqxx::work& tx, const std::string& request_id);

}  // namespace muster::matcher
