#include "common/db/database.h"

#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/time/clock.h"
#include "common/base/errors.h"
#include "common/db/script.h"
#include "common/db/values.h"
#include "common/db/watchdog.h"

namespace muster {
namespace {

constexpr char kUnavailable[] = "DATABASE_UNAVAILABLE";
// Longest rest between two statements of a transaction, held by the server: a process that is
// stopped in mid-commit must not keep the locks that others wait for.
constexpr absl::Duration kIdleInTransactionTimeout = absl::Seconds(1);
constexpr char kInDoubt[] = "COMMIT_IN_DOUBT";
constexpr absl::Duration kMinConnectTimeout = absl::Seconds(2);  // libpq rounds 1 s up anyway

// By class and code of https://www.postgresql.org/docs/current/errcodes-appendix.html
absl::Status FromSqlState(const std::string& state, const char* what) {
  absl::string_view message = absl::StripAsciiWhitespace(what);
  auto is = [&](absl::string_view prefix) { return absl::StartsWith(state, prefix); };
  auto error = [&](absl::StatusCode code, const char* reason) {
    return ErrorOf(code, reason, std::string_view(message.data(), message.size()),
                   {{"sqlstate", state}});
  };
  if (is("40")) return error(absl::StatusCode::kAborted, "TRANSACTION_CONFLICT");
  if (is("57014") || is("55P03")) return error(absl::StatusCode::kUnavailable, "DATABASE_SLOW");
  // Shutdown, connection, out of resources, cut while idle, a standby that takes no writes.
  if (is("57P") || is("25P03") || is("08") || is("53") || is("25006")) {
    return error(absl::StatusCode::kUnavailable, kUnavailable);
  }
  if (is("23505")) return error(absl::StatusCode::kAlreadyExists, "UNIQUE_VIOLATION");
  if (is("23")) return error(absl::StatusCode::kFailedPrecondition, "CONSTRAINT_VIOLATION");
  if (is("22")) return error(absl::StatusCode::kInvalidArgument, "BAD_DATA");
  return error(absl::StatusCode::kInternal, "DATABASE_ERROR");
}

absl::Status RunIn(pqxx::connection& connection,
                   const std::function<absl::Status(pqxx::work&)>& body) {
  try {
    pqxx::work tx(connection);
    absl::Status status = body(tx);
    if (status.ok()) {
      tx.commit();
    } else {
      tx.abort();
    }
    return status;
  } catch (const std::exception& error) {
    return ToStatus(error);
  }
}

absl::Status WriteIn(pqxx::connection& connection,
                     const std::function<absl::Status(WriteTransaction&)>& body) {
  try {
    pqxx::nontransaction session(connection);
    WriteTransaction tx(session);
    absl::Status status;
    try {
      status = body(tx);
    } catch (const std::exception& error) {
      status = ToStatus(error);
    }
    if (status.ok()) {
      tx.Commit();
    } else if (ErrorReason(status) != kInDoubt && !tx.Rollback()) {
      return Unavailable(kUnavailable, std::string(status.message()));  // never to be used again
    }
    return status;
  } catch (const std::exception& error) {
    return ToStatus(error);
  }
}

}  // namespace

absl::Status ToStatus(const std::exception& error) {
  if (dynamic_cast<const pqxx::in_doubt_error*>(&error) != nullptr) {
    return Unavailable(kInDoubt, error.what());
  }
  if (dynamic_cast<const pqxx::broken_connection*>(&error) != nullptr) {
    return Unavailable(kUnavailable, error.what());
  }
  if (const auto* sql = dynamic_cast<const pqxx::sql_error*>(&error)) {
    if (!sql->sqlstate().empty()) return FromSqlState(sql->sqlstate(), sql->what());
  }
  // libpqxx 6 does not count this one among the errors with a code.
  if (dynamic_cast<const pqxx::transaction_rollback*>(&error) != nullptr) {
    return Aborted("TRANSACTION_CONFLICT", error.what());
  }
  if (dynamic_cast<const BadText*>(&error) != nullptr) {
    return ErrorOf(absl::StatusCode::kInvalidArgument, "BAD_DATA", error.what());
  }
  return Internal("DATABASE_ERROR", error.what());
}

// Owns the connection, and a second descriptor of its socket that stays ours when libpq closes its.
class Connection::Link {
 public:
  Link(const std::string& url, const DatabaseOptions& options) : connection_(url) {
    ForbidSilentReconnect(connection_);
    socket_ = dup(connection_.sock());
    Watchdog::Guard guard(socket_, absl::Now() + options.connect_timeout);
    pqxx::nontransaction tx(connection_);
    tx.exec(absl::StrCat("SET TimeZone = 'UTC'; SET bytea_output = 'hex'; SET statement_timeout = ",
                         absl::ToInt64Milliseconds(options.statement_timeout),
                         "; SET idle_in_transaction_session_timeout = ",
                         absl::ToInt64Milliseconds(kIdleInTransactionTimeout),
                         options.read_only ? "; SET default_transaction_read_only = on" : ""));
  }
  ~Link() {
    if (socket_ >= 0) close(socket_);
  }
  Link(const Link&) = delete;
  Link& operator=(const Link&) = delete;

