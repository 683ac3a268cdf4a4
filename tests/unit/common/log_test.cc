#include "common/obs/log.h"

#include <unistd.h>

#include <cstdio>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_split.h"
#include "common/base/errors.h"
#include "tests/support/catch.h"

namespace muster {
namespace {

// Sends log lines into a file for as long as it lives.
class Capture {
 public:
  Capture() : file_(std::tmpfile()), before_(SetLogFd(fileno(file_))) { SetLogService("test"); }
  ~Capture() {
    SetLogFd(before_);
    SetLogLevel(Severity::kInfo);
    SetLogService("");
    std::fclose(file_);
  }
  std::vector<std::string> Lines() {
    std::string text(static_cast<size_t>(lseek(fileno(file_), 0, SEEK_END)), '\0');
    REQUIRE(pread(fileno(file_), text.data(), text.size(), 0) == static_cast<ssize_t>(text.size()));
    return absl::StrSplit(text, '\n', absl::SkipEmpty());
  }

 private:
  std::FILE* file_;
  int before_;
};

TEST_CASE("a line carries its fields by type", "[log]") {
  Capture capture;
  Log(Severity::kInfo)
      .Msg("ticket created")
      .With("ticket_id", std::string("t-1"))
      .With("count", 3)
      .With("load", 0.5)
      .With("good", true)
      .With("took", absl::Microseconds(1250))
      .With("at", absl::FromUnixMicros(1767225600'000001))
      .Call("r-9");
  std::string line = capture.Lines().at(0);
  CHECK(absl::StartsWith(line, "{\"time\":\"20"));
  CHECK(absl::EndsWith(
      line,
      "Z\",\"severity\":\"INFO\",\"service\":\"test\",\"msg\":\"ticket created\","
      "\"ticket_id\":\"t-1\",\"count\":3,\"load\":0.5,\"good\":true,\"took_ms\":1.25,"
      "\"at\":\"2026-01-01T00:00:00.000001Z\",\"request_id\":\"r-9\"}"));
}

TEST_CASE("an error shows code, reason and message", "[log]") {
  Capture capture;
  Log(Severity::kError).Msg("failed").Error(Unavailable("GONE", "no database"));
  CHECK(
      absl::StrContains(capture.Lines().at(0),
                        "\"code\":\"UNAVAILABLE\",\"reason\":\"GONE\",\"error\":\"no database\""));
}

TEST_CASE("no value can break the line", "[log]") {
  Capture capture;
  Log(Severity::kInfo).Msg("a\"b\\c\nd\x01\te");
  REQUIRE(capture.Lines().size() == 1);
  CHECK(absl::StrContains(capture.Lines()[0], R"("msg":"a\"b\\c\nd\u0001\u0009e")"));
}

TEST_CASE("lines below the level are not written", "[log]") {
  Capture capture;
  Log(Severity::kDebug).Msg("unseen");
  REQUIRE(SetLogLevel("warning"));
  Log(Severity::kInfo).Msg("unseen");
  Log(Severity::kWarning).Msg("seen");
  CHECK_FALSE(SetLogLevel("loud"));
  REQUIRE(capture.Lines().size() == 1);
  CHECK(absl::StrContains(capture.Lines()[0], "\"seen\""));
}

TEST_CASE("lines of several threads stay whole", "[log]") {
  Capture capture;
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([] {
      for (int i = 0; i < 200; ++i) Log(Severity::kInfo).Msg("x").With("i", i);
    });
  }
  for (auto& thread : threads) thread.join();
  std::vector<std::string> lines = capture.Lines();
  CHECK(lines.size() == 800);
  for (const std::string& line : lines) {
    REQUIRE((absl::StartsWith(line, "{\"time\"") && absl::EndsWith(line, "}")));
  }
}

}  // namespace
}  // namespace muster
