#include "services/cli/replay/trace.h"

#include <string>

#include "services/cli/replay/roster.h"
#include "services/cli/replay/schedule.h"
#include "tests/support/catch.h"

namespace muster::replay {
namespace {

const std::string kTraceHeader =
    "offset_s,ticket,queue,priority,customer,handle_s,patience_s,recorded_wait_s,"
    "recorded_outcome,subject\n";
const std::string kRosterHeader = "online_s,offline_s,agent,skills\n";

absl::StatusOr<Trace> TraceOf(const std::string& rows) {
  const auto table = ParseCsv("t.csv", kTraceHeader + rows);
  if (!table.ok()) return table.status();
  return ParseTrace(*table);
}

absl::StatusOr<Roster> RosterOf(const std::string& rows) {
  const auto table = ParseCsv("r.csv", kRosterHeader + rows);
  if (!table.ok()) return table.status();
  return ParseRoster(*table);
}

std::string Message(const absl::Status& status) {
  return std::string(status.message().data(), status.message().size());
}

TEST_CASE("A trace is read whole") {
  const auto trace =
      TraceOf("7,call-1,regular,2,c9,30,,12,agent,\"Hi, there\"\n8,x,q,0,c,1,0,5,hang,\n");
  REQUIRE(trace.ok());
  REQUIRE(trace->size() == 2);
  const TraceTicket& first = trace->front();
  CHECK(first.number == 0);
  CHECK(first.at_s == 7);
  CHECK(first.name == "call-1");
  CHECK(first.queue == "regular");
  CHECK(first.priority == 2);
  CHECK(first.customer == "c9");
  CHECK(first.handle_s == 30);
  CHECK_FALSE(first.patience_s.has_value());
  CHECK_FALSE(first.recorded_left);
  CHECK(first.subject == "Hi, there");
  CHECK(trace->back().patience_s == 0);
  CHECK(trace->back().recorded_left);
  CHECK(RecordedOf(*trace).mean_wait_s == 8.5);
  CHECK(RecordedOf(*trace).abandoned == 0.5);
}

TEST_CASE("Wrong traces are refused by line and column") {
  struct Case {
    const char* row;
    const char* problem;
  };
  const Case cases[] = {
      {"-1,x,q,0,c,1,0,5,hang,s", "t.csv:2: offset_s: -1 is not within"},
      {"1,x,Q,0,c,1,0,5,hang,s", "t.csv:2: queue: not a queue's id"},
      {"1,x,q,0.5,c,1,0,5,hang,s", "t.csv:2: priority: not a whole number"},
      {"1,x,q,0,,1,0,5,hang,s", "t.csv:2: customer: not 1 to 128 bytes"},
      {"1,x,q,0,c,abc,0,5,hang,s", "t.csv:2: handle_s: not a number"},
      {"1,x,q,0,c,1,-2,5,hang,s", "t.csv:2: patience_s: -2 is not within"},
  };
  for (const Case& c : cases) {
    INFO(c.row);
    const auto trace = TraceOf(c.row);
    REQUIRE_FALSE(trace.ok());
    CHECK(Message(trace.status()).rfind(c.problem, 0) == 0);
  }
}

TEST_CASE("A day is a half-open window of a trace, and takes spells by their beginning") {
  auto trace =
      TraceOf("86399,a,q,0,c,1,,0,agent,\n86400,b,q,0,c,1,,0,agent,\n172800,c,q,0,c,1,,0,agent,\n");
  REQUIRE(trace.ok());
  KeepWithin(WindowOfDay(1), *trace);
  REQUIRE(trace->size() == 1);
  CHECK(trace->front().name == "b");
  CHECK(trace->front().number == 1);

  auto roster = RosterOf("86000,87000,early,q\n86400,200000,whole,q\n172800,172900,late,q\n");
  REQUIRE(roster.ok());
  KeepDay(1, *roster);
  REQUIRE(roster->size() == 1);
  CHECK(roster->front().agent == "whole");
  CHECK(roster->front().offline_s == 200000);
}

TEST_CASE("A window clips spells") {
  auto roster = RosterOf("10,20,before,q\n10,30,begins,q\n45,70,ends,q\n60,70,after,q\n");
  REQUIRE(roster.ok());
  ClipTo({20, 50}, *roster);
  REQUIRE(roster->size() == 2);
  CHECK((*roster)[0].online_s == 20);
  CHECK((*roster)[0].offline_s == 30);
  CHECK((*roster)[1].online_s == 45);
  CHECK((*roster)[1].offline_s == 50);
  CHECK(StaffedSeconds(*roster) == 15);
}

TEST_CASE("Wrong rosters are refused by line and column") {
  CHECK(Message(RosterOf("10,5,a,q\n").status()).rfind("r.csv:2: offline_s: 5 is not within", 0) ==
        0);
  CHECK(Message(RosterOf("1,5,A b,q\n").status()).rfind("r.csv:2: agent: not an agent's id", 0) ==
        0);
  CHECK(Message(RosterOf("1,5,a,q;R\n").status()).rfind("r.csv:2: skills: not the id", 0) == 0);
  CHECK(Message(RosterOf("1,5,a,q\n6,7,a,r\n").status()).rfind("r.csv:3: skills: differ", 0) == 0);
  const auto none = RosterOf("1,5,a,\n");
  REQUIRE(none.ok());
  CHECK(none->front().skills.empty());
}

TEST_CASE("Clock times of the day") {
  CHECK(ParseClock("00:00").value() == 0);
  CHECK(ParseClock("09:30:15").value() == 9 * 3600 + 30 * 60 + 15);
  CHECK(ParseClock("24:00").value() == 86400);
  for (const char* wrong : {"", "9:30", "24:01", "10", "10:60", "10:00:60", "aa:bb", "1:2:3:4"}) {
    INFO(wrong);
    CHECK_FALSE(ParseClock(wrong).ok());
  }
  CHECK(FormatClock(86400 + 3600 + 61.9) == "01:01:01");
}

TEST_CASE("At one instant agents come, then tickets, then agents go") {
  const auto trace = TraceOf("50,a,q,0,c,1,,0,agent,\n50,b,q,0,c,1,,0,agent,\n");
  const auto roster = RosterOf("10,50,first,q\n50,90,second,q\n");
  REQUIRE(trace.ok());
  REQUIRE(roster.ok());
  std::vector<std::pair<MomentKind, size_t>> order;
  for (const Moment& moment : MakeSchedule(*trace, *roster)) {
    order.emplace_back(moment.kind, moment.index);
  }
  using K = MomentKind;
  CHECK(order == std::vector<std::pair<K, size_t>>{{K::kAgentComes, 0},
                                                   {K::kAgentComes, 1},
                                                   {K::kTicketComes, 0},
                                                   {K::kTicketComes, 1},
                                                   {K::kAgentGoes, 0},
                                                   {K::kAgentGoes, 1}});
}

TEST_CASE("An agent drains while it is at work, and may come on again before it is done") {
  CHECK(WishOf(true, false) == Wish::kOnline);
  CHECK(WishOf(true, true) == Wish::kOnline);
  CHECK(WishOf(false, true) == Wish::kDraining);
  CHECK(WishOf(false, false) == Wish::kOffline);
}

TEST_CASE("Pace turns trace seconds into real time and back") {
  const Pace pace(100, 300);
  CHECK(pace.After(400) == absl::Seconds(1));
  CHECK(pace.Real(3) == absl::Milliseconds(10));
  CHECK(pace.TraceSeconds(absl::Milliseconds(10)) == Approx(3));
  CHECK(pace.SecondAt(absl::Seconds(1)) == Approx(400));
}

TEST_CASE("Queues and agents are listed once") {
  const auto trace =
      TraceOf("1,a,q,0,c,1,,0,agent,\n2,b,p,0,c,1,,0,agent,\n3,c,q,0,c,1,,0,agent,\n");
  const auto roster = RosterOf("1,5,b,q;p\n1,5,a,\n6,7,b,p;q\n");
  REQUIRE(trace.ok());
  REQUIRE(roster.ok());
  CHECK(QueuesOf(*trace) == std::vector<std::string>{"p", "q"});
  const auto agents = AgentsOf(*roster);
  REQUIRE(agents.size() == 2);
  CHECK(agents[0].agent == "a");
  CHECK(agents[0].skills.empty());
  CHECK(agents[1].skills == std::vector<std::string>{"p", "q"});
}

}  // namespace
}  // namespace muster::replay
