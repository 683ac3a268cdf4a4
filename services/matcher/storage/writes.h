// The statements that write: each does many mutations of a kind at once.
//
// What a statement did not change is missing from its answer; batch.h finds out why.
//
// Threading: runs on the committer's thread, inside its transaction; throws what libpqxx throws.
//
//   Connection connection(options, PrepareWrites);
//   std::set<std::string> made = InsertAssignments(tx, mutations);   // ids
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "common/db/pqxx_compat.h"
#include "services/matcher/storage/rules.h"
#include "services/matcher/storage/store.h"

namespace muster::matcher {

// For each new connection.
void PrepareWrites(pqxx::connection& connection);

// The epoch of each pool that is held, locked until the transaction ends.
std::map<std::string, int64_t> LockEpochs(pqxx::work& tx, const std::set<std::string>& pool_ids);

std::set<std::string> InsertAssignments(pqxx::work& tx,
                                        const std::vector<const RecordAssignment*>& mutations);
// These two: by id, as it is on record now.
std::map<std::string, Assignment> UpdateWrapUps(pqxx::work& tx,
                                                const std::vector<const StartWrapUp*>& mutations);
std::map<std::string, Assignment> MoveToEnded(pqxx::work& tx,
                                              const std::vector<EndAssignment>& mutations);

// For each the assignment as it is on record now, if it is one that was completed.
std::map<std::string, Assignment> SetCustomersLeft(
    pqxx::work& tx, const std::vector<const RecordCustomerLeft*>& mutations);

void InsertOffers(pqxx::work& tx, const std::vector<const RecordOfferEnded*>& mutations);
void InsertDecisions(pqxx::work& tx, const std::vector<const DecisionRecord*>& decisions);
void InsertMoves(pqxx::work& tx, const std::vector<const RecordMove*>& mutations);

// By id; those that are not there are left out.
std::map<std::string, Recorded> FindRecorded(pqxx::work& tx, const std::vector<std::string>& ids);

}  // namespace muster::matcher
