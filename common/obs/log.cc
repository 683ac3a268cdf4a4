#include "common/obs/log.h"

#include <unistd.h>

#include <cerrno>
#include <cmath>
#include <mutex>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/time/clock.h"
#include "common/base/errors.h"
#include "common/base/strings.h"

namespace muster {

namespace log_internal {
std::atomic<int> least_severity{static_cast<int>(Severity::kInfo)};
}

namespace {

constexpr const char* kNames[] = {"DEBUG", "INFO", "WARNING", "ERROR"};
// A field this long says enough; whole requests do not belong into logs.
constexpr size_t kMaxValue = 2000;

std::atomic<int> log_fd{STDERR_FILENO};

std::mutex& ServiceMutex() {
  static std::mutex* mutex = new std::mutex;
  return *mutex;
}
std::string& Service() {
  static std::string* service = new std::string;
  return *service;
}

void AppendQuoted(std::string& out, std::string_view text) {
  out += '"';
  for (char c : text.substr(0, kMaxValue)) {
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (c == '\n') {
      out += "\\n";
    } else if (static_cast<unsigned char>(c) < 0x20) {
      absl::StrAppendFormat(&out, "\\u%04x", static_cast<int>(c));
    } else {
      out += c;
    }
  }
  out += '"';
}

std::string Rfc3339(absl::Time time) {
  return absl::FormatTime("%Y-%m-%dT%H:%M:%E6SZ", time, absl::UTCTimeZone());
}

void WriteWhole(const std::string& line) {
  size_t written = 0;
  while (written < line.size()) {
    ssize_t n = write(log_fd.load(), line.data() + written, line.size() - written);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return;  // nobody to tell
    written += static_cast<size_t>(n);
  }
}

}  // namespace

bool SetLogLevel(std::string_view name) {
  std::string upper = absl::AsciiStrToUpper(ToAbsl(name));
  for (int i = 0; i < 4; ++i) {
    if (upper == kNames[i]) {
      SetLogLevel(static_cast<Severity>(i));
      return true;
    }
  }
  return false;
}

void SetLogLevel(Severity least) { log_internal::least_severity = static_cast<int>(least); }

void SetLogService(std::string_view service) {
  std::lock_guard lock(ServiceMutex());
  Service() = service;
}

int SetLogFd(int fd) { return log_fd.exchange(fd); }

LogLine::LogLine(bool on, Severity severity) : on_(on) {
  if (!on_) return;
  line_ = absl::StrCat("{\"time\":\"", Rfc3339(absl::Now()), "\",\"severity\":\"",
                       kNames[static_cast<int>(severity)], "\"");
  std::string service;
  {
    std::lock_guard lock(ServiceMutex());
    service = Service();
  }
  if (!service.empty()) Text("service", service);
}

LogLine::~LogLine() {
  if (!on_) return;
  line_ += "}\n";
  WriteWhole(line_);
}

void LogLine::Key(std::string_view key) {
  line_ += ',';
  AppendQuoted(line_, key);
  line_ += ':';
}

LogLine& LogLine::Text(std::string_view key, std::string_view value) {
  if (!on_) return *this;
  Key(key);
  AppendQuoted(line_, value);
  return *this;
}

LogLine& LogLine::Number(std::string_view key, int64_t value) {
  if (!on_) return *this;
  Key(key);
  absl::StrAppend(&line_, value);
  return *this;
}

LogLine& LogLine::With(std::string_view key, double value) {
  if (!on_) return *this;
  if (!std::isfinite(value)) return Text(key, value > 0 ? "inf" : value < 0 ? "-inf" : "nan");
  Key(key);
  absl::StrAppend(&line_, value);
  return *this;
}

LogLine& LogLine::With(std::string_view key, bool value) {
  if (!on_) return *this;
  Key(key);
  line_ += value ? "true" : "false";
  return *this;
}

LogLine& LogLine::With(std::string_view key, absl::Duration value) {
  if (!on_) return *this;
  std::string name(key);
  name += "_ms";
  return With(std::string_view(name), absl::ToDoubleMilliseconds(value));
}

LogLine& LogLine::With(std::string_view key, absl::Time value) {
  return on_ ? Text(key, Rfc3339(value)) : *this;
}

LogLine& LogLine::Error(const absl::Status& status) {
  if (!on_ || status.ok()) return *this;
  Text("code", absl::StatusCodeToString(status.code()));
  std::string reason = ErrorReason(status);
  if (!reason.empty()) Text("reason", reason);
  return Text("error", ToStd(status.message()));
}

}  // namespace muster