  pqxx::connection& connection() { return connection_; }
  int socket() const { return socket_; }

 private:
  pqxx::connection connection_;
  int socket_ = -1;
};

Connection::Connection(DatabaseOptions options, Prepare prepare)
    : options_(std::move(options)), prepare_(std::move(prepare)) {}

Connection::~Connection() { Disconnect(); }

absl::Status Connection::Connect() {
  try {
    int64_t seconds = absl::ToInt64Seconds(std::max(options_.connect_timeout, kMinConnectTimeout));
    std::string url =
        WithConnectionParameter(options_.url, "connect_timeout", absl::StrCat(seconds));
    url = WithConnectionParameter(url, "application_name", options_.application_name);
    auto link = std::make_unique<Link>(url, options_);
    if (prepare_) {
      Watchdog::Guard guard(link->socket(), absl::Now() + options_.connect_timeout);
      prepare_(link->connection());
    }
    std::lock_guard lock(link_mutex_);
    link_ = std::move(link);
    connected_ = true;
    return absl::OkStatus();
  } catch (const std::exception& error) {
    return ToStatus(error);
  }
}

void Connection::Disconnect() {
  std::unique_ptr<Link> link;
  {
    std::lock_guard lock(link_mutex_);
    link = std::move(link_);
    connected_ = false;
  }
}

void Connection::Interrupt() {
  std::lock_guard lock(link_mutex_);
  if (link_ != nullptr) shutdown(link_->socket(), SHUT_RDWR);
}

absl::Status Connection::Transact(const std::function<absl::Status(pqxx::work&)>& body,
                                  absl::Time deadline) {
  return Guarded([&](pqxx::connection& connection) { return RunIn(connection, body); }, deadline);
}

absl::Status Connection::Write(const std::function<absl::Status(WriteTransaction&)>& body,
                               absl::Time deadline) {
  return Guarded([&](pqxx::connection& connection) { return WriteIn(connection, body); }, deadline);
}

absl::Status Connection::Guarded(const std::function<absl::Status(pqxx::connection&)>& run,
                                 absl::Time deadline) {
  if (link_ == nullptr) {
    if (absl::Status status = Connect(); !status.ok()) return status;
  }
  absl::Status status;
  bool lost = false;
  {
    Watchdog::Guard guard(link_->socket(),
                          std::min(deadline, absl::Now() + options_.transaction_timeout));
    status = run(link_->connection());
    if (guard.fired() && !status.ok() && ErrorReason(status) != kInDoubt) {
      status = Unavailable(kUnavailable, "the database did not answer in time");
    }
    lost = guard.fired() || !IsOpen(link_->connection()) || ErrorReason(status) == kUnavailable;
  }
  if (lost) Disconnect();
  return status;
}

std::string WithConnectionParameter(const std::string& url, const std::string& key,
                                    const std::string& value) {
  if (absl::StrContains(url, absl::StrCat(key, "="))) return url;
  if (absl::StrContains(url, "://")) {
    return absl::StrCat(url, absl::StrContains(url, "?") ? "&" : "?", key, "=", value);
  }
  std::string quoted = absl::StrReplaceAll(value, {{"\\", "\\\\"}, {"'", "\\'"}});
  return absl::StrCat(url, url.empty() ? "" : " ", key, "='", quoted, "'");
}

}  // namespace muster
