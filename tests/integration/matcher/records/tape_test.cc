// RecordRun: what it streams is a tape that can be played; how it ends.
#include <string>

#include "common/rpc/proto_time.h"
#include "services/matcher/tape/player.h"
#include "tests/integration/matcher/records/service_fixture.h"
#include "tests/support/eventually.h"

namespace muster::matcher {
namespace {

void Tell(FakePool& pool, const engine::Event& event) {
  pool.now += absl::Seconds(1);
  pool.effects.clear();
  pool.engine.Apply(event, pool.now, &pool.effects);
  pool.tape.Add(event, pool.now, pool.effects);
}

// A pool with one agent, to whom a ticket is offered.
void Work(FakePool& pool) {
  Tell(pool, engine::QueueChanged{"card", {}});
  Tell(pool, engine::AgentChanged{{.agent_id = "ann", .presence = engine::Presence::kOnline}});
  Tell(pool, engine::MatchingOpened{});
  Tell(pool, engine::TicketQueued{{"t-1", "card", pool.now}});
}

struct Recording {
  Recording(ServiceFixture& f, absl::Duration follow) {
    v1::RecordRunRequest request;
    request.set_pool_id("bank");
    *request.mutable_follow() = ToProtoDuration(follow);
    stream = f.stub->RecordRun(&context, request);
  }
  bool ReadBlock() {
    v1::RecordRunResponse part;
    if (!stream->Read(&part)) return false;
    bytes += part.data();
    return true;
  }
  absl::Status Finish() {
    while (ReadBlock()) {
    }
    return FromGrpc(stream->Finish());
  }

  grpc::ClientContext context;
  std::unique_ptr<grpc::ClientReader<v1::RecordRunResponse>> stream;
  std::string bytes;
};

TEST_CASE("a run is recorded as far as it has come, and plays to the same effects") {
  ServiceFixture f;
  f.operations.Serve("bank");
  f.operations.With("bank", Work);
  Recording recording(f, absl::ZeroDuration());
  REQUIRE(recording.Finish().ok());
  const absl::StatusOr<tape::PlayResult> played = tape::Play(recording.bytes);
  REQUIRE(played.ok());
  CHECK(played->status.ok());
  CHECK_FALSE(played->difference.has_value());
  CHECK(played->events == 4);
  CHECK(played->by_kind.at("MakeOffer") == 1);
  CHECK(played->end == tape::EndReason::kCurrent);
  CHECK(Eventually([&] { return f.service.open_streams() == 0; }));
}

TEST_CASE("a run that is followed brings what comes, and ends when the time is over") {
  ServiceFixture f;
  f.operations.Serve("bank");
  f.operations.With("bank", Work);
  Recording recording(f, absl::Seconds(1));
  REQUIRE(recording.ReadBlock());  // the head
  REQUIRE(recording.ReadBlock());
  f.operations.With("bank", [](FakePool& pool) { Tell(pool, engine::MatchingClosed{}); });
  REQUIRE(recording.Finish().ok());
  const absl::StatusOr<tape::PlayResult> played = tape::Play(recording.bytes);
  REQUIRE(played.ok());
  CHECK(played->status.ok());
  CHECK_FALSE(played->difference.has_value());
  CHECK(played->events == 5);
}

TEST_CASE("recording ends when somebody leaves") {
  ServiceFixture f;
  f.operations.Serve("bank");
  f.operations.With("bank", Work);
  Recording recording(f, absl::Hours(1));
  REQUIRE(recording.ReadBlock());
  REQUIRE(recording.ReadBlock());
  SECTION("the client") {
    recording.context.TryCancel();
    CHECK(absl::IsCancelled(recording.Finish()));
  }
  SECTION("the pool") {
    f.operations.Drop("bank");
    CHECK(ErrorReason(recording.Finish()) == "POOL_NOT_SERVED");
  }
  SECTION("the service") {
    f.service.EndStreams();
    CHECK(ErrorReason(recording.Finish()) == "DRAINING");
    CHECK(ErrorReason(Recording(f, absl::Hours(1)).Finish()) == "DRAINING");
  }
  // What came is a tape, once it is ended.
  recording.bytes += tape::BlockWriter::After(recording.bytes).End(tape::EndReason::kInterrupted);
  const absl::StatusOr<tape::PlayResult> played = tape::Play(recording.bytes);
  REQUIRE(played.ok());
  CHECK(played->status.ok());
  CHECK(played->events == 4);
  CHECK(Eventually([&] { return f.service.open_streams() == 0; }));
}

TEST_CASE("recordings are bounded, and say what is wrong with a request") {
  ServiceFixture f;
  f.operations.Serve("bank");
  std::vector<std::unique_ptr<Recording>> recordings;
  for (size_t n = 0; n < kMaxTapeStreams; ++n) {
    recordings.push_back(std::make_unique<Recording>(f, absl::Hours(1)));
    REQUIRE(recordings.back()->ReadBlock());
  }
  CHECK(ErrorReason(Recording(f, absl::Hours(1)).Finish()) == "TOO_MANY_TAPES");
  CHECK(ErrorField(Recording(f, absl::Hours(25)).Finish()) == "follow");
  CHECK(ErrorField(Recording(f, -absl::Seconds(1)).Finish()) == "follow");
  for (auto& recording : recordings) recording->context.TryCancel();
  CHECK(Eventually([&] { return f.service.open_streams() == 0; }));
}

}  // namespace
}  // namespace muster::matcher
