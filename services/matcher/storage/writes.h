// The statements that write: each does many mutations of a kind at once.
//
// What a statement did not change is missing from its answer; batch.h finds out why.
//
// Each adds one statement to a script; what it points to is complete when the script has run.
//
// Threading: runs on the committer's thread, inside its transaction; throws what libpqxx throws.
//
//   Connection connection(options, PrepareWrites);
//   TouchedById made;
//   InsertAssignments(script, mutations, &made);
//   script.Run();
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "common/db/script.h"
#include "services/matcher/storage/rules.h"
#include "services/matcher/storage/store.h"

namespace muster::matcher {

// For each new connection.
void PrepareWrites(pqxx::connection& connection);

// An assignment that a statement has changed.
struct Touched {
  std::string ticket_id, agent_id;
};
using TouchedById = std::unordered_map<std::string, Touched>;

// The epoch of each pool that is held, locked until the transaction ends.
void LockEpochs(Script& script, const std::set<std::string>& pool_ids,
                std::map<std::string, int64_t>* epochs);

// Fails to be serialized unless all of these are held, each at its epoch; locks them, too.
void ExpectEpochs(Script& script, const std::map<std::string, int64_t>& epochs);

void InsertAssignments(Script& script, const std::vector<const RecordAssignment*>& mutations,
                       TouchedById* made);
void UpdateWrapUps(Script& script, const std::vector<const StartWrapUp*>& mutations,
                   TouchedById* done);
void MoveToEnded(Script& script, const std::vector<const EndAssignment*>& mutations,
                 TouchedById* done);

// Of those that were completed.
void SetCustomersLeft(Script& script, const std::vector<const RecordCustomerLeft*>& mutations,
                      TouchedById* done);

void InsertOffers(Script& script, const std::vector<const RecordOfferEnded*>& mutations);
void InsertDecisions(Script& script, const std::vector<const DecisionRecord*>& decisions);
void InsertMoves(Script& script, const std::vector<const RecordMove*>& mutations);

// By id; those that are not there are left out.
void FindRecorded(Script& script, const std::vector<std::string>& ids,
                  std::map<std::string, Recorded>* found);

}  // namespace muster::matcher
