// Whole tapes: damage is found wherever it is, the recorder keeps its bound, and playing proves
// equality or tells the first difference.
#include <map>
#include <string>

#include "services/matcher/tape/player.h"
#include "services/matcher/tape/recorder.h"
#include "tests/support/catch.h"
#include "tests/unit/matcher/tape/events.h"

namespace muster::tape {
namespace {

constexpr engine::EngineOptions kOptions = {.epoch = 7, .first_offer_number = 100};

// "" if the tape can be read to its end.
std::string ReadAll(std::string_view bytes) {
  absl::StatusOr<TapeReader> tape = TapeReader::Open(bytes);
  if (!tape.ok()) return tape.status().ToString();
  while (true) {
    const auto event = tape->Next();
    if (!event.ok()) return event.status().ToString();
    if (!event->has_value()) return "";
  }
}

TEST_CASE("a tape that is cut off anywhere is told to be") {
  const std::string tape = TapeOfRun(kOptions, 6);
  REQUIRE(ReadAll(tape).empty());
  for (std::size_t size = 0; size < tape.size(); ++size) {
    INFO("cut to " << size << " of " << tape.size() << " bytes");
    CHECK_FALSE(ReadAll(std::string_view(tape).substr(0, size)).empty());
  }
}

TEST_CASE("a tape with any byte changed, and one with a byte too many, is told to be damaged") {
  const std::string tape = TapeOfRun(kOptions, 3);
  for (std::size_t i = 0; i < tape.size(); ++i) {
    for (const int bit : {0, 7}) {
      std::string damaged = tape;
      damaged[i] = static_cast<char>(damaged[i] ^ (1 << bit));
      INFO("bit " << bit << " of byte " << i);
      CHECK_FALSE(ReadAll(damaged).empty());
    }
  }
  CHECK_FALSE(ReadAll(tape + "x").empty());
}

TEST_CASE("what is wrong with a file is said in its code") {
  std::string other = TapeOfRun(kOptions, 1);
  other[kMagic.size()] = 99;
  const absl::Status status = TapeReader::Open(other).status();
  CHECK(absl::IsFailedPrecondition(status));
  CHECK(std::string(status.message()).find("version 99") != std::string::npos);
  CHECK(absl::IsInvalidArgument(TapeReader::Open("").status()));
  CHECK(absl::IsInvalidArgument(TapeReader::Open("MUSTER? certainly not").status()));
  CHECK(absl::IsDataLoss(TapeReader::Open(other.substr(0, kMagic.size())).status()));
}

TEST_CASE("blocks left out or exchanged are noticed") {
  BlockWriter blocks;
  const std::string head = blocks.Begin({"bank", "test", kOptions});
  EventWriter writer;
  std::string a, b;
  writer.Append(engine::MatchingOpened{}, kStart, {}, &a);
  writer.Append(engine::MatchingClosed{}, kStart, {}, &b);
  a = blocks.Events(a);
  b = blocks.Events(b);
  const std::string end = blocks.End(EndReason::kFull);
  CHECK(ReadAll(head + a + b + end).empty());
  CHECK_FALSE(ReadAll(head + b + a + end).empty());
  CHECK_FALSE(ReadAll(head + a + end).empty());
  CHECK_FALSE(ReadAll(head + a + b).empty());
  // One who knows the last block only can go on.
  CHECK(ReadAll(head + a + b + BlockWriter::After(b).End(EndReason::kInterrupted)).empty());
}

TEST_CASE("the recorder gives the same events in parts, and ends at its bound") {
  for (const std::size_t bound : {std::size_t{1} << 20, std::size_t{200'000}, std::size_t{1000}}) {
    INFO("bound " << bound);
    Recorder recorder({"bank", "test", kOptions}, bound);
    std::uint64_t told = 0, from = 0, events_in_parts = 0;
    EventReader reader;
    const auto read = [&] {
      while (true) {
        const TapePart part = recorder.Read(from);
        from = part.next;
        for (ByteSource source(part.events); !source.empty(); ++events_in_parts) {
          REQUIRE(reader.Next(&source).ok());
        }
        if (!part.more) return part;
      }
    };
    PlayRun(kOptions, 3000, [&](const auto& event, absl::Time now, const auto& effects) {
      recorder.Add(event, now, effects);
      if (++told % 1000 == 0) read();
    });
    const TapePart last = read();
    CHECK(recorder.bytes() <= bound);
    CHECK(from == recorder.bytes());
    const bool whole = events_in_parts == told;
    CHECK(whole == !last.end.has_value());
    CHECK((whole || last.end == EndReason::kFull));
    CHECK(events_in_parts > 0);
  }
  Recorder off({"bank", "test", kOptions}, 0);
  off.Add(engine::MatchingOpened{}, kStart, {});
  CHECK_FALSE(off.on());
  CHECK(off.bytes() == 0);
}

TEST_CASE("an event beyond the limits ends the recording, and says so") {
  Recorder recorder({"bank", "test", kOptions}, 1 << 20);
  recorder.Add(engine::MatchingOpened{}, kStart, {});
  const std::size_t before = recorder.bytes();
  recorder.Add(engine::QueueRemoved{std::string(kMaxTextBytes + 1, 'x')}, kStart, {});
  recorder.Add(engine::MatchingClosed{}, kStart, {});
  CHECK(recorder.bytes() == before);
  CHECK(recorder.Read(0).end == EndReason::kBeyondLimits);
}

TEST_CASE("playing a tape leads to the same effects") {
  for (const bool record_decisions : {false, true}) {
    engine::EngineOptions options = kOptions;
    options.record_decisions = record_decisions;
    const absl::StatusOr<PlayResult> result = Play(TapeOfRun(options, 200));
    REQUIRE(result.ok());
    CHECK(result->status.ok());
    CHECK_FALSE(result->difference.has_value());
    CHECK(result->head.pool_id == "bank");
    CHECK(result->events > 600);
    CHECK(result->by_kind.at("MakeOffer") > 100);
    CHECK(result->by_kind.at("Assign") > 100);
    CHECK(result->first > kStart);
    CHECK(result->last > result->first);
  }
}

TEST_CASE("marks are equal where the text of the effects is, and only there") {
  engine::EngineOptions options = kOptions;
  options.record_decisions = true;
  std::map<std::string, std::string> by_text, by_mark;
  EffectsMark mark;
  std::string scratch;
  PlayRun(options, 100, [&](const auto&, absl::Time, const engine::Effects& effects) {
    std::string text;
    for (const engine::Effect& effect : effects) text += DebugString(effect) + "\n";
    MarkOf(effects, &mark, &scratch);
    const std::string marked = mark.kinds + "/" + std::to_string(mark.hash);
    CHECK(by_text.emplace(text, marked).first->second == marked);
    CHECK(by_mark.emplace(marked, text).first->second == text);
  });
  CHECK(by_text.size() > 100);
}

TEST_CASE("playing tells the first difference") {
  // The same events, but recorded by an engine that numbers offers otherwise.
  engine::EngineOptions other = kOptions;
  other.first_offer_number = 101;
  const std::string tape = TapeOfRun(other, 10);
  BlockWriter blocks, wrong;
  const std::size_t head = blocks.Begin({"bank", "test", other}).size();
  const std::size_t frame = 1 + 4 + 8;
  const std::string events = tape.substr(head + 5, tape.size() - head - frame - (frame + 1));
  std::string changed = wrong.Begin({"bank", "test", kOptions});
  changed += wrong.Events(events);
  changed += wrong.End(EndReason::kCurrent);
  const absl::StatusOr<PlayResult> result = Play(changed);
  REQUIRE(result.ok());
  CHECK(result->status.ok());
  REQUIRE(result->difference.has_value());
  CHECK(result->difference->event_number == result->events);
  CHECK(result->difference->event.find("TicketQueued{") == 0);
  CHECK(result->difference->recorded.find("MakeOffer") == 0);
  REQUIRE_FALSE(result->difference->played.empty());
  CHECK(result->difference->played[0].find("id=7/100") != std::string::npos);
}

TEST_CASE("a damaged tape is played as far as it goes") {
  std::string tape = TapeOfRun(kOptions, 10);
  tape.resize(tape.size() - 5);
  const absl::StatusOr<PlayResult> result = Play(tape);
  REQUIRE(result.ok());
  CHECK(absl::IsDataLoss(result->status));
  CHECK(result->events > 20);
  CHECK_FALSE(result->difference.has_value());
}

}  // namespace
}  // namespace muster::tape
