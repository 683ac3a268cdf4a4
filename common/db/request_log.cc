#include "common/db/request_log.h"

#include <unordered_map>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/base/strings.h"
#include "common/db/values.h"

namespace muster {

std::vector<RequestVerdict> LookUp(pqxx::work& tx, std::string_view schema,
                                   absl::Span<const RequestKey> keys) {
  std::vector<RequestVerdict> verdicts(keys.size());
  std::unordered_map<std::string_view, size_t> first;  // where an id stands first in the batch
  PgArray ids;
  for (size_t i = 0; i < keys.size(); ++i) {
    if (keys[i].request_id.empty()) continue;
    auto [it, is_first] = first.emplace(keys[i].request_id, i);
    if (is_first) {
      ids.Text(keys[i].request_id);
    } else {
      bool same = keys[it->second].fingerprint == keys[i].fingerprint;
      verdicts[i] = {same ? RequestVerdict::kRepeat : RequestVerdict::kReused, "", it->second};
    }
  }
  if (first.empty()) return verdicts;
  pqxx::result rows =
      tx.exec_params(absl::StrCat("SELECT request_id, fingerprint, answer FROM ", ToAbsl(schema),
                                  ".request WHERE request_id = ANY ($1::text[])"),
                     ids.str());
  for (const pqxx::row& row : rows) {
    size_t i = first.at(TextOf(row[0]));
    bool same = row[1].as<int64_t>() == keys[i].fingerprint;
    verdicts[i].kind = same ? RequestVerdict::kAnswered : RequestVerdict::kReused;
    if (same) verdicts[i].answer = BytesOf(row[2]);
  }
  return verdicts;
}

void Store(pqxx::work& tx, std::string_view schema, absl::Span<const RequestRecord> records) {
  PgArray ids, fingerprints, answers, times;
  for (const RequestRecord& record : records) {
    if (record.key.request_id.empty()) continue;
    ids.Text(record.key.request_id);
    fingerprints.Int(record.key.fingerprint);
    answers.Bytes(record.answer);
    times.Time(record.created_at);
  }
  if (ids.size() == 0) return;
  try {
    tx.exec_params(absl::StrCat("INSERT INTO ", ToAbsl(schema),
                                ".request (request_id, fingerprint, answer, created_at) SELECT * "
                                "FROM unnest($1::text[], $2::bigint[], $3::bytea[], "
                                "$4::timestamptz[])"),
                   ids.str(), fingerprints.str(), answers.str(), times.str());
  } catch (const pqxx::unique_violation& error) {
    throw pqxx::serialization_failure(error.what());
  }
}

int64_t DeleteRequestsBefore(pqxx::work& tx, std::string_view schema, absl::Time cutoff,
                             int limit) {
  std::string table = absl::StrCat(ToAbsl(schema), ".request");
  return static_cast<int64_t>(
      tx.exec_params(
            absl::StrCat("DELETE FROM ", table, " WHERE request_id IN (SELECT request_id FROM ",
                         table, " WHERE created_at < $1 ORDER BY created_at LIMIT $2)"),
            ToTimestamp(cutoff), limit)
          .affected_rows());
}

}  // namespace muster
