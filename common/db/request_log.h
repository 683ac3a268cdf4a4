// The memory of answered requests: the same request_id again gets the first answer.
//
// It is read and written in the transaction of the mutation itself, so a commit in doubt is settled
// by running the batch again. Each schema has this table (the service's first migration makes it):
//
//   CREATE TABLE request (
//     request_id  text COLLATE "C" PRIMARY KEY,
//     fingerprint bigint NOT NULL,
//     answer      bytea NOT NULL,
//     created_at  timestamptz NOT NULL
//   );
//   CREATE INDEX request_created_at ON request (created_at);
//
// and the function `expect` of common/db/script.h.
//
//   std::vector<RequestVerdict> verdicts;
//   LookUp(script, "intake", keys, &verdicts);
//   script.Run();
//   for (size_t i = 0; ...) switch (verdicts[i].kind) {
//     case kNew: apply it, and collect {key, answer, now} to store
//     case kAnswered: parse verdicts[i].answer
//     case kRepeat: give the outcome of mutation verdicts[i].first, earlier in this same batch
//     case kReused: RequestIdReused() }
//   Store(script, "intake", records);
//   script.Run();
//
// Threading: none of its own; it throws what libpqxx throws, inside Connection::Write.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/time/time.h"
#include "absl/types/span.h"
#include "common/db/pqxx_compat.h"
#include "common/db/script.h"

namespace muster {

inline constexpr absl::Duration kRequestMemory = absl::Hours(24);
inline constexpr int kRequestsDeletedAtOnce = 5000;

struct RequestKey {
  std::string request_id;
  int64_t fingerprint = 0;  // of the method and body, see common/rpc/fingerprint.h
};

struct RequestRecord {
  RequestKey key;
  std::string answer;  // the serialized response
  absl::Time created_at;
};

struct RequestVerdict {
  enum Kind {
    kNew,       // never seen
    kAnswered,  // seen with the same body; `answer` is the first answer
    kReused,    // seen with another body
    kRepeat,    // the same id and body stands earlier in this batch, at `first`
  };
  Kind kind = kNew;
  std::string answer;
  size_t first = 0;
};

// Prepares the statements below on a new connection.
void PrepareRequestLog(pqxx::connection& connection, std::string_view schema);

// One verdict for each key, in order; one statement, if any key has a request_id: an empty one is
// always kNew. `keys` may go before the script has run; `verdicts` is complete when it has.
void LookUp(Script& script, std::string_view schema, absl::Span<const RequestKey> keys,
            std::vector<RequestVerdict>* verdicts);

// One statement, if any record has a request_id. If another transaction has stored one of the ids
// since LookUp, the script fails to be serialized: ABORTED, which the committer runs again.
void Store(Script& script, std::string_view schema, absl::Span<const RequestRecord> records);

// Deletes at most `limit` records made before `cutoff`; the latter returns how many.
void ForgetRequestsBefore(Script& script, std::string_view schema, absl::Time cutoff, int limit);
int64_t DeleteRequestsBefore(pqxx::work& tx, std::string_view schema, absl::Time cutoff,
                             int limit = kRequestsDeletedAtOnce);

}  // namespace muster
