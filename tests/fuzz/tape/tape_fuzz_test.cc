// Tapes of bytes that look random, and good tapes with bytes changed. `tape_fuzzer` does the same
// under libFuzzer.
#include <string>

#include "services/matcher/tape/recorder.h"
#include "services/matcher/tape/tape.h"
#include "tests/fuzz/engine/choices.h"
#include "tests/fuzz/tape/tape_input.h"
#include "tests/support/catch.h"

namespace muster::fuzz {
namespace {

std::string GoodEvents() {
  tape::EventWriter writer;
  std::string bytes;
  absl::Time now = absl::FromUnixSeconds(1'700'000'000);
  engine::Engine engine({});
  engine::Effects effects;
  const auto tell = [&](const engine::Event& event) {
    now += absl::Milliseconds(1500);
    effects.clear();
    engine.Apply(event, now, &effects);
    writer.Append(event, now, effects, &bytes);
  };
  tell(engine::QueueChanged{"card", {.required_skills = {{"chat", 2}}}});
  tell(engine::AgentChanged{{.agent_id = "ann",
                             .skills = {{"chat", 3}},
                             .languages = {"en", "pt"},
                             .presence = engine::Presence::kOnline}});
  tell(engine::MatchingOpened{});
  for (int t = 0; t < 10; ++t) {
    tell(engine::TicketQueued{{"t" + std::to_string(t), "card", now}});
    tell(engine::OfferAccepted{{1, static_cast<std::uint64_t>(t + 1)}, "ann", 2});
    tell(engine::AssignmentCompleted{{1, static_cast<std::uint64_t>(t + 1)}, "ann", 3});
  }
  return bytes;
}

TEST_CASE("any bytes are read as a tape without harm") {
  for (std::uint64_t seed = 1; seed <= 400; ++seed) {
    INFO("seed " << seed);
    const std::string bytes = RandomBytes(seed, seed % 300);
    REQUIRE(TryTape(bytes) == "");
    REQUIRE(TryEvents(bytes) == "");
    // Behind a good beginning.
    tape::BlockWriter blocks;
    std::string file = blocks.Begin({"bank", "fuzz", {}});
    file += blocks.Events(bytes);
    file += blocks.End(tape::EndReason::kCurrent);
    REQUIRE(TryTape(file) == "");
  }
}

TEST_CASE("good events with bytes changed are read, or told to be wrong") {
  const std::string good = GoodEvents();
  REQUIRE(TryEvents(good) == "");
  for (std::uint64_t seed = 1; seed <= 600; ++seed) {
    INFO("seed " << seed);
    const std::string changes = RandomBytes(seed, 6);
    std::string bytes = good;
    for (std::size_t i = 0; i + 1 < changes.size(); i += 2) {
      bytes[static_cast<unsigned char>(changes[i]) * 7919u % bytes.size()] = changes[i + 1];
    }
    REQUIRE(TryEvents(bytes) == "");
    tape::BlockWriter blocks;
    std::string file = blocks.Begin({"bank", "fuzz", {}});
    file += blocks.Events(bytes);
    file += blocks.End(tape::EndReason::kFull);
    REQUIRE(TryTape(file) == "");
  }
}

}  // namespace
}  // namespace muster::fuzz
