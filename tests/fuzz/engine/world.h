// A small world in which everything collides, driven by a tape of bytes: each byte is a choice of
// what happens next. After each event the ledger is asked whether all is as it must be.
//
// Not thread-safe.
//
//   World world(Bug::kNone, bytes);
//   if (std::string wrong = world.Run(); !wrong.empty()) Print(wrong, world.Tail());
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "tests/fuzz/engine/choices.h"
#include "tests/fuzz/engine/ledger.h"
#include "tests/fuzz/engine/subject.h"

namespace muster::fuzz {

class World {
 public:
  World(Bug bug, std::string_view bytes);

  // Until the bytes are used up or something is wrong: what; or "".
  std::string Run();

  // Events and effects as text, for people; kept only if asked for.
  void KeepLog() { keep_log_ = true; }
  const std::vector<std::string>& log() const { return log_; }
  std::string Tail() const;
  std::size_t events() const { return events_; }

 private:
  void Step(const engine::Event& event, absl::Time at);
  engine::Event Next();
  engine::Event Queue();
  engine::Event Pool();
  engine::Event Agent();
  engine::Event Ticket(bool details);
  engine::Event Restored();
  engine::Event Operations();
  engine::Event OfferAct();
  engine::Event AssignmentAct();
  std::vector<engine::SkillLevel> Skills(std::uint64_t most);
  std::string AnyTicket();
  // One of those by number; now and then one that is over, or never was.
  template <class Map>
  engine::OfferId PickOf(const Map& map);
  template <class Map>
  std::string OwnerOf(const Map& map, const engine::OfferId& id);

  const Bug bug_;
  Choices choices_;
  std::unique_ptr<Subject> subject_;
  Ledger ledger_;
  absl::Time now_ = absl::FromUnixSeconds(1'700'000'000);
  engine::Effects effects_;
  engine::ActToken act_ = 0;
  std::uint64_t tickets_made_ = 0;
  std::uint64_t restored_made_ = 0;
  std::string wrong_;
  bool keep_log_ = false;
  std::vector<std::string> log_;
  std::size_t events_ = 0;
};

}  // namespace muster::fuzz
