#include "common/db/script.h"

#include <exception>

#include "absl/strings/str_cat.h"
#include "common/base/strings.h"

namespace muster {
namespace {

// Leaves the connection in order when one of the statements fails: nothing pending, nothing
// cancelled (a cancellation could come late, and hit what is said next).
std::vector<pqxx::result> Retrieve(pqxx::pipeline& pipeline, size_t count) {
  std::vector<pqxx::result> results;
  try {
    for (size_t i = 0; i < count; ++i) results.push_back(pipeline.retrieve().second);
    pipeline.complete();
  } catch (const std::exception&) {
    const std::exception_ptr error = std::current_exception();
    try {
      pipeline.flush();
    } catch (const std::exception&) {  // a broken connection; the first error says so
    }
    std::rethrow_exception(error);
  }
  return results;
}

// Without the connection nobody knows what became of it.
template <class Commit>
void Committing(pqxx::transaction_base& session, Commit commit) {
  try {
    commit();
  } catch (const std::exception& error) {
    if (session.conn().is_open()) throw;
    throw pqxx::in_doubt_error(
        absl::StrCat("lost the connection while committing: ", error.what()));
  }
}

}  // namespace

void WriteTransaction::Commit() {
  if (!begun_) return;
  begun_ = false;
  Committing(session_, [this] { session_.exec("COMMIT"); });
}

bool WriteTransaction::Rollback() {
  if (!begun_) return true;
  begun_ = false;
  try {
    session_.exec("ROLLBACK");
    return true;
  } catch (const std::exception&) {
    return false;
  }
}

void Script::Add(const std::string& prepared, const std::vector<std::string>& arguments, Use use) {
  std::string sql = absl::StrCat("EXECUTE ", prepared);
  const char* separator = "(";
  for (const std::string& argument : arguments) {
    absl::StrAppend(&sql, separator, tx_.session_.quote(argument));
    separator = ",";
  }
  if (!arguments.empty()) sql += ')';
  statements_.push_back({std::move(sql), std::move(use)});
}

void Script::Run() { Send(false); }

void Script::RunAndCommit() {
  if (statements_.empty()) return tx_.Commit();
  Committing(tx_.session_, [this] { Send(true); });
}

void Script::Send(bool commit) {
  if (statements_.empty()) return;
  std::vector<Statement> statements = std::exchange(statements_, {});
  if (!tx_.begun_) statements.insert(statements.begin(), {"BEGIN", nullptr});
  if (commit) statements.push_back({"COMMIT", nullptr});
  tx_.begun_ = true;
  std::vector<pqxx::result> results;
  {
    pqxx::pipeline pipeline(tx_.session_);
    pipeline.retain(static_cast<int>(statements.size()));
    for (const Statement& statement : statements) pipeline.insert(statement.sql);
    results = Retrieve(pipeline, statements.size());
  }
  if (commit) tx_.begun_ = false;
  for (size_t i = 0; i < statements.size(); ++i) {
    if (statements[i].use) statements[i].use(results[i]);
  }
}

void PlanOnce(pqxx::connection& connection) {
  pqxx::nontransaction(connection)
      .exec(
          "SET enable_seqscan = off; SET enable_bitmapscan = off; SET enable_sort = off; "
          "SET jit = off; SET plan_cache_mode = force_generic_plan");
}

void ReadInKeyOrder(pqxx::transaction_base& tx) {
  tx.exec(
      "SET LOCAL enable_seqscan = off; SET LOCAL enable_bitmapscan = off; "
      "SET LOCAL enable_sort = off; SET LOCAL jit = off; "
      "SET LOCAL max_parallel_workers_per_gather = 0");
}

std::string Expecting(std::string_view schema, std::string_view statement, std::string_view what) {
  // The function is called only to fail: a call costs as much as a small statement.
  return absl::StrCat("WITH done AS (", ToAbsl(statement), " RETURNING 1)",
                      " SELECT CASE WHEN touched <> cardinality($1::text[]) THEN ", ToAbsl(schema),
                      ".expect(touched, cardinality($1::text[]), '", ToAbsl(what),
                      "') END FROM (SELECT count(*) AS touched FROM done) AS counts");
}

}  // namespace muster
