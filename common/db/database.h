// A connection to PostgreSQL, and the border where libpqxx's exceptions become absl::Status.
//
// Threading: a Connection belongs to one thread at a time. Interrupt and connected may be called
// from any thread.
//
//   Connection connection({.url = config.database_url});
//   absl::Status status = connection.Transact(
//       [&](pqxx::work& tx) { tx.exec("SELECT 1"); return absl::OkStatus(); }, deadline);
#pragma once

#include <atomic>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <string>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "common/db/pqxx_compat.h"

namespace muster {

class WriteTransaction;

struct DatabaseOptions {
  std::string url;      // "postgresql://user@host:port/name?..." or "host=... dbname=..."
  int connections = 4;  // of the read pool; the committer has one more
  // Longest time for one statement, held by the server.
  absl::Duration statement_timeout = absl::Seconds(5);
  // Longest time for a transaction, whatever its deadline, held by the watchdog.
  absl::Duration transaction_timeout = absl::Seconds(10);
  absl::Duration connect_timeout = absl::Seconds(3);  // at least 2 s, whole seconds (libpq)
  std::string application_name = "muster";
  bool read_only = false;
};

// The status of an exception from libpqxx (or of any other).
//   lost or refused connection, server shutting down   UNAVAILABLE  DATABASE_UNAVAILABLE
//   commit whose result is unknown                      UNAVAILABLE  COMMIT_IN_DOUBT
//   statement timeout, lock timeout                     UNAVAILABLE  DATABASE_SLOW
//   serialization failure, deadlock                     ABORTED      TRANSACTION_CONFLICT
//   unique violation                                    ALREADY_EXISTS       UNIQUE_VIOLATION
//   foreign key, check, not null, exclusion violation   FAILED_PRECONDITION  CONSTRAINT_VIOLATION
//   bad data (out of range, bad text)                   INVALID_ARGUMENT     BAD_DATA
//   anything else                                       INTERNAL             DATABASE_ERROR
absl::Status ToStatus(const std::exception& error);

class Connection {
 public:
  // Called for each new connection, to prepare statements.
  using Prepare = std::function<void(pqxx::connection&)>;

  explicit Connection(DatabaseOptions options, Prepare prepare = nullptr);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  // Connects if there is no connection, begins a transaction, runs `body`, and commits if `body`
  // returns OK; otherwise rolls back and returns what `body` said. Exceptions of `body` become
  // statuses. Returns UNAVAILABLE once `deadline` (or the transaction timeout) is over: a watchdog
  // shuts the socket, so that a server that stalls cannot hold the thread. Never retries; the next
  // call connects anew after a failure.
  absl::Status Transact(const std::function<absl::Status(pqxx::work&)>& body, absl::Time deadline);

  // The same for a body that says all that it says in scripts (common/db/script.h).
  absl::Status Write(const std::function<absl::Status(WriteTransaction&)>& body,
                     absl::Time deadline);

  // Cuts a transaction in progress, as the watchdog would.
  void Interrupt();

  // Whether the connection was good when last used.
  bool connected() const { return connected_.load(); }

 private:
  class Link;  // one libpqxx connection and its watched socket
  absl::Status Guarded(const std::function<absl::Status(pqxx::connection&)>& run,
                       absl::Time deadline);
  absl::Status Connect();
  void Disconnect();

  const DatabaseOptions options_;
  const Prepare prepare_;
  std::mutex link_mutex_;  // guards the pointer against Interrupt, not what it points to
  std::unique_ptr<Link> link_;
  std::atomic<bool> connected_{false};
};

// `url` with a libpq parameter added, in either form of connection string. What the url says
// itself goes first.
std::string WithConnectionParameter(const std::string& url, const std::string& key,
                                    const std::string& value);

}  // namespace muster
