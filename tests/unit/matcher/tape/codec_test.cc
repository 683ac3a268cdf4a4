// Events as bytes: whatever is written is read again, and nothing else is read as an event.
#include <set>
#include <string>

#include "services/matcher/tape/event_codec.h"
#include "tests/support/catch.h"
#include "tests/unit/matcher/tape/events.h"

namespace muster::tape {
namespace {

std::string BytesOf(const std::vector<engine::Event>& events, absl::Time now) {
  EventWriter writer;
  std::string bytes;
  for (const engine::Event& event : events) REQUIRE(writer.Append(event, now, {}, &bytes));
  return bytes;
}

TEST_CASE("every kind of event comes back as it was, alone and among others") {
  std::set<std::size_t> kinds;
  for (const engine::Event& event : EveryEvent()) {
    INFO(DebugString(event));
    kinds.insert(event.index());
    const std::string bytes = BytesOf({event}, kStart);
    ByteSource source(bytes);
    const absl::StatusOr<TapedEvent> back = EventReader().Next(&source);
    REQUIRE(back.ok());
    CHECK(source.empty());
    CHECK(back->now == kStart);
    CHECK(DebugString(back->event) == DebugString(event));
    CHECK(BytesOf({back->event}, kStart) == bytes);
  }
  CHECK(kinds.size() == std::variant_size_v<engine::Event>);

  // Twice: the second time, texts are numbers.
  const std::string bytes = BytesOf(EveryEvent(), kStart) + "";
  ByteSource source(bytes);
  EventReader reader;
  for (const engine::Event& event : EveryEvent()) {
    const absl::StatusOr<TapedEvent> back = reader.Next(&source);
    REQUIRE(back.ok());
    CHECK(DebugString(back->event) == DebugString(event));
  }
  CHECK(source.empty());
}

TEST_CASE("any time and any duration comes back") {
  const absl::Duration tick = absl::Nanoseconds(1) / 4;
  const absl::Time times[] = {absl::UnixEpoch(),
                              absl::InfinitePast(),
                              absl::InfiniteFuture(),
                              kStart + tick,
                              kStart - tick,
                              kStart + absl::Hours(24 * 365),
                              kStart - absl::Hours(24 * 366),
                              absl::FromUnixSeconds(-62'135'596'800),
                              absl::FromUnixSeconds(253'402'300'799) + 3 * tick,
                              absl::UnixEpoch() + absl::Seconds(std::int64_t{1} << 61)};
  for (const absl::Time base : {absl::UnixEpoch(), kStart}) {
    for (const absl::Time time : times) {
      INFO(time << " from " << base);
      std::string bytes;
      FieldWriter out(nullptr, base, &bytes);
      out(time, time - kStart);
      ByteSource source(bytes);
      Words words;
      FieldReader in(&words, base, &source);
      absl::Time back;
      absl::Duration duration;
      in(back, duration);
      CHECK(source.ok());
      CHECK(source.empty());
      CHECK(back == time);
      CHECK(duration == time - kStart);
    }
  }
}

TEST_CASE("texts are numbered anew when the words are full") {
  EventWriter writer;
  std::string bytes;
  const auto name = [](std::size_t i) { return "agent-" + std::to_string(i % (kMaxWords + 7)); };
  const std::size_t count = 3 * kMaxWords;
  for (std::size_t i = 0; i < count; ++i) {
    writer.Append(engine::AgentRemoved{name(i)}, kStart, {}, &bytes);
  }
  EventReader reader;
  ByteSource source(bytes);
  bool all = true;
  for (std::size_t i = 0; i < count; ++i) {
    const auto back = reader.Next(&source);
    all = all && back.ok() && std::get<engine::AgentRemoved>(back->event).agent_id == name(i);
  }
  CHECK(all);
  CHECK(source.empty());
}

TEST_CASE("what is beyond the limits is not written") {
  std::string bytes;
  CHECK(EventWriter().Append(engine::QueueRemoved{std::string(kMaxTextBytes, 'x')}, kStart, {},
                             &bytes));
  CHECK_FALSE(EventWriter().Append(engine::QueueRemoved{std::string(kMaxTextBytes + 1, 'x')},
                                   kStart, {}, &bytes));
  engine::AgentChanged agent;
  agent.agent.languages.resize(kMaxListItems + 1);
  CHECK_FALSE(EventWriter().Append(agent, kStart, {}, &bytes));
}

TEST_CASE("an event that is cut off anywhere is told to be") {
  for (const engine::Event& event : EveryEvent()) {
    const std::string bytes = BytesOf({event}, kStart);
    for (std::size_t size = 0; size < bytes.size(); ++size) {
      INFO(DebugString(event) << " cut to " << size);
      ByteSource source(std::string_view(bytes).substr(0, size));
      CHECK(absl::IsDataLoss(EventReader().Next(&source).status()));
    }
  }
}

TEST_CASE("what is no event is refused") {
  const std::pair<const char*, std::string> wrong[] = {
      {"unknown kind", std::string("\x63\0", 2)},
      {"kind 0", std::string("\0\0\0", 3)},
      {"unknown form of time", "\x13\x77"},
      {"a word that there is not", std::string("\x02\0\x09\0", 4)},
      {"an empty new text", std::string("\x02\0\0\0\0", 5)},
      {"a number of more than 64 bits",
       std::string("\x02\0\0", 3) + std::string(9, '\xff') + "\x02"},
      {"a boolean of 2", std::string("\x10\0\x01\x01\x02\0", 6)},
      {"an enum beyond its last", std::string("\x05\0\x01\x02\0", 5)},
      {"more items than bytes", std::string("\x06\0\x01\x7f\0", 5)},
  };
  for (const auto& [what, bytes] : wrong) {
    INFO(what);
    ByteSource source(bytes);
    CHECK(absl::IsDataLoss(EventReader().Next(&source).status()));
  }
}

TEST_CASE("marks differ as soon as anything in the effects does") {
  engine::MakeOffer offer;
  offer.ticket_id = "t";
  offer.waited = absl::Seconds(1);
  std::set<std::pair<std::string, std::uint64_t>> marks;
  const auto add = [&](const engine::Effects& effects) {
    EffectsMark mark;
    std::string scratch;
    MarkOf(effects, &mark, &scratch);
    return marks.insert({mark.kinds, mark.hash}).second;
  };
  CHECK(add({}));
  CHECK(add({offer}));
  CHECK_FALSE(add({offer}));
  CHECK(add({offer, offer}));
  offer.waited += absl::Nanoseconds(1) / 4;
  CHECK(add({offer}));
  offer.ticket_id = "t\x01";
  CHECK(add({offer}));
  offer.deadline = absl::InfiniteFuture();
  CHECK(add({offer}));
  CHECK(add({engine::Unchanged{{1, 2}, 3}}));
  CHECK(add({engine::Unchanged{{1, 3}, 3}}));
  CHECK(add({engine::Unchanged{{1, 3}, 4}}));
  engine::Decision decision;
  CHECK(add({engine::DecisionMade{&decision}}));
  decision.terms.scarcity = -absl::Seconds(1);
  CHECK(add({engine::DecisionMade{&decision}}));
}

}  // namespace
}  // namespace muster::tape
