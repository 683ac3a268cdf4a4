// What every store must do; runs on the fake and on PostgreSQL.
#include <set>

#include "common/base/errors.h"
#include "tests/unit/availability/store_tester.h"

namespace muster::availability {
namespace {

CreateAgent New(const std::string& name = "") {
  CreateAgent act;
  act.agent.display_name = name;
  act.agent.capacity = 2;
  return act;
}

std::vector<std::string> IdsOf(const std::vector<Agent>& agents) {
  std::vector<std::string> ids;
  for (const Agent& agent : agents) ids.push_back(agent.key.agent_id);
  return ids;
}

TEST_CASE("an agent is kept whole") {
  StoreTester t;
  Agent agent;
  agent.display_name = "Anna \"Å\", {x} \\ 'y' NULL";
  agent.skills = {{"chat", 3}, {"voice.se", 5}};
  agent.languages = {"sv", "pt-br"};
  agent.capacity = 7;
  const Agent made = t.Must("anna", CreateAgent{agent}).agent;
  CHECK(made.key == AgentKey{"p", "anna"});
  CHECK(made.display_name == agent.display_name);
  CHECK(made.skills == agent.skills);
  CHECK(made.languages == agent.languages);
  CHECK(made.capacity == 7);
  CHECK(made.presence == Presence::kOffline);
  CHECK(made.create_time == t.now);
  CHECK(made.revision == 1);
  CHECK(*t.Get("anna") == made);
  t.now += absl::Microseconds(1);
  t.Must("anna", StartSession{"s-1", "node", Presence::kPaused});
  const Agent now = *t.Get("anna");
  CHECK(now.node_id == "node");
  CHECK(now.session_has_link);
  CHECK(now.presence_time == t.now);
  CHECK(now.create_time == made.create_time);
  CHECK(now.revision == 2);
}

TEST_CASE("errors are each mutation's own, and change nothing") {
  StoreTester t;
  t.Must("anna", New());
  const Applied applied =
      t.Batch({t.MutationOf("anna", New()), t.MutationOf("bert", New()),
               t.MutationOf("carl", UpdateAgent{}), t.MutationOf("bert", DeleteAgent{"other"}),
               t.MutationOf("bert", DeleteAgent{})});
  CHECK(ErrorReason(applied.outcomes[0].status()) == "AGENT_ALREADY_EXISTS");
  CHECK(applied.outcomes[1].ok());
  CHECK(ErrorReason(applied.outcomes[2].status()) == "AGENT_NOT_FOUND");
  CHECK(ErrorReason(applied.outcomes[3].status()) == "ETAG_MISMATCH");
  CHECK(applied.outcomes[4].ok());  // made and deleted in one batch
  CHECK(absl::IsNotFound(t.Get("bert").status()));
  CHECK(absl::IsNotFound(t.Get("carl").status()));
}

TEST_CASE("mutations of one agent in one batch are done in order") {
  StoreTester t;
  SetPresence paused;
  paused.presence = Presence::kPaused;
  paused.only_session_id = "s-1";
  const Applied applied =
      t.Batch({t.MutationOf("anna", New()),
               t.MutationOf("anna", StartSession{"s-1", "n", Presence::kOnline}),
               t.MutationOf("anna", paused), t.MutationOf("anna", EndSession{"s-1"})});
  for (const auto& outcome : applied.outcomes) CHECK(outcome.ok());
  CHECK(applied.outcomes[1]->agent.presence == Presence::kOnline);
  CHECK(applied.outcomes[2]->before == Presence::kOnline);
  const Agent agent = *t.Get("anna");
  CHECK(agent.presence == Presence::kPaused);
  CHECK_FALSE(agent.connected);
  // One commit is one revision, and tells of the agent once.
  REQUIRE(applied.changes.size() == 1);
  const PoolChange& change = applied.changes.at("p");
  CHECK(change.from_revision == 0);
  CHECK(change.to_revision == 1);
  CHECK(IdsOf(change.agents) == std::vector<std::string>{"anna"});
  CHECK(change.agents[0] == agent);
}

TEST_CASE("an agent who does not react is paused, and it stays on record why") {
  StoreTester t;
  t.Must("anna", New());
  t.Must("anna", StartSession{"s-1", "n", Presence::kOnline});
  const absl::Time since = t.Get("anna")->presence_time;
  t.now += absl::Seconds(60);
  const Outcome paused = t.Must("anna", PauseAgent{"let 3 pass", "s-1", since});
  CHECK(paused.applied);
  CHECK(paused.before == Presence::kOnline);
  const Agent agent = *t.Get("anna");
  CHECK(agent.presence == Presence::kPaused);
  CHECK(agent.presence_reason == "let 3 pass");
  CHECK(agent.presence_time == t.now);
  CHECK_FALSE(t.Must("anna", PauseAgent{"let 3 pass", "s-1", since}).applied);
}

TEST_CASE("what changes nothing takes no revision") {
  StoreTester t;
  t.Must("anna", New());
  const Applied applied = t.Batch({t.MutationOf("anna", EndSession{"s-9"}),
                                   t.MutationOf("nobody", GoOffline{"s-9", "link ended"}),
                                   t.MutationOf("anna", New())});
  CHECK(applied.outcomes[0].ok());
  CHECK_FALSE(applied.outcomes[0]->applied);
  CHECK(applied.outcomes[1].ok());
  CHECK(applied.changes.empty());
  CHECK(t.Snapshot()->revision == 1);
}

TEST_CASE("the same request gets the first answer; the same id with another body is refused") {
  StoreTester t;
  const Agent made = t.Must("anna", New("Anna"), {"r-1", 1}).agent;
  t.now += absl::Seconds(1);
  t.Must("anna", UpdateAgent{}, {"r-2", 2});
  const Outcome again = t.Must("anna", New("Anna"), {"r-1", 1});
  CHECK(again.repeated);
  CHECK_FALSE(again.applied);
  CHECK(again.agent.display_name == "Anna");
  CHECK(again.agent.etag == made.etag);
  CHECK(again.agent.revision == 1);
  CHECK(again.agent.create_time == made.create_time);
  CHECK(ErrorReason(t.Try("anna", New("Bert"), {"r-1", 3}).status()) == "REQUEST_ID_REUSED");
  CHECK(t.Get("anna")->display_name.empty());
}

TEST_CASE("repeats within a batch, of errors, and of deletions") {
  StoreTester t;
  const Applied applied = t.Batch(
      {t.MutationOf("anna", New(), {"r-1", 1}), t.MutationOf("anna", New(), {"r-1", 1}),
       t.MutationOf("anna", New(), {"r-1", 2}), t.MutationOf("carl", DeleteAgent{}, {"r-2", 1}),
       t.MutationOf("carl", DeleteAgent{}, {"r-2", 1})});
  CHECK_FALSE(applied.outcomes[0]->repeated);
  CHECK(applied.outcomes[1]->repeated);
  CHECK(ErrorReason(applied.outcomes[2].status()) == "REQUEST_ID_REUSED");
  CHECK(absl::IsNotFound(applied.outcomes[3].status()));
  CHECK(absl::IsNotFound(applied.outcomes[4].status()));
  t.Must("carl", New());
  CHECK(t.Must("carl", DeleteAgent{}, {"r-2", 1}).applied);  // an error is not remembered
  const Outcome again = t.Must("carl", DeleteAgent{}, {"r-2", 1});
  CHECK(again.repeated);
  CHECK(again.deleted);
  CHECK(again.agent.key.agent_id == "carl");
}

TEST_CASE("pages in order of id, filtered") {
  StoreTester t;
  for (const char* id : {"d", "a", "c", "b", "e"}) t.Must(id, New());
  UpdateAgent skilled;
  skilled.agent.skills = {{"chat", 1}, {"voice", 2}};
  skilled.agent.capacity = 1;
  for (const char* id : {"b", "d"}) t.Must(id, skilled);
  t.Must("d", StartSession{"s", "n", Presence::kOnline});
  t.Must("e", StartSession{"s", "n", Presence::kPaused});
  AgentFilter filter{.pool_id = "p", .page_size = 2};
  CHECK(IdsOf(t.List(filter)->agents) == std::vector<std::string>{"a", "b"});
  CHECK(t.List(filter)->more);
  filter.after_agent_id = "c";
  CHECK(IdsOf(t.List(filter)->agents) == std::vector<std::string>{"d", "e"});
  CHECK_FALSE(t.List(filter)->more);
  filter = {.pool_id = "p", .skill = "voice", .page_size = 10};
  CHECK(IdsOf(t.List(filter)->agents) == std::vector<std::string>{"b", "d"});
  filter.presences = {Presence::kOnline, Presence::kPaused};
  CHECK(IdsOf(t.List(filter)->agents) == std::vector<std::string>{"d"});
  filter.skill.clear();
  CHECK(IdsOf(t.List(filter)->agents) == std::vector<std::string>{"d", "e"});
  filter = {.pool_id = "q", .page_size = 10};
  CHECK(t.List(filter)->agents.empty());
}

TEST_CASE("a pool's history: whole, since a revision, and no further back than it is kept") {
  StoreTester t;
  CHECK(t.Snapshot()->revision == 0);
  for (const char* id : {"a", "b", "c"}) t.Must(id, New());
  t.Must("a", UpdateAgent{});
  t.Must("b", DeleteAgent{});
  CHECK(t.Snapshot()->revision == 5);
  CHECK(t.Snapshot()->agents.size() == 2);
  PoolHistory since = *t.Since(2);
  CHECK(since.revision == 5);
  CHECK(IdsOf(since.agents) == std::vector<std::string>{"c", "a"});
  REQUIRE(since.deleted.size() == 1);
  CHECK(since.deleted[0].agent_id == "b");
  CHECK(since.deleted[0].revision == 5);
  CHECK(t.Since(5)->agents.empty());
  CHECK(absl::IsOutOfRange(t.Since(6).status()));

  t.Must("b", New());  // comes again: it is not told as deleted any more
  since = *t.Since(2);
  CHECK(since.deleted.empty());
  CHECK(IdsOf(since.agents) == std::vector<std::string>{"c", "a", "b"});
  t.Must("b", DeleteAgent{});

  const absl::Time later = t.now + absl::Hours(1);
  CHECK(*t.store->Forget(t.now, t.now) == 0);
  CHECK(*t.store->Forget(t.now, later) == 1);
  CHECK(absl::IsOutOfRange(t.Since(2).status()));
  CHECK(absl::IsOutOfRange(t.Since(6).status()));
  CHECK(t.Since(7)->agents.empty());
}

TEST_CASE("requests are forgotten when they are old") {
  StoreTester t;
  t.Must("anna", New(), {"r-1", 1});
  t.now += absl::Hours(1);
  t.Must("bert", New(), {"r-2", 1});
  CHECK(*t.store->Forget(t.now, absl::InfinitePast()) == 1);
  CHECK(absl::IsAlreadyExists(t.Try("anna", New(), {"r-1", 1}).status()));
  CHECK(t.Must("bert", New(), {"r-2", 1}).repeated);
}

TEST_CASE("what a node holds, and how many agents there are of each presence") {
  StoreTester t;
  for (const char* id : {"a", "b", "c", "d"}) t.Must(id, New());
  t.Must("a", StartSession{"s-a", "node-1", Presence::kOnline});
  t.Must("b", StartSession{"s-b", "node-1", Presence::kOnline});
  t.Must("b", EndSession{"s-b"});  // in grace
  t.Must("c", StartSession{"s-c", "node-1", Presence::kOnline});
  t.Must("c", GoOffline{"s-c", "link ended"});
  t.Must("d", StartSession{"s-d", "node-2", Presence::kOnline});
  const auto held = t.Wait<std::vector<HeldSession>>(
      [&](absl::Time by, auto done) { t.store->HeldBy("node-1", by, done); });
  std::set<std::string> sessions;
  for (const HeldSession& session : *held) sessions.insert(session.session_id);
  CHECK(sessions == std::set<std::string>{"s-a", "s-b"});
  int64_t online_connected = 0, online_away = 0, all = 0;
  const auto counts = t.Wait<std::vector<PresenceCount>>(
      [&](absl::Time by, auto done) { t.store->CountPresences(by, done); });
  for (const PresenceCount& count : *counts) {
    all += count.agents;
    if (count.presence != Presence::kOnline) continue;
    (count.connected ? online_connected : online_away) += count.agents;
  }
  CHECK(online_connected == 2);
  CHECK(online_away == 1);
  CHECK(all == 4);
}

TEST_CASE("pools are apart, each with its own revision") {
  StoreTester t;
  Mutation other = t.MutationOf("anna", New());
  other.key.pool_id = "q";
  const Applied applied =
      t.Batch({t.MutationOf("anna", New()), other, t.MutationOf("bert", New())});
  CHECK(applied.changes.at("p").to_revision == 1);
  CHECK(applied.changes.at("p").agents.size() == 2);
  CHECK(applied.changes.at("q").agents.size() == 1);
  t.Must("anna", UpdateAgent{});
  const auto revisions = t.Wait<std::map<std::string, int64_t>>([&](absl::Time by, auto done) {
    t.store->Revisions({"p", "q", "none"}, by, done);
  });
  CHECK(*revisions == std::map<std::string, int64_t>{{"p", 2}, {"q", 1}});
}

// ---- sessions that go on, and nodes

TEST_CASE("a session is resumed on its own node, and only while it is the agent's") {
  StoreTester t;
  t.Must("anna", New());
  t.Must("anna", StartSession{"s-1", "n-1", Presence::kOnline});
  t.Must("anna", EndSession{"s-1"});
  CHECK(ErrorReason(t.Try("anna", ResumeSession{"s-0", "n-1", {}}).status()) == "SESSION_REPLACED");
  CHECK(ErrorReason(t.Try("anna", ResumeSession{"s-1", "n-2", {}}).status()) == "SESSION_REPLACED");
  CHECK(absl::IsNotFound(t.Try("bert", ResumeSession{"s-1", "n-1", {}}).status()));
  const Outcome back = t.Must("anna", ResumeSession{"s-1", "n-1", Presence::kUnspecified});
  CHECK(back.applied);
  CHECK(back.agent.connected);
  CHECK(back.agent.presence == Presence::kOnline);
  CHECK_FALSE(t.Must("anna", ResumeSession{"s-1", "n-1", Presence::kUnspecified}).applied);
  CHECK(t.Must("anna", ResumeSession{"s-1", "n-1", Presence::kPaused}).agent.presence ==
        Presence::kPaused);
}

constexpr absl::Duration kLease = absl::Seconds(60), kNoLease = absl::ZeroDuration();
const Node kOne{"n-1", "127.0.0.1:1"}, kTwo{"n-2", "127.0.0.1:2"};

TEST_CASE("a node hears who else is alive, and who is silent") {
  StoreTester t;
  CHECK_FALSE(t.store->RenewNode(kOne, kLease)->was_known);
  CHECK(t.store->RenewNode(kOne, kLease)->was_known);
  CHECK(t.store->RenewNode(kOne, kLease)->alive == std::vector<Node>{kOne});
  NodeNews news = *t.store->RenewNode(kTwo, kLease);
  CHECK(news.alive == std::vector<Node>{kOne, kTwo});
  CHECK(news.silent.empty());
  REQUIRE(t.store->LeaveNode("n-1").ok());
  news = *t.store->RenewNode({"n-2", "127.0.0.1:3"}, kLease);
  CHECK(news.alive == std::vector<Node>{{"n-2", "127.0.0.1:3"}});
  CHECK(news.silent == std::vector<std::string>{"n-1"});
}

TEST_CASE("what a silent node leaves is another's to end, and it hears of that") {
  StoreTester t;
  t.Must("anna", New());
  t.Must("anna", StartSession{"s-1", "n-1", Presence::kOnline});
  REQUIRE(t.store->RenewNode(kOne, kLease).ok());
  CHECK_FALSE(t.store->TakeOverNode("n-1")->has_value());
  CHECK_FALSE(t.store->TakeOverNode("nobody")->has_value());
  REQUIRE(t.store->RenewNode(kOne, kNoLease).ok());
  const auto held = *t.store->TakeOverNode("n-1");
  REQUIRE(held);
  REQUIRE(held->size() == 1);
  CHECK((*held)[0].session_id == "s-1");
  CHECK(t.store->RenewNode(kOne, kNoLease)->taken_over);
  CHECK_FALSE(t.store->RenewNode(kOne, kNoLease)->taken_over);

  REQUIRE(t.store->ForgetNode("n-1").ok());  // not taken over since it was back
  CHECK(t.store->RenewNode(kTwo, kLease)->silent == std::vector<std::string>{"n-1"});
  t.Must("anna", GoOffline{"s-1", "gone"});
  CHECK((*t.store->TakeOverNode("n-1"))->empty());
  REQUIRE(t.store->ForgetNode("n-1").ok());
  CHECK(t.store->RenewNode(kTwo, kLease)->silent.empty());
}

TEST_CASE("a node hears once which of its sessions have moved to another") {
  StoreTester t;
  for (const char* id : {"anna", "bert", "carl", "dora"}) t.Must(id, New());
  t.Must("anna", StartSession{"s-1", "n-1", Presence::kOnline});
  t.Must("anna", EndSession{"s-1"});  // in its grace there
  t.Must("anna", StartSession{"s-2", "n-2", Presence::kUnspecified});
  t.Must("bert", StartSession{"s-3", "n-1", Presence::kOnline});
  t.Must("bert", StartSession{"s-4", "n-1", Presence::kOnline});  // knows it itself
  t.Must("carl", StartSession{"s-5", "n-1", Presence::kOnline});
  t.Must("carl", GoOffline{"s-5", "gone"});
  t.Must("carl", StartSession{"s-6", "n-2", Presence::kOnline});  // had been over
  const std::vector<MovedSession> moved = {{"n-1", {"p", "anna"}, "s-1"}};
  CHECK(t.store->RenewNode(kTwo, kLease)->moved.empty());
  CHECK(t.store->RenewNode(kOne, kLease)->moved == moved);
  CHECK(t.store->RenewNode(kOne, kLease)->moved.empty());
  // And not for ever.
  t.Must("dora", StartSession{"s-7", "n-1", Presence::kOnline});
  t.Must("dora", StartSession{"s-8", "n-2", Presence::kOnline});
  REQUIRE(t.store->Forget(t.now, absl::InfiniteFuture()).ok());
  CHECK(t.store->RenewNode(kOne, kLease)->moved.empty());
}

}  // namespace
}  // namespace muster::availability
