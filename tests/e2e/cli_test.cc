// The program `muster`: its tables, its JSON, its exit codes; and the demo day, whole.
#include "common/base/ids.h"
#include "google/protobuf/util/json_util.h"
#include "tests/e2e/support/people.h"
#include "tests/support/catch.h"
#include "tests/support/eventually.h"

namespace muster::e2e {
namespace {

struct Ran {
  int code;
  std::string out;
  std::string err;
};

Ran Muster(std::vector<std::string> args, const std::string& input = "",
           absl::Duration limit = absl::Seconds(30)) {
  ProcessOptions options;
  options.env = SharedStack().Environment();
  options.input = input;
  Process process(BinDir() + "/muster", args, options);
  const int code = process.Wait(limit).value_or(-1);
  return {code, process.Stdout(), process.Stderr()};
}

bool Contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

TEST_CASE("wrong use is told on stderr, with a hint, and exits with 2") {
  const std::vector<std::vector<std::string>> wrong = {
      {},
      {"no-such-command"},
      {"pool"},
      {"pool", "get"},
      {"queue", "create", "q", "--skill", "chat:9"},
      {"queue", "create", "q", "--target-wait", "soon"},
      {"ticket", "list", "--state", "happy"},
      {"ticket", "requeue", "t-1"},
      {"-o", "xml", "pool", "list"},
      {"pool", "apply", "-f", "/no/such/file"},
  };
  for (const auto& args : wrong) {
    INFO("muster " << (args.empty() ? "" : args[0]) << " …");
    const Ran ran = Muster(args);
    REQUIRE(ran.code == 2);
    REQUIRE(ran.out.empty());
    REQUIRE(Contains(ran.err, "hint:"));
  }
}

TEST_CASE("what fails exits with 1, and says where to look") {
  Ran ran = Muster({"pool", "get", "no-such-pool"});
  REQUIRE(ran.code == 1);
  REQUIRE(Contains(ran.err, "POOL_NOT_FOUND"));
  REQUIRE(Contains(ran.err, "muster pool list"));
  ran = Muster({"--intake", "127.0.0.1:1", "--timeout", "1s", "pool", "list"});
  REQUIRE(ran.code == 1);
  REQUIRE(Contains(ran.err, "muster status"));
}

TEST_CASE("pools, queues, agents and tickets through the command line") {
  const std::string pool = NewId("cli");
  const std::string file = R"({"pool": {"pool_id": ")" + pool + R"("}, "queues": [
      {"queue_id": "chat", "required_skills": [{"skill": "chat", "level": 2}],
       "target_wait": "30s", "offer_timeout": "15s"}]})";
  Ran ran = Muster({"pool", "apply", "-f", "-"}, file);
  INFO(ran.err);
  REQUIRE(ran.code == 0);
  REQUIRE(Contains(ran.out, "CREATED"));
  REQUIRE(Contains(Muster({"pool", "apply", "-f", "-"}, file).out, "UNCHANGED"));
  REQUIRE(Muster({"-p", pool, "queue", "update", "chat", "--weight", "2"}).code == 0);
  REQUIRE(Contains(Muster({"-p", pool, "queue", "get", "chat"}).out, "30.0s"));
  REQUIRE(
      Muster({"-p", pool, "agent", "create", "ann", "--skill", "chat:3", "--capacity", "2"}).code ==
      0);
  ran = Muster({"-p", pool, "-o", "id", "ticket", "create", "--queue", "chat", "--customer", "c-1",
                "--subject", "Where is my card?", "--attribute", "card=blue"});
  REQUIRE(ran.code == 0);
  const std::string ticket = ran.out.substr(0, ran.out.find('\n'));
  REQUIRE(Contains(Muster({"-p", pool, "ticket", "list", "--state", "queued"}).out, ticket));
  ran = Muster({"-p", pool, "-o", "json", "ticket", "get", ticket});
  intake::v1::Ticket parsed;
  REQUIRE(google::protobuf::util::JsonStringToMessage(ran.out, &parsed).ok());
  REQUIRE(parsed.attributes().at("card") == "blue");

  // An agent at a terminal takes it.
  ran = Muster({"-p", pool, "agent", "work", "ann", "--accept", "--handle", "10ms", "--jobs", "1"});
  INFO(ran.out + ran.err);
  REQUIRE(ran.code == 0);
  REQUIRE(Contains(ran.out, "YOURS  " + ticket));
  REQUIRE(Eventually([&] { return Contains(Muster({"ticket", "get", ticket}).out, "RESOLVED"); }));
  REQUIRE(Contains(Muster({"-p", pool, "assignment", "list"}).out, "COMPLETED"));
  REQUIRE(Contains(Muster({"-p", pool, "offer", "list", "--state", "accepted"}).out, ticket));
  REQUIRE(Contains(Muster({"-p", pool, "top", "--once"}).out, "chat"));
  REQUIRE(Muster({"pool", "delete", pool}).code == 0);
}

TEST_CASE("an agent at a terminal answers by keys") {
  Stack& stack = SharedStack();
  Pool pool(stack);
  pool.AddAgent("ann");
  ProcessOptions options;
  options.env = stack.Environment();
  options.keep_stdin_open = true;
  Process terminal(BinDir() + "/muster", {"-p", pool.id(), "agent", "work", "ann"}, options);
  REQUIRE(terminal.WaitForLine("online as ann"));
  const std::string ticket = pool.CreateTicket("c-1").ticket_id();
  REQUIRE(terminal.WaitForLine("OFFER"));
  terminal.Write("a\n");
  REQUIRE(terminal.WaitForLine("YOURS  " + ticket));
  terminal.Write("c\n");
  REQUIRE(terminal.WaitForLine("ended: COMPLETED"));
  terminal.Write("q\n");
  REQUIRE(terminal.Wait() == 0);
  pool.WaitForTicket(ticket, intake::v1::TICKET_STATE_RESOLVED);
  REQUIRE(Eventually(
      [&] { return pool.GetAgent("ann").presence() == availability::v1::PRESENCE_OFFLINE; }));
}

TEST_CASE("status tells what serves") {
  const Ran ran = Muster({"status"});
  REQUIRE(ran.code == 0);
  REQUIRE(Contains(ran.out, "serving"));
  const Ran down = Muster({"--matcher", "127.0.0.1:1", "--timeout", "1s", "status"});
  REQUIRE(down.code == 1);
  REQUIRE(Contains(down.out, "DOWN"));
}

TEST_CASE("completion follows the command tree") {
  REQUIRE(Contains(Muster({"completion", "bash"}).out, "complete"));
  const Ran ran = Muster({"__complete", "--", "ticket"});
  REQUIRE(ran.code == 0);
  REQUIRE(Contains(ran.out, "transfer\n"));
  REQUIRE(Contains(ran.out, "--pool\n"));
}

TEST_CASE("a demo day is played with nothing lost, doubled or disputed") {
  const Ran ran = Muster({"-o", "json", "demo"}, "", absl::Seconds(100));
  INFO(ran.err);
  REQUIRE(ran.code == 0);
  for (const std::string check : {"lost", "double_assigned", "over_capacity", "disagreements"}) {
    INFO(ran.out);
    const size_t at = ran.out.find("\"" + check + "\"");
    REQUIRE(at != std::string::npos);
    REQUIRE(ran.out.substr(ran.out.find(':', at) + 1).find_first_not_of(" ") != std::string::npos);
    REQUIRE(std::stoi(ran.out.substr(ran.out.find(':', at) + 1)) == 0);
  }
}

}  // namespace
}  // namespace muster::e2e
