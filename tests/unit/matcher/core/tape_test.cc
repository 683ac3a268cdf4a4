// The tape that a pool runner keeps: everything that its engine was told, from the first event on.
#include "common/base/errors.h"
#include "services/matcher/tape/player.h"
#include "tests/support/catch.h"
#include "tests/unit/matcher/core/pool_tester.h"

namespace muster::matcher {
namespace {

absl::StatusOr<std::string> TapeOf(const PoolRunner& runner) {
  absl::StatusOr<std::string> tape = absl::UnknownError("no answer");
  runner.ReadTape(0, [&](absl::StatusOr<TapeView> view) {
    if (!view.ok()) {
      tape = view.status();
      return;
    }
    tape::BlockWriter blocks;
    std::string bytes = blocks.Begin(view->head);
    bytes += blocks.Events(view->part.events);
    bytes += blocks.End(view->part.end.value_or(tape::EndReason::kCurrent));
    tape = std::move(bytes);
  });
  return tape;
}

void Work(PoolTester& pool) {
  pool.AddAgent("ann");
  const std::string first = pool.Serve("ann", "t-1");
  pool.AddTicket("t-2");
  pool.Complete("ann", first);
  pool.Run();
  pool.Advance(absl::Seconds(100));  // the offer expires
  pool.Run();
}

TEST_CASE("the tape of a run, and of the run after a restart, plays to the same effects") {
  PoolTester pool(/*open=*/false);
  pool.options.tape_bytes = 1 << 20;
  pool.Restart();
  pool.Open();
  Work(pool);
  for (const bool restarted : {false, true}) {
    INFO("restarted " << restarted);
    if (restarted) {
      pool.Serve("ann", "t-3");
      pool.Restart();
      pool.Open();
      pool.Run();
    }
    const absl::StatusOr<std::string> tape = TapeOf(*pool.runner);
    REQUIRE(tape.ok());
    const absl::StatusOr<tape::PlayResult> played = tape::Play(*tape);
    REQUIRE(played.ok());
    CHECK(played->status.ok());
    CHECK_FALSE(played->difference.has_value());
    CHECK(played->head.options.epoch == static_cast<uint64_t>(pool.options.epoch));
    CHECK(played->events > (restarted ? 3 : 7));
    if (!restarted) CHECK(played->by_kind.at("MakeOffer") >= 2);
  }
}

TEST_CASE("no tape is kept where none is wanted") {
  PoolTester pool;
  Work(pool);
  CHECK(ErrorReason(TapeOf(*pool.runner).status()) == "TAPE_OFF");
}

}  // namespace
}  // namespace muster::matcher
