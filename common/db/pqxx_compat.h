// The one place that knows what differs between libpqxx 6 and 7. Include this, never <pqxx/pqxx>.
#pragma once

#include <pqxx/pqxx>
#include <string>
#include <string_view>
#include <utility>

namespace muster {

#if PQXX_VERSION_MAJOR >= 7
using PqBytes = std::basic_string<std::byte>;
inline PqBytes ToPqBytes(std::string_view bytes) {
  return PqBytes(reinterpret_cast<const std::byte*>(bytes.data()), bytes.size());
}
inline bool IsOpen(pqxx::connection& connection) { return connection.is_open(); }
// Prepares a statement on the server at once, so that EXECUTE may name it.
inline void PrepareNow(pqxx::connection& connection, const std::string& name,
                       const std::string& sql) {
  connection.prepare(name, sql);
}
// libpqxx 7 never reconnects by itself.
inline void ForbidSilentReconnect(pqxx::connection&) {}
#else
// A bytea parameter for exec_params.
using PqBytes = pqxx::binarystring;
inline PqBytes ToPqBytes(std::string_view bytes) { return PqBytes(bytes.data(), bytes.size()); }
inline bool IsOpen(pqxx::connection& connection) { return connection.is_open(); }
// libpqxx 6 would wait for its first use by exec_prepared.
inline void PrepareNow(pqxx::connection& connection, const std::string& name,
                       const std::string& sql) {
  connection.prepare(name, sql);
  connection.prepare_now(name);
}
// A silent reconnect in mid-transaction would lose what the transaction had done.
inline void ForbidSilentReconnect(pqxx::connection& connection) {
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"
  connection.inhibit_reactivation(true);
#pragma GCC diagnostic pop
}
#endif

}  // namespace muster
