#include "common/db/request_log.h"

#include <unordered_map>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/base/strings.h"
#include "common/db/values.h"

namespace muster {

namespace {

std::string FindName(std::string_view schema) {
  return absl::StrCat(ToAbsl(schema), "_find_requests");
}
std::string StoreName(std::string_view schema) {
  return absl::StrCat(ToAbsl(schema), "_store_requests");
}
std::string ForgetName(std::string_view schema) {
  return absl::StrCat(ToAbsl(schema), "_forget_requests");
}

std::string DeleteSql(std::string_view schema) {
  std::string table = absl::StrCat(ToAbsl(schema), ".request");
  return absl::StrCat("DELETE FROM ", table, " WHERE request_id IN (SELECT request_id FROM ", table,
                      " WHERE created_at < $1::timestamptz ORDER BY created_at LIMIT $2::int)");
}

struct First {
  size_t at = 0;  // where an id stands first in the batch
  int64_t fingerprint = 0;
};

}  // namespace

void PrepareRequestLog(pqxx::connection& connection, std::string_view schema) {
  PrepareNow(connection, FindName(schema),
             absl::StrCat("SELECT request_id, fingerprint, answer FROM ", ToAbsl(schema),
                          ".request WHERE request_id = ANY ($1::text[])"));
  PrepareNow(connection, StoreName(schema),
             Expecting(schema,
                       absl::StrCat("INSERT INTO ", ToAbsl(schema),
                                    ".request (request_id, fingerprint, answer, created_at) "
                                    "SELECT * FROM unnest($1::text[], $2::bigint[], $3::bytea[], "
                                    "$4::timestamptz[]) ON CONFLICT (request_id) DO NOTHING"),
                       "store requests"));
  PrepareNow(connection, ForgetName(schema), DeleteSql(schema));
}

void LookUp(Script& script, std::string_view schema, absl::Span<const RequestKey> keys,
            std::vector<RequestVerdict>* verdicts) {
  verdicts->assign(keys.size(), {});
  std::unordered_map<std::string, First> firsts;
  PgArray ids;
  for (size_t i = 0; i < keys.size(); ++i) {
    if (keys[i].request_id.empty()) continue;
    auto [it, is_first] = firsts.emplace(keys[i].request_id, First{i, keys[i].fingerprint});
    if (is_first) {
      ids.Text(keys[i].request_id);
    } else {
      bool same = it->second.fingerprint == keys[i].fingerprint;
      (*verdicts)[i] = {same ? RequestVerdict::kRepeat : RequestVerdict::kReused, "",
                        it->second.at};
    }
  }
  if (firsts.empty()) return;
  script.Add(FindName(schema), {ids.str()},
             [firsts = std::move(firsts), verdicts](const pqxx::result& rows) {
               for (const pqxx::row& row : rows) {
                 const First& first = firsts.at(TextOf(row[0]));
                 RequestVerdict& verdict = (*verdicts)[first.at];
                 bool same = row[1].as<int64_t>() == first.fingerprint;
                 verdict.kind = same ? RequestVerdict::kAnswered : RequestVerdict::kReused;
                 if (same) verdict.answer = BytesOf(row[2]);
               }
             });
}

void Store(Script& script, std::string_view schema, absl::Span<const RequestRecord> records) {
  PgArray ids, fingerprints, answers, times;
  for (const RequestRecord& record : records) {
    if (record.key.request_id.empty()) continue;
    ids.Text(record.key.request_id);
    fingerprints.Int(record.key.fingerprint);
    answers.Bytes(record.answer);
    times.Time(record.created_at);
  }
  if (ids.size() == 0) return;
  script.Add(StoreName(schema), {ids.str(), fingerprints.str(), answers.str(), times.str()});
}

void ForgetRequestsBefore(Script& script, std::string_view schema, absl::Time cutoff, int limit) {
  script.Add(ForgetName(schema), {ToTimestamp(cutoff), absl::StrCat(limit)});
}

int64_t DeleteRequestsBefore(pqxx::work& tx, std::string_view schema, absl::Time cutoff,
                             int limit) {
  return static_cast<int64_t>(
      tx.exec_params(DeleteSql(schema), ToTimestamp(cutoff), limit).affected_rows());
}

}  // namespace muster
