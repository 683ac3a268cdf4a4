// What each mutation does to an agent; the inbox; acts that wait.
#include <functional>

#include "common/base/errors.h"
#include "services/availability/domain/act_table.h"
#include "services/availability/domain/inbox.h"
#include "services/availability/domain/mutation.h"
#include "tests/support/catch.h"

namespace muster::availability {
namespace {

const absl::Time kThen = absl::FromUnixSeconds(1'767'225'600);
const absl::Time kNow = kThen + absl::Seconds(60);

std::optional<Agent> Anna(Presence presence, bool connected, bool link) {
  Agent agent;
  agent.key = {"p", "anna"};
  agent.etag = "e-1";
  agent.presence = presence;
  agent.presence_time = kThen;
  agent.connected = connected;
  agent.session_id = "s1";
  agent.session_has_link = link;
  return agent;
}

template <class Act>
absl::StatusOr<bool> Do(Act act, std::optional<Agent>& row) {
  Mutation mutation;
  mutation.key = {"p", "anna"};
  mutation.act = std::move(act);
  mutation.now = kNow;
  mutation.new_etag = "e-2";
  return Apply(mutation, row);
}

SetPresence ByCall(Presence presence, const std::string& reason = "") {
  SetPresence act;
  act.presence = presence;
  act.reason = reason;
  act.new_session_id = "new";
  act.node_id = "n";
  return act;
}

struct PresenceCase {
  const char* name;
  Presence before;
  bool connected;
  bool link;
  Presence wanted;
  bool connected_after;
  const char* session_after;
};

TEST_CASE("a presence set by a call keeps, begins or ends a session") {
  const PresenceCase cases[] = {
      {"offline, none", Presence::kOffline, false, false, Presence::kOnline, true, "new"},
      {"offline, stays", Presence::kOffline, false, false, Presence::kOffline, false, "s1"},
      {"leased, changes", Presence::kOnline, true, false, Presence::kPaused, true, "s1"},
      {"leased, ends", Presence::kOnline, true, false, Presence::kOffline, false, "s1"},
      {"linked, changes", Presence::kOnline, true, true, Presence::kDraining, true, "s1"},
      {"linked, offline", Presence::kOnline, true, true, Presence::kOffline, true, "s1"},
      {"in grace", Presence::kOnline, false, true, Presence::kOnline, true, "new"},
      {"in grace, offline", Presence::kOnline, false, true, Presence::kOffline, false, "s1"},
  };
  for (const PresenceCase& c : cases) {
    INFO(c.name);
    std::optional<Agent> row = Anna(c.before, c.connected, c.link);
    REQUIRE(Do(ByCall(c.wanted, "why"), row).ok());
    CHECK(row->presence == c.wanted);
    CHECK(row->presence_reason == "why");
    CHECK(row->presence_time == (c.before == c.wanted ? kThen : kNow));
    CHECK(row->connected == c.connected_after);
    CHECK(row->session_id == c.session_after);
    CHECK(row->etag == "e-1");  // names nothing that presence is part of
  }
}

TEST_CASE("a presence from a link counts while its session stands") {
  std::optional<Agent> row = Anna(Presence::kOnline, true, true);
  SetPresence act;
  act.presence = Presence::kPaused;
  act.only_session_id = "s1";
  CHECK(*Do(act, row));
  CHECK(row->presence == Presence::kPaused);
  CHECK_FALSE(*Do(act, row));  // it is so already
  act.only_session_id = "s0";
  CHECK(ErrorReason(Do(act, row).status()) == "SESSION_REPLACED");
  row->connected = false;
  act.only_session_id = "s1";
  CHECK(ErrorReason(Do(act, row).status()) == "SESSION_REPLACED");
}

TEST_CASE("the matcher pauses an agent, but not over a later word of its own") {
  const PauseAgent act{"let 3 pass", "s1", kThen};
  struct Case {
    const char* name;
    std::function<void(Agent&)> change;
    bool applied;
  };
  const std::vector<Case> cases = {
      {"its last word", [](Agent&) {}, true},
      {"out of reach for now", [](Agent& a) { a.connected = false; }, true},
      {"came back since", [](Agent& a) { a.session_id = "s2"; }, false},
      {"paused itself", [](Agent& a) { a.presence = Presence::kPaused; }, false},
      {"drains", [](Agent& a) { a.presence = Presence::kDraining; }, false},
      {"went and came", [](Agent& a) { a.presence_time = kThen + absl::Seconds(1); }, false},
      {"to the microsecond", [](Agent& a) { a.presence_time = kThen + absl::Nanoseconds(900); },
       true}};
  for (const Case& c : cases) {
    INFO(c.name);
    std::optional<Agent> row = Anna(Presence::kOnline, true, true);
    c.change(*row);
    CHECK(*Do(act, row) == c.applied);
    if (!c.applied) continue;
    CHECK(row->presence == Presence::kPaused);
    CHECK(row->presence_reason == "let 3 pass");
    CHECK(row->presence_time == kNow);
    CHECK_FALSE(*Do(act, row));  // again: nothing
    CHECK(*Do(ByCall(Presence::kOnline), row));
    CHECK_FALSE(*Do(act, row));  // the agent's word was later
  }
  std::optional<Agent> nobody;
  CHECK(absl::IsNotFound(Do(act, nobody).status()));
}

TEST_CASE("hello begins a session, with the presence it names or the one there was") {
  for (const bool link : {false, true}) {
    std::optional<Agent> row = Anna(Presence::kPaused, true, link);
    CHECK(*Do(StartSession{"s2", "n", Presence::kUnspecified}, row));
    CHECK(row->presence == Presence::kPaused);
    CHECK(row->session_id == "s2");
    CHECK(row->session_has_link);
    CHECK(row->connected);
    CHECK(*Do(StartSession{"s3", "n", Presence::kOnline}, row));
    CHECK(row->presence == Presence::kOnline);
    CHECK(row->presence_time == kNow);
  }
}

TEST_CASE("the end of a session that is no longer the agent's changes nothing") {
  std::optional<Agent> row = Anna(Presence::kOnline, true, true);
  CHECK_FALSE(*Do(EndSession{"s0"}, row));
  CHECK_FALSE(*Do(GoOffline{"s0", "link ended"}, row));
  CHECK(*Do(EndSession{"s1"}, row));
  CHECK_FALSE(row->connected);
  CHECK(row->presence == Presence::kOnline);
  CHECK_FALSE(*Do(EndSession{"s1"}, row));
  CHECK(*Do(GoOffline{"s1", "link ended"}, row));
  CHECK(row->presence == Presence::kOffline);
  CHECK(row->presence_reason == "link ended");
  std::optional<Agent> nobody;
  CHECK_FALSE(*Do(EndSession{"s1"}, nobody));
  CHECK_FALSE(*Do(GoOffline{"s1", "link ended"}, nobody));
}

TEST_CASE("going OFFLINE keeps the reason of who was OFFLINE by its own word") {
  std::optional<Agent> row = Anna(Presence::kOffline, true, true);
  row->presence_reason = "home";
  CHECK(*Do(GoOffline{"s1", "link ended"}, row));
  CHECK(row->presence_reason == "home");
  CHECK_FALSE(row->connected);
}

TEST_CASE("create, update and delete") {
  std::optional<Agent> row;
  Agent wanted;
  wanted.display_name = "Anna";
  wanted.capacity = 2;
  CHECK(absl::IsNotFound(Do(UpdateAgent{wanted, ""}, row).status()));
  CHECK(absl::IsNotFound(Do(DeleteAgent{""}, row).status()));
  CHECK(absl::IsNotFound(Do(ByCall(Presence::kOnline), row).status()));
  CHECK(absl::IsNotFound(Do(StartSession{"s", "n", Presence::kOnline}, row).status()));
  CHECK(*Do(CreateAgent{wanted}, row));
  CHECK(row->presence == Presence::kOffline);
  CHECK(row->create_time == kNow);
  CHECK(absl::IsAlreadyExists(Do(CreateAgent{wanted}, row).status()));

  wanted.display_name = "Anna B";
  CHECK(ErrorReason(Do(UpdateAgent{wanted, "e-0"}, row).status()) == "ETAG_MISMATCH");
  CHECK(row->display_name == "Anna");
  CHECK(*Do(UpdateAgent{wanted, "e-2"}, row));
  CHECK(row->display_name == "Anna B");

  row->presence = Presence::kPaused;
  CHECK(ErrorReason(Do(DeleteAgent{""}, row).status()) == "AGENT_NOT_OFFLINE");
  row->presence = Presence::kOffline;
  CHECK(ErrorReason(Do(DeleteAgent{"e-0"}, row).status()) == "ETAG_MISMATCH");
  CHECK(*Do(DeleteAgent{"e-2"}, row));
  CHECK_FALSE(row);
}

TEST_CASE("the inbox knows offers and assignments by their ids") {
  Inbox<std::string, std::string> inbox;
  CHECK(inbox.empty());
  CHECK(inbox.AddOffer("o1", "first"));
  CHECK(inbox.AddOffer("o2", "second"));
  CHECK(inbox.AddOffer("o1", "first again"));
  REQUIRE(inbox.offers().size() == 2);
  CHECK(inbox.offers()[0].second == "first again");
  CHECK(inbox.Confirm("o1", "work"));  // an assignment's id is its offer's
  CHECK(inbox.offers().size() == 1);
  CHECK(*inbox.FindAssignment("o1") == "work");
  CHECK(inbox.FindAssignment("o2") == nullptr);
  inbox.RemoveOffer("o2");
  inbox.RemoveOffer("unknown");
  inbox.RemoveAssignment("o1");
  CHECK(inbox.empty());
}

TEST_CASE("an inbox has its bound, and what is known is replaced all the same") {
  Inbox<int, int> inbox;
  for (size_t i = 0; i < kMaxInboxItems; ++i) REQUIRE(inbox.AddOffer(std::to_string(i), 0));
  CHECK_FALSE(inbox.AddOffer("one more", 0));
  CHECK(inbox.AddOffer("0", 1));
}

TEST_CASE("acts wait for their answer, their deadline or the end of their stream") {
  ActTable<std::string> acts;
  const AgentKey anna{"p", "anna"}, bert{"p", "bert"};
  std::string a = "a", b = "b", c = "c";
  const uint64_t first = *acts.Add(anna, 1, kNow + absl::Seconds(10), a);
  *acts.Add(bert, 1, kNow + absl::Seconds(5), b);
  *acts.Add(anna, 2, kNow + absl::Seconds(7), c);
  CHECK_FALSE(acts.Take(first, 2));  // another stream does not answer for it
  CHECK(*acts.Take(first, 1) == "a");
  CHECK_FALSE(acts.Take(first, 1));
  CHECK(acts.TakeExpired(kNow + absl::Seconds(4)).empty());
  CHECK(acts.TakeExpired(kNow + absl::Seconds(5)) == std::vector<std::string>{"b"});
  CHECK(acts.TakeStream(1).empty());
  CHECK(acts.TakeStream(2) == std::vector<std::string>{"c"});
  CHECK(acts.size() == 0);
}

TEST_CASE("acts of one agent have their bound, which is given back") {
  ActTable<int> acts;
  const AgentKey anna{"p", "anna"};
  uint64_t last = 0;
  for (size_t i = 0; i < kMaxActsPerAgent; ++i) {
    int waiter = 0;
    last = *acts.Add(anna, 1, kNow, waiter);
  }
  int waiter = 0;
  CHECK(ErrorReason(acts.Add(anna, 1, kNow, waiter).status()) == "TOO_MANY_ACTS");
  CHECK(acts.Add({"p", "bert"}, 1, kNow, waiter).ok());
  REQUIRE(acts.Take(last, 1));
  CHECK(acts.Add(anna, 1, kNow, waiter).ok());
}

}  // namespace
}  // namespace muster::availability
