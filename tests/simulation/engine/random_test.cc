// Random streams of events: the engine against the plain model, its invariants, and itself.
#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include "services/matcher/engine/engine.h"
#include "tests/simulation/engine/naive_matcher.h"
#include "tests/simulation/engine/random_events.h"
#include "tests/support/catch.h"

namespace muster::engine {
namespace {

constexpr std::uint64_t kEpoch = 2;
constexpr int kSeeds = 12;
constexpr int kEvents = 1500;

// Kinds of effects, and reasons: all of them must occur in the play.
const char* const kMustHappen[] = {"  MakeOffer{",
                                   "  MoveDeadline{",
                                   "  Assign{",
                                   "  StartWrapUp{",
                                   "  RequeueTicket{",
                                   "  ExpireTicket{",
                                   "  HoldTicket{",
                                   "  PauseAgent{",
                                   "  ResendToAgent{",
                                   "TAKEN",
                                   "TICKET_HELD",
                                   "AGENT_LOST",
                                   "  Unchanged{",
                                   "outcome=ACCEPTED",
                                   "outcome=DECLINED",
                                   "NOT_ACKNOWLEDGED",
                                   "NOT_ANSWERED",
                                   "TICKET_GONE",
                                   "AGENT_OFFLINE",
                                   "AGENT_PAUSED",
                                   "AGENT_REMOVED",
                                   "NO_LONGER_ELIGIBLE",
                                   "CAPACITY_REDUCED",
                                   "QUEUE_REMOVED",
                                   "MATCHING_CLOSED",
                                   "ASSIGNED_ELSEWHERE",
                                   "REQUEUED",
                                   "TRANSFERRED",
                                   "COMPLETED_BY_AGENT",
                                   "AFTER_WORK_ELAPSED",
                                   "NO_AFTER_WORK",
                                   "CUSTOMER_LEFT",
                                   "TICKET_CLOSED",
                                   "OFFER_NOT_FOUND",
                                   "OFFER_NOT_YOURS",
                                   "OFFER_EXPIRED",
                                   "OFFER_DECLINED",
                                   "OFFER_REVOKED",
                                   "OFFER_ACCEPTED",
                                   "ASSIGNMENT_NOT_FOUND",
                                   "ASSIGNMENT_NOT_YOURS",
                                   "ASSIGNMENT_COMPLETED",
                                   "TICKET_NOT_FOUND",
                                   "TICKET_RESOLVED",
                                   "QUEUE_NOT_FOUND",
                                   "AGENT_NOT_FOUND",
                                   "AGENT_NOT_AVAILABLE"};

ActToken ActOf(const Event& event) {
  return std::visit(
      [](const auto& e) -> ActToken {
        if constexpr (requires { e.act; }) {
          return e.act;
        } else {
          return 0;
        }
      },
      event);
}

// "" if each act has got its one answer.
std::string CheckAnswers(const Event& event, const Effects& effects) {
  const ActToken act = ActOf(event);
  int answers = 0;
  for (const Effect& effect : effects) {
    const ActToken answered = std::visit(
        [](const auto& e) -> ActToken {
          if constexpr (requires { e.act; }) {
            return e.act;
          } else {
            return 0;
          }
        },
        effect);
    if (answered != 0 && answered != act) return "an answer to another act";
    answers += answered != 0 ? 1 : 0;
  }
  return answers == (act == 0 ? 0 : 1) ? "" : "not one answer";
}

// One run: a world that runs for `kEvents` events. Keeps what was said, for comparison.
class World {
 public:
  explicit World(std::uint64_t seed) : engine_({.epoch = kEpoch}), random_(seed) {}

  // What is wrong after the run; nothing if all was right.
  std::optional<std::string> Run() {
    Step(MatchingOpened{});
    for (int i = 0; i < kEvents; ++i) {
      now_ += random_.Pause();
      // What is due is done first, now and then late; so that the model need not know of timers.
      if (random_.Below(2) == 0) {
        while (engine_.NextWakeup() < now_) Step(TimePassed{}, engine_.NextWakeup());
      }
      Step(TimePassed{});
      Step(random_.Next(model_, now_));
      if (!wrong_.empty()) return wrong_ + "\n" + Tail();
    }
    return std::nullopt;
  }

  const std::vector<std::string>& log() const { return log_; }

 private:
  void Step(const Event& event) { Step(event, now_); }

  void Step(const Event& event, absl::Time at) {
    Effects effects;
    engine_.Apply(event, at, &effects);
    log_.push_back(DebugString(event));
    for (const Effect& e : effects) log_.push_back("  " + DebugString(e));
    model_.Learn(event, effects, at);
    if (!wrong_.empty()) return;
    wrong_ = model_.Complaint();
    if (wrong_.empty()) wrong_ = CheckAnswers(event, effects);
    if (const absl::Status s = engine_.CheckInvariants(); wrong_.empty() && !s.ok()) {
      wrong_ = s.ToString();
    }
    if (wrong_.empty()) wrong_ = CompareTickets();
  }

  // No ticket is lost, and none appears from nowhere.
  std::string CompareTickets() const {
    const auto expected = model_.tickets();
    const PoolStats pool = engine_.Pool();
    for (const auto& [id, state] : expected) {
      const std::optional<TicketView> view = engine_.Ticket(id);
      if (!view) return id + " is lost";
      if (view->state != state) return id + " is in another state than it should be";
    }
    return pool.waiting + pool.offered + pool.assigned + pool.wrap_up == expected.size()
               ? ""
               : "the engine has a ticket too many";
  }

  std::string Tail() const {
    std::string tail;
    for (std::size_t i = log_.size() - std::min<std::size_t>(log_.size(), 30); i < log_.size();
         ++i) {
      tail += log_[i] + "\n";
    }
    return tail;
  }

  Engine engine_;
  NaiveMatcher model_;
  RandomEvents random_;
  absl::Time now_ = absl::FromUnixSeconds(1'700'000'000);
  std::vector<std::string> log_;
  std::string wrong_;
};

TEST_CASE("random events: the engine decides as the plain model does, and loses nothing") {
  std::string all;
  for (std::uint64_t seed = 1; seed <= kSeeds; ++seed) {
    INFO("seed " << seed);
    World world(seed);
    CHECK(world.Run().value_or("fine") == "fine");
    for (const std::string& line : world.log()) all += line + "\n";
  }
  for (const char* what : kMustHappen) {
    INFO(what);
    const bool happened = all.find(what) != std::string::npos;
    CHECK(happened);
  }
}

TEST_CASE("the same events lead to the same effects, byte for byte") {
  constexpr std::uint64_t kSeed = 4711;
  INFO("seed " << kSeed);
  World first(kSeed);
  World second(kSeed);
  CHECK(first.Run().value_or("fine") == "fine");
  CHECK(second.Run().value_or("fine") == "fine");
  CHECK(first.log() == second.log());
}

}  // namespace
}  // namespace muster::engine
