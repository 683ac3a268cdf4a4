// WatchAgents: snapshot, changes, resuming, and the end of slow readers.
#include <deque>
#include <map>

#include "common/base/errors.h"
#include "tests/integration/availability/harness.h"
#include "tests/support/catch.h"

namespace muster::availability {
namespace {

// A client of the feed that does what the matcher does.
class Feed {
 public:
  Feed(Harness& h, int64_t after = 0, const std::string& pool_id = "p") {
    v1::WatchAgentsRequest request;
    request.set_pool_id(pool_id);
    request.set_after_revision(after);
    context_.set_deadline(absl::ToChronoTime(absl::Now() + absl::Seconds(30)));
    reader_ = h.stub().WatchAgents(&context_, request);
  }
  ~Feed() { context_.TryCancel(); }

  // False at the end.
  bool Step() {
    v1::WatchAgentsResponse response;
    if (!reader_->Read(&response)) return false;
    if (response.has_chunk()) {
      for (const v1::Agent& agent : response.chunk().agents()) agents_[agent.agent_id()] = agent;
    } else if (response.has_snapshot_complete()) {
      complete_ = true;
      revision_ = response.snapshot_complete().revision();
    } else if (response.has_changes()) {
      CHECK(response.changes().revision() > revision_);
      revision_ = response.changes().revision();
      for (const v1::Agent& agent : response.changes().agents()) {
        CHECK(agent.revision() <= revision_);
        agents_[agent.agent_id()] = agent;
      }
      for (const std::string& id : response.changes().deleted_agent_ids()) agents_.erase(id);
    } else {
      ++progress_;
      CHECK(response.progress().revision() == revision_);
    }
    return true;
  }
  bool Until(const std::function<bool()>& fits) {
    while (!fits()) {
      if (!Step()) return false;
    }
    return true;
  }
  absl::Status End() {
    while (Step()) {
    }
    return FromGrpc(reader_->Finish());
  }

  std::map<std::string, v1::Agent> agents_;
  bool complete_ = false;
  int64_t revision_ = -1;
  int progress_ = 0;

