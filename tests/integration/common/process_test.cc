#include "tests/support/process.h"

#include <signal.h>
#include <unistd.h>

#include "tests/support/catch.h"
#include "tests/support/eventually.h"
#include "tests/support/free_port.h"

namespace muster {
namespace {

TEST_CASE("a program's output and exit code are seen", "[process]") {
  Process p("/bin/sh", {"-c", "echo out; echo err >&2; exit 3"});
  CHECK(p.Wait() == 3);
  CHECK(p.Stdout() == "out\n");
  CHECK(p.Stderr() == "err\n");
}

TEST_CASE("lines can be waited for, and signals sent", "[process]") {
  Process p("/bin/sh", {"-c",
                        "trap 'echo got it >&2; exit 0' TERM; echo ready >&2; "
                        "while :; do sleep 0.05; done"});
  CHECK(p.WaitForLine("read") == "ready");
  CHECK_FALSE(p.WaitForLine("never", absl::Milliseconds(10)).has_value());
  p.Signal(SIGTERM);
  CHECK(p.WaitForLine("got") == "got it");
  CHECK(p.Wait() == 0);
  CHECK_FALSE(p.WaitForLine("never").has_value());  // at once, since it has ended
}

TEST_CASE("a killed program says by which signal", "[process]") {
  Process p("/bin/sleep", {"60"});
  CHECK_FALSE(p.Wait(absl::Milliseconds(5)).has_value());
  p.Signal(SIGKILL);
  CHECK(p.Wait() == 128 + SIGKILL);
}

TEST_CASE("input and environment reach the program", "[process]") {
  ProcessOptions options;
  options.env.emplace("MUSTER_X", "y");
  options.keep_stdin_open = true;
  Process p("/bin/sh", {"-c", "read line; echo \"$line $MUSTER_X\""}, options);
  p.Write("hello\n");
  CHECK(p.Wait() == 0);
  CHECK(p.Stdout() == "hello y\n");
}

TEST_CASE("a program that is not there is an error", "[process]") {
  CHECK_THROWS_AS(Process("/no/such/program", {}), std::runtime_error);
}

TEST_CASE("the destructor ends the program", "[process]") {
  pid_t pid;
  {
    Process p("/bin/sleep", {"60"});
    pid = p.pid();
  }
  CHECK(kill(pid, 0) != 0);
}

TEST_CASE("ports are handed out once", "[process]") {
  int a = FreePort(), b = FreePort();
  CHECK(a != b);
  CHECK(a > 1023);
}

}  // namespace
}  // namespace muster
