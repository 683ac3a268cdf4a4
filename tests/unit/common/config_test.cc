#include "common/base/config.h"

#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <iostream>
#include <sstream>
#include <vector>

#include "absl/strings/match.h"
#include "common/base/errors.h"
#include "tests/support/catch.h"

namespace muster {
namespace {

// Sets environment variables for the length of a test case.
class Env {
 public:
  ~Env() {
    for (const std::string& name : names_) unsetenv(name.c_str());
  }
  void Set(const std::string& name, const std::string& value) {
    setenv(name.c_str(), value.c_str(), 1);
    names_.push_back(name);
  }

 private:
  std::vector<std::string> names_;
};

class TempFile {
 public:
  explicit TempFile(const std::string& text) {
    int fd = mkstemp(name_);
    close(fd);
    std::ofstream(name_) << text;
  }
  ~TempFile() { unlink(name_); }
  std::string flag() const { return std::string("--config=") + name_; }

 private:
  char name_[32] = "/tmp/muster-config-XXXXXX";
};

struct Settings {
  std::string listen = "127.0.0.1:7401";
  std::string url = "postgresql://muster:geheim@db/muster";
  int batch = 100;
  double share = 0.5;
  bool reflection = true;
  absl::Duration drain = absl::Seconds(10);
};

struct Outcome {
  std::optional<int> code;
  Settings settings;
  std::string out, err;
};

Outcome Run(std::vector<std::string> args, bool check = false) {
  Outcome outcome;
  Settings& s = outcome.settings;
  ConfigParser parser(
      {.program = "muster-test", .description = "Tests", .env_prefix = "MUSTER_TEST_"});
  parser.Add("listen", &s.listen, "address");
  parser.Add("database-url", &s.url, "PostgreSQL", {.env = "MUSTER_DATABASE_URL", .secret = true});
  parser.Add("batch", &s.batch, "most mutations", {.min = 1, .max = 1000});
  parser.Add("share", &s.share, "a share", {.min = 0, .max = 1});
  parser.Add("reflection", &s.reflection, "describe the API");
  parser.Add("drain-limit", &s.drain, "time to end", {.max = 60});
  if (check) parser.AddCheck([] { return InvalidField("listen", "clashes"); });
  std::vector<const char*> argv = {"muster-test"};
  for (const std::string& arg : args) argv.push_back(arg.c_str());
  std::ostringstream out, err;
  std::streambuf* old_out = std::cout.rdbuf(out.rdbuf());
  std::streambuf* old_err = std::cerr.rdbuf(err.rdbuf());
  outcome.code = parser.Parse(static_cast<int>(argv.size()), argv.data());
  std::cout.rdbuf(old_out);
  std::cerr.rdbuf(old_err);
  outcome.out = out.str();
  outcome.err = err.str();
  return outcome;
}

TEST_CASE("defaults hold when nobody says otherwise", "[config]") {
  Outcome o = Run({});
  CHECK_FALSE(o.code.has_value());
  CHECK(o.settings.batch == 100);
  CHECK(o.settings.drain == absl::Seconds(10));
}

TEST_CASE("flags go before environment, environment before file", "[config]") {
  TempFile file("# a comment\nbatch = 1\nlisten = \"0.0.0.0:1\"\ndrain-limit = 1s\n");
  Env env;
  env.Set("MUSTER_TEST_BATCH", "2");
  env.Set("MUSTER_TEST_DRAIN_LIMIT", "2s");
  Outcome o = Run({file.flag(), "--drain-limit=3s"});
  INFO(o.err);
  REQUIRE_FALSE(o.code.has_value());
  CHECK(o.settings.listen == "0.0.0.0:1");      // the file alone says so
  CHECK(o.settings.batch == 2);                 // file and environment
  CHECK(o.settings.drain == absl::Seconds(3));  // all three
}

TEST_CASE("the file can be named by the environment", "[config]") {
  TempFile file("batch = 5\n");
  Env env;
  env.Set("MUSTER_TEST_CONFIG", file.flag().substr(std::string("--config=").size()));
  CHECK(Run({}).settings.batch == 5);
}

TEST_CASE("a shared environment name is second to the program's own", "[config]") {
  Env env;
  env.Set("MUSTER_DATABASE_URL", "host=shared");
  CHECK(Run({}).settings.url == "host=shared");
  env.Set("MUSTER_TEST_DATABASE_URL", "host=own");
  CHECK(Run({}).settings.url == "host=own");
}

TEST_CASE("booleans may stand bare or with a value", "[config]") {
  CHECK_FALSE(Run({"--reflection=false"}).settings.reflection);
  CHECK(Run({"--reflection"}).settings.reflection);
  TempFile file("reflection = false\n");
  CHECK_FALSE(Run({file.flag()}).settings.reflection);
  CHECK(Run({file.flag(), "--reflection", "--batch=7"}).settings.reflection);
}

TEST_CASE("bad settings are refused with their source named", "[config]") {
  struct Case {
    std::vector<std::string> args;
    std::string says;
  };
  TempFile unknown("bach = 3\n"), section("[batch]\nx = 3\n"), two("batch = 1 2\n"),
      bad("batch = many\n");
  std::vector<Case> cases = {
      {{"--nonsense"}, "--nonsense"},
      {{"--batch=0"}, "--batch: must be from 1 to 1000"},
      {{"--batch=1001"}, "--batch: must be from 1 to 1000"},
      {{"--batch=x"}, "--batch: not a whole number"},
      {{"--batch=1.5"}, "--batch: not a whole number"},
      {{"--share=2"}, "--share: must be from 0 to 1"},
      {{"--drain-limit=10"}, "--drain-limit: not a duration"},
      {{"--drain-limit=-1s"}, "--drain-limit: must not be negative"},
      {{"--drain-limit=2m"}, "--drain-limit: must be from"},
      {{"--reflection=perhaps"}, "neither true nor false"},
      {{"stray"}, "stray"},
      {{unknown.flag()}, "unknown key bach"},
      {{section.flag()}, "unknown key batch.x"},
      {{two.flag()}, "batch wants one value"},
      {{bad.flag()}, "batch: not a whole number"},
      {{"--config=/no/such/file"}, "cannot read /no/such/file"},
  };
  for (const Case& c : cases) {
    Outcome o = Run(c.args);
    CAPTURE(c.says, o.err);
    CHECK(o.code == 2);
    CHECK(absl::StrContains(o.err, c.says));
  }
}

TEST_CASE("a check over several settings counts", "[config]") {
  Outcome o = Run({}, /*check=*/true);
  CHECK(o.code == 2);
  CHECK(absl::StrContains(o.err, "listen: clashes"));
}

TEST_CASE("--check-config prints a file that gives the same settings, without passwords",
          "[config]") {
  Outcome o = Run({"--check-config", "--batch=33"});
  CHECK(o.code == 0);
  CHECK(absl::StrContains(o.out, "batch = \"33\"\n"));
  CHECK(absl::StrContains(o.out, "database-url = \"postgresql://muster@db/muster\""));
  CHECK_FALSE(absl::StrContains(o.out, "geheim"));
  TempFile file(o.out);
  CHECK(Run({file.flag()}).settings.batch == 33);
  CHECK(Run({"--check-config", "--batch=0"}).code == 2);
}

TEST_CASE("--help and --version leave with 0, and help tells everything but passwords",
          "[config]") {
  Outcome help = Run({"--help"});
  CHECK(help.code == 0);
  CHECK(absl::StrContains(help.out, "--drain-limit"));
  CHECK(absl::StrContains(help.out, "MUSTER_TEST_DRAIN_LIMIT"));
  CHECK_FALSE(absl::StrContains(help.out, "geheim"));
  Outcome version = Run({"--version"});
  CHECK(version.code == 0);
  CHECK(absl::StartsWith(version.out, "muster-test "));
}

TEST_CASE("connection strings lose their password", "[config]") {
  CHECK(RedactUrl("postgresql://u:p@h:5432/d") == "postgresql://u@h:5432/d");
  CHECK(RedactUrl("postgresql://u@h:5432/d") == "postgresql://u@h:5432/d");
  CHECK(RedactUrl("postgresql://h:5432/d") == "postgresql://h:5432/d");
  CHECK(RedactUrl("host=h dbname=d") == "host=h dbname=d");
  CHECK(RedactUrl("host=h password=p").empty());
}

}  // namespace
}  // namespace muster
