// What a writing transaction says, several statements at a time.
//
// Each answer that a transaction waits for costs two thread hops and a turn of the server, which is
// more than most statements cost. So a committer says at once what belongs together, and BEGIN goes
// with the first.
//
//   connection.Write([&](WriteTransaction& tx) {
//     Script load(tx);
//     load.Add("lock_pools", {pools.str()}, [&](const pqxx::result& rows) { ... });
//     load.Add("load_queues", {pools.str(), ids.str()}, [&](const pqxx::result& rows) { ... });
//     load.Run();
//     Script save(tx);
//     save.Add("save_queues", ...);
//     save.RunAndCommit();
//     return absl::OkStatus();  // any other status, and any exception: ROLLBACK
//   }, deadline);
//
// Statements are prepared ones (PrepareNow, in the Prepare of the connection). Each sees what was
// committed when it began, as if it had been sent alone.
//
// Since COMMIT may go with the last statements, the server has to see to it that they did what they
// were meant to: Expecting() makes a statement that fails, with a serialization failure, if it did
// not touch as many rows as it was given. The schema needs this function (a migration makes it):
//
//   CREATE FUNCTION expect(touched bigint, wanted bigint, what text) RETURNS void LANGUAGE plpgsql
//   AS $$ BEGIN IF touched <> wanted THEN
//     RAISE EXCEPTION '%: % rows of % were as they had been read', what, touched, wanted
//       USING ERRCODE = 'serialization_failure';
//   END IF; END $$;
//
// Threading: that of their Connection. They throw what libpqxx throws, inside Connection::Write.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/db/pqxx_compat.h"

namespace muster {

class WriteTransaction {
 public:
  // Begins with its first script.
  explicit WriteTransaction(pqxx::transaction_base& session) : session_(session) {}
  WriteTransaction(const WriteTransaction&) = delete;
  WriteTransaction& operator=(const WriteTransaction&) = delete;

  // End what has begun, if anything has; the next script begins anew. Commit throws
  // pqxx::in_doubt_error if the connection was lost before the server had answered. Rollback is
  // false if the connection is of no more use.
  void Commit();
  bool Rollback();

 private:
  friend class Script;

  pqxx::transaction_base& session_;
  bool begun_ = false;
};

class Script {
 public:
  using Use = std::function<void(const pqxx::result&)>;

  explicit Script(WriteTransaction& tx) : tx_(tx) {}
  Script(const Script&) = delete;
  Script& operator=(const Script&) = delete;

  // The next statement, and who wants its result. Arguments as text, as PgArray and ToTimestamp
  // make them; the server casts them to the types of the statement's parameters.
  void Add(const std::string& prepared, const std::vector<std::string>& arguments,
           Use use = nullptr);

  // Sends what was added, in one round trip; when all has been answered, calls the users in order
  // of their statements. The first error ends it: what follows it is not executed, nobody is
  // called, and it is thrown. Without statements it does nothing.
  void Run();

  // The same, and COMMIT with it. Throws pqxx::in_doubt_error, as WriteTransaction::Commit does.
  // The users are called when it has been committed.
  void RunAndCommit();

 private:
  void Send(bool commit);

  struct Statement {
    std::string sql;
    Use use;
  };

  WriteTransaction& tx_;
  std::vector<Statement> statements_;
};

// On a new connection, before anything is prepared whose statements all go by key. A plan made
// while the tables were empty must not be a walk through tables that have grown since, and planning
// anew each time costs more than executing: so no walks, and one plan for good. And where the first
// is wanted in the order of a key, it is read in that order: to sort what is there looks as cheap
// as long as rows are few, however many dead versions they have. What is left to do otherwise, and
// so has a great cost, is not compiled for it.
void PlanOnce(pqxx::connection& connection);

// For the transaction of a reader that wants the first rows in the order of a key: they are read in
// that order, and no further than they are wanted. Before its statements; takes a round trip.
void ReadInKeyOrder(pqxx::transaction_base& tx);

// Of a statement that writes, whose first parameter is a text array with an element for each row
// that it is to touch. Says nothing itself.
std::string Expecting(std::string_view schema, std::string_view statement, std::string_view what);

}  // namespace muster
