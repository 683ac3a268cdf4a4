// Logs: one JSON object a line on stderr.
//
//   Log(Severity::kInfo).Msg("ticket created").With("ticket_id", id).With("took", elapsed);
//   {"time":"2026-01-02T03:04:05.678901Z","severity":"INFO","service":"intake",
//    "msg":"ticket created","ticket_id":"t-01j...","took_ms":1.25}
//
// Threading: thread-safe; a line is written whole, by one write(), when the statement ends.
// A line below the level costs a comparison.
#pragma once

#include <atomic>
#include <cstdint>
#include <string>
#include <string_view>
#include <type_traits>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace muster {

enum class Severity { kDebug, kInfo, kWarning, kError };

// False, and no change, for a name that is none of debug, info, warning, error.
bool SetLogLevel(std::string_view name);
void SetLogLevel(Severity least);
// The `service` field of every line.
void SetLogService(std::string_view service);
// Where lines go; stderr (2) unless a test says otherwise. Returns the one before.
int SetLogFd(int fd);

class LogLine {
 public:
  LogLine(bool on, Severity severity);
  ~LogLine();
  LogLine(const LogLine&) = delete;
  LogLine& operator=(const LogLine&) = delete;

  LogLine& Msg(std::string_view text) { return Text("msg", text); }
  LogLine& With(std::string_view key, std::string_view value) { return Text(key, value); }
  LogLine& With(std::string_view key, const char* value) { return Text(key, value); }
  LogLine& With(std::string_view key, const std::string& value) { return Text(key, value); }
  template <class T, std::enable_if_t<std::is_integral_v<T> && !std::is_same_v<T, bool>, int> = 0>
  LogLine& With(std::string_view key, T value) {
    return Number(key, static_cast<int64_t>(value));
  }
  LogLine& With(std::string_view key, double value);
  LogLine& With(std::string_view key, bool value);
  // As <key>_ms.
  LogLine& With(std::string_view key, absl::Duration value);
  LogLine& With(std::string_view key, absl::Time value);
  // Code, message and reason of an error; nothing for OK.
  LogLine& Error(const absl::Status& status);
  // The correlation id of the call (x-request-id), as field request_id.
  LogLine& Call(std::string_view correlation_id) { return Text("request_id", correlation_id); }

 private:
  LogLine& Text(std::string_view key, std::string_view value);
  LogLine& Number(std::string_view key, int64_t value);
  void Key(std::string_view key);

  bool on_;
  std::string line_;
};

namespace log_internal {
extern std::atomic<int> least_severity;
}

inline LogLine Log(Severity severity) {
  return LogLine(
      static_cast<int>(severity) >= log_internal::least_severity.load(std::memory_order_relaxed),
      severity);
}

}  // namespace muster