 private:
  grpc::ClientContext context_;
  std::unique_ptr<grpc::ClientReader<v1::WatchAgentsResponse>> reader_;
};

TEST_CASE("a snapshot, a marker, and then changes as they are committed") {
  Harness h;
  h.CreateAgent("p", "anna");
  h.CreateAgent("q", "other");
  Feed feed(h);
  REQUIRE(feed.Until([&] { return feed.complete_; }));
  CHECK(feed.revision_ == 1);
  CHECK(feed.agents_.size() == 1);
  h.CreateAgent("p", "bert");
  REQUIRE(h.SetPresence("p", "anna", v1::PRESENCE_ONLINE).ok());
  REQUIRE(feed.Until([&] { return feed.revision_ == 3; }));
  CHECK(feed.agents_.size() == 2);
  CHECK(feed.agents_["anna"].SerializeAsString() == h.GetAgent("p", "anna").SerializeAsString());
  v1::DeleteAgentRequest request;
  request.set_pool_id("p");
  request.set_agent_id("bert");
  REQUIRE(h.Call(&v1::AvailabilityService::Stub::DeleteAgent, request).ok());
  REQUIRE(feed.Until([&] { return feed.agents_.size() == 1; }));
  CHECK(feed.revision_ == 4);
}

TEST_CASE("a pool that nobody knows is an empty feed, which fills") {
  Harness h;
  Feed feed(h);
  REQUIRE(feed.Until([&] { return feed.complete_; }));
  CHECK(feed.revision_ == 0);
  h.CreateAgent("p", "anna");
  CHECK(feed.Until([&] { return feed.agents_.contains("anna"); }));
}

TEST_CASE("an idle feed says how far it is") {
  Harness h({.feed_progress = absl::Milliseconds(20)});
  h.CreateAgent("p", "anna");
  Feed feed(h);
  CHECK(feed.Until([&] { return feed.progress_ >= 2; }));
  h.CreateAgent("p", "bert");
  CHECK(feed.Until([&] { return feed.agents_.contains("bert"); }));
}

TEST_CASE("who resumes gets what came later, and no snapshot") {
  Harness h;
  for (const char* id : {"a", "b", "c"}) h.CreateAgent("p", id);
  Feed feed(h, 1);
  REQUIRE(feed.Until([&] { return feed.revision_ == 3; }));
  CHECK_FALSE(feed.complete_);
  CHECK(feed.agents_.size() == 2);
  h.CreateAgent("p", "d");
  CHECK(feed.Until([&] { return feed.revision_ == 4; }));
  Feed now(h, 4);
  h.CreateAgent("p", "e");
  REQUIRE(now.Until([&] { return now.revision_ == 5; }));
  CHECK(now.agents_.size() == 1);
}

TEST_CASE("a revision of the future is out of range") {
  Harness h;
  h.CreateAgent("p", "a");
  Feed feed(h, 2);
  const absl::Status end = feed.End();
  CHECK(absl::IsOutOfRange(end));
  CHECK(ErrorReason(end) == "REVISION_GONE");
}

TEST_CASE("a wrong request is refused") {
  Harness h;
  Feed no_pool(h, 0, "");
  CHECK(ErrorField(no_pool.End()) == "pool_id");
  Feed negative(h, -1);
  CHECK(ErrorField(negative.End()) == "after_revision");
}

TEST_CASE("the changes of another node come, too") {
  const std::string url = SharedPostgres().CreateDatabase();
  Harness one({.database_url = url}), two({.database_url = url});
  Feed feed(one);
  REQUIRE(feed.Until([&] { return feed.complete_; }));
  for (int i = 0; i < 20; ++i) (i % 2 ? one : two).CreateAgent("p", "a" + std::to_string(i));
  REQUIRE(feed.Until([&] { return feed.revision_ == 20; }));
  CHECK(feed.agents_.size() == 20);
}

TEST_CASE("a large pool comes in chunks, and a large gap in parts") {
  Harness h;
  constexpr int kAgents = 1'500;
  std::vector<std::thread> makers;
  for (int maker = 0; maker < 6; ++maker) {
    makers.emplace_back([&h, maker] {
      for (int i = maker; i < kAgents; i += 6) {
        v1::CreateAgentRequest request;
        request.mutable_agent()->set_pool_id("p");
        request.mutable_agent()->set_agent_id("a" + std::to_string(i));
        if (!h.Call(&v1::AvailabilityService::Stub::CreateAgent, request).ok()) return;
      }
    });
  }
  for (std::thread& maker : makers) maker.join();
  Feed whole(h);
  REQUIRE(whole.Until([&] { return whole.complete_; }));
  CHECK(whole.agents_.size() == kAgents);
  Feed rest(h, 1);
  REQUIRE(rest.Until([&] { return rest.revision_ == whole.revision_; }));
  CHECK(rest.agents_.size() >= kAgents - 6);
}

TEST_CASE("a reader who is too slow is cut off") {
  Harness h({.feed_queue = 50});
  h.CreateAgent("p", "anna");
  Feed feed(h);
  REQUIRE(feed.Until([&] { return feed.complete_; }));
  // Now it reads no more, and much happens: more than gRPC and the kernel hold for a reader.
  v1::UpdateAgentRequest update;
  v1::Agent& agent = *update.mutable_agent();
  agent.set_pool_id("p");
  agent.set_agent_id("anna");
  for (int i = 0; i < 64; ++i) {
    agent.add_skills()->set_skill(std::string(60, 's') + std::to_string(100 + i));
  }
  const absl::Time limit = absl::Now() + absl::Seconds(20);
  absl::Status end;
  for (int i = 0; i < 1'500 && absl::Now() < limit; ++i) {
    agent.set_display_name("v" + std::to_string(i));
    REQUIRE(h.Call(&v1::AvailabilityService::Stub::UpdateAgent, update).ok());
  }
  end = feed.End();
  INFO(end);
  CHECK((absl::IsResourceExhausted(end) || absl::IsCancelled(end)));
  CHECK(feed.revision_ < 1'400);  // it did not get everything first
}

TEST_CASE("feeds and links end when the service drains") {
  Harness h;
  h.CreateAgent("p", "anna");
  Feed feed(h);
  REQUIRE(feed.Until([&] { return feed.complete_; }));
  Link link(h);
  link.Hello("p", "anna");
  Matcher matcher(h, {"p"});
  h.Stop();
  CHECK(absl::IsUnavailable(feed.End()));
  const std::optional<absl::Status> link_end = link.AwaitEnd(), matcher_end = matcher.AwaitEnd();
  REQUIRE(link_end);
  CHECK(absl::IsUnavailable(*link_end));
  REQUIRE(matcher_end);
  CHECK(absl::IsUnavailable(*matcher_end));
}

}  // namespace
}  // namespace muster::availability
