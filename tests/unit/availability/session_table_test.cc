// The life of sessions with the time in hand.
#include "services/availability/domain/session_table.h"

#include <thread>

#include "tests/support/catch.h"

namespace muster::availability {
namespace {

const absl::Time kNow = absl::FromUnixSeconds(1'767'225'600);
const AgentKey kAnna{"p", "anna"};
const AgentKey kBert{"p", "bert"};
constexpr LinkId kLink = 7;
constexpr LinkId kOther = 8;

SessionTable Table() {
  return SessionTable({.lease = absl::Seconds(30), .grace = absl::Seconds(10)});
}
absl::Time At(int seconds) { return kNow + absl::Seconds(seconds); }

SessionEffect End(const AgentKey& key, const std::string& session, LinkId link) {
  return {SessionEffect::kEnd, key, session, link, kLinkEnded};
}
SessionEffect Offline(const AgentKey& key, const std::string& session, const char* reason) {
  return {SessionEffect::kGoOffline, key, session, 0, reason};
}
using Effects = std::vector<SessionEffect>;

TEST_CASE("the end of a link begins the grace, the end of the grace is OFFLINE") {
  SessionTable table = Table();
  CHECK(table.Start(kAnna, "s1", kLink, kNow) == 0);
  CHECK(table.Find(kAnna)->connected);
  CHECK(table.EndLink(kLink, At(5)) == Effects{End(kAnna, "s1", kLink)});
  CHECK_FALSE(table.Find(kAnna)->connected);
  CHECK(table.Tick(At(14)).empty());
  CHECK(table.Tick(At(15)) == Effects{Offline(kAnna, "s1", kLinkEnded)});
  CHECK_FALSE(table.Find(kAnna));
  CHECK(table.Tick(At(1000)).empty());
}

TEST_CASE("silence for a lease ends a session with a link, then the grace") {
  SessionTable table = Table();
  table.Start(kAnna, "s1", kLink, kNow);
  CHECK(table.Seen(kAnna, kLink, At(20)));
  CHECK(table.Tick(At(49)).empty());
  CHECK(table.Tick(At(50)) == Effects{End(kAnna, "s1", kLink)});
  CHECK_FALSE(table.Seen(kAnna, kLink, At(51)));  // it has to say hello again
  CHECK(table.EndLink(kLink, At(52)).empty());
  CHECK(table.Tick(At(60)) == Effects{Offline(kAnna, "s1", kLinkEnded)});
}

TEST_CASE("a session without a link has no grace") {
  SessionTable table = Table();
  table.Start(kAnna, "s1", 0, kNow);
  CHECK(table.Seen(kAnna, 0, At(10)));
  CHECK(table.Find(kAnna)->until == At(40));
  CHECK(table.Tick(At(39)).empty());
  CHECK(table.Tick(At(40)) == Effects{Offline(kAnna, "s1", kLeaseEnded)});
}

TEST_CASE("a session without a link is extended by starting it again") {
  SessionTable table = Table();
  table.Start(kAnna, "s1", 0, kNow);
  CHECK(table.Start(kAnna, "s1", 0, At(20)) == 0);
  CHECK(table.Tick(At(49)).empty());
  CHECK(table.Tick(At(50)).size() == 1);
}

TEST_CASE("a new session on another link takes the agent from the first") {
  SessionTable table = Table();
  table.Start(kAnna, "s1", kLink, kNow);
  CHECK(table.Start(kAnna, "s2", kOther, At(1)) == kLink);
  CHECK_FALSE(table.Seen(kAnna, kLink, At(2)));
  CHECK(table.EndLink(kLink, At(3)).empty());
  CHECK(table.Find(kAnna)->session_id == "s2");
  CHECK(table.Find(kAnna)->link == kOther);
  // On the same link nobody is told.
  CHECK(table.Start(kAnna, "s3", kOther, At(4)) == 0);
  CHECK(table.EndLink(kOther, At(5)) == Effects{End(kAnna, "s3", kOther)});
}

TEST_CASE("who comes back within the grace is not sent OFFLINE") {
  SessionTable table = Table();
  table.Start(kAnna, "s1", kLink, kNow);
  table.EndLink(kLink, At(1));
  CHECK(table.Start(kAnna, "s2", kOther, At(10)) == 0);
  CHECK(table.Tick(At(20)).empty());
  CHECK(table.Find(kAnna)->connected);
}

TEST_CASE("a link ends for all of its agents, and a heartbeat counts for all") {
  SessionTable table = Table();
  table.Start(kAnna, "s1", kLink, kNow);
  table.Start(kBert, "s2", kLink, kNow);
  table.SeenAll(kLink, At(20));
  CHECK(table.Tick(At(49)).empty());
  CHECK(table.EndLink(kLink, At(49)) == Effects{End(kAnna, "s1", kLink), End(kBert, "s2", kLink)});
  CHECK(table.Tick(At(59)).size() == 2);
}

TEST_CASE("sessions of before a restart get their grace, unless the agent is back") {
  SessionTable table = Table();
  CHECK(table.Recover(kAnna, "s1", kNow));
  table.Start(kBert, "s3", kLink, kNow);
  CHECK_FALSE(table.Recover(kBert, "s2", kNow));
  CHECK(table.Tick(At(10)) == Effects{Offline(kAnna, "s1", kLinkEnded)});
}

TEST_CASE("a forgotten session has no effects; another one is not forgotten") {
  SessionTable table = Table();
  table.Start(kAnna, "s2", kLink, kNow);
  table.Forget(kAnna, "s1");
  CHECK(table.Find(kAnna));
  table.Forget(kAnna, "s2");
  CHECK_FALSE(table.Find(kAnna));
  CHECK(table.EndLink(kLink, At(1)).empty());
  CHECK(table.Tick(At(1000)).empty());
}

TEST_CASE("sessions are counted by kind") {
  SessionTable table = Table();
  table.Start(kAnna, "s1", kLink, kNow);
  table.Start(kBert, "s2", 0, kNow);
  table.Recover({"p", "carl"}, "s3", kNow);
  const SessionTable::Counts counts = table.Count();
  CHECK(counts.linked == 1);
  CHECK(counts.unlinked == 1);
  CHECK(counts.in_grace == 1);
}

TEST_CASE("links, frames and ticks at once leave each session with one end") {
  SessionTable table({.lease = absl::Seconds(30), .grace = absl::ZeroDuration()});
  constexpr int kLinks = 4, kRounds = 300;
  std::vector<std::thread> threads;
  std::vector<int> ends(kLinks + 1), offline(kLinks + 1);
  auto count = [&](int slot, const Effects& effects) {
    for (const SessionEffect& effect : effects) {
      ++(effect.kind == SessionEffect::kEnd ? ends : offline)[slot];
    }
  };
  for (int link = 1; link <= kLinks; ++link) {
    threads.emplace_back([&, link] {
      const AgentKey key{"p", "agent-" + std::to_string(link)};
      for (int round = 0; round < kRounds; ++round) {
        table.Start(key, "s" + std::to_string(round), link, kNow);
        table.Seen(key, link, kNow);
        table.SeenAll(link, kNow);
        count(link - 1, table.EndLink(link, kNow));
      }
    });
  }
  threads.emplace_back([&] {
    for (int i = 0; i < kRounds; ++i) {
      count(kLinks, table.Tick(kNow));
      table.Count();
    }
  });
  for (std::thread& thread : threads) thread.join();
  count(kLinks, table.Tick(kNow));
  int all_ends = 0, all_offline = 0;
  for (int n : ends) all_ends += n;
  for (int n : offline) all_offline += n;
  CHECK(all_ends == kLinks * kRounds);
  CHECK(all_offline >= kLinks);  // the rest were replaced within their grace
  CHECK(all_offline <= all_ends);
  CHECK(table.Count().in_grace == 0);
}

TEST_CASE("a session that goes on elsewhere leaves its link without effects") {
  SessionTable table = Table();
  table.Start(kAnna, "s1", kLink, kNow);
  CHECK_FALSE(table.Detach(kAnna, "s0", kNow, absl::Seconds(5)));
  CHECK(table.Detach(kAnna, "s1", kNow, absl::Seconds(60)) == kLink);
  CHECK(table.EndLink(kLink, At(1)).empty());
  CHECK_FALSE(table.Find(kAnna)->connected);
  CHECK(table.Tick(At(59)).empty());  // longer than the grace
  CHECK(table.Start(kAnna, "s1", kOther, At(59)) == 0);
  CHECK(table.Find(kAnna)->connected);
  CHECK(table.EndLink(kOther, At(60)) == Effects{End(kAnna, "s1", kOther)});
  CHECK(table.Detach(kAnna, "s1", At(61), absl::ZeroDuration()) == 0);  // out of its grace
  CHECK(table.Tick(At(70)).empty());
  CHECK(table.Tick(At(71)) == Effects{Offline(kAnna, "s1", kLinkEnded)});
}

TEST_CASE("a session without a link does not go on over one") {
  SessionTable table = Table();
  table.Start(kAnna, "s1", 0, kNow);
  CHECK_FALSE(table.Detach(kAnna, "s1", kNow, absl::Seconds(5)));
  CHECK(table.Find(kAnna)->connected);
}

TEST_CASE("who forgets a session hears which link it had") {
  SessionTable table = Table();
  table.Start(kAnna, "s1", kLink, kNow);
  table.Start(kBert, "s2", kLink, kNow);
  CHECK_FALSE(table.Forget(kAnna, "s0"));
  CHECK(table.Forget(kAnna, "s1") == kLink);
  table.ForgetAll();
  CHECK_FALSE(table.Find(kBert));
  CHECK(table.EndLink(kLink, At(1)).empty());
  CHECK(table.Tick(At(1000)).empty());
}

}  // namespace
}  // namespace muster::availability
