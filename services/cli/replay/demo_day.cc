#include "services/cli/replay/demo_day.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_format.h"

namespace muster::replay {
namespace {

constexpr double kHour = 3600;
constexpr double kOpens = 10 * kHour;
constexpr double kCloses = 16 * kHour;
constexpr int kStaffLooksEvery = 60;
constexpr double kPi = 3.14159265358979323846;

// From when on, so many customers an hour and agents there.
struct Part {
  double from_s;
  double customers_per_hour;
  size_t agents;
};
constexpr Part kArrivals[] = {
    {kOpens, 60, 6}, {11 * kHour, 90, 9}, {12 * kHour, 150, 15}, {14 * kHour, 100, 10}};

struct Queue {
  const char* id;
  double share;  // of the customers
  double median_handle_s;
  double spread;  // sigma of the logarithm
  const char* subjects[3];
};
constexpr Queue kQueues[] = {
    {"orders",
     0.4,
     200,
     0.6,
     {"Where is my parcel?", "Can I change the delivery address?", "One item is missing"}},
    {"payments",
     0.3,
     240,
     0.7,
     {"I was charged twice", "My refund has not arrived", "My card is not accepted"}},
    {"setup",
     0.2,
     360,
     0.8,
     {"It will not connect to the network", "How do I reset it?", "The app cannot find it"}},
    {"returns",
     0.1,
     180,
     0.5,
     {"How do I send this back?", "It came broken", "May I swap it for a larger one?"}}};

constexpr double kMeanPatience = 240;
constexpr double kPriorityShare = 1.0 / 12;
constexpr double kShortestShift = 45 * 60;
constexpr double kLongestShift = 120 * 60;
constexpr double kSecondSkillShare = 0.45;
constexpr int kAllSkillsEvery = 4;  // every fourth agent serves all queues

// The standard library's distributions differ between its makers; these do not.
class Dice {
 public:
  explicit Dice(uint64_t seed) : engine_(seed) {}

  // Within [0, 1).
  double Uniform() { return std::ldexp(static_cast<double>(engine_() >> 11), -53); }
  bool Happens(double part) { return Uniform() < part; }
  size_t Below(size_t count) {
    return std::min(static_cast<size_t>(Uniform() * static_cast<double>(count)), count - 1);
  }
  double Exponential(double mean) { return -mean * std::log(1 - Uniform()); }
  double Lognormal(double median, double sigma) {
    const double radius = std::sqrt(-2 * std::log(1 - Uniform()));
    return median * std::exp(sigma * radius * std::cos(2 * kPi * Uniform()));
  }

 private:
  std::mt19937_64 engine_;
};

double EndOf(const Part& part) {
  return &part + 1 == std::end(kArrivals) ? kCloses : (&part + 1)->from_s;
}

const Queue& DrawQueue(Dice& dice) {
  double left = dice.Uniform();
  for (const Queue& queue : kQueues) {
    if (left < queue.share) return queue;
    left -= queue.share;
  }
  return kQueues[0];
}

TraceTicket DrawTicket(double at_s, int64_t number, Dice& dice) {
  const Queue& queue = DrawQueue(dice);
  TraceTicket ticket;
  ticket.number = number;
  ticket.at_s = std::floor(at_s);
  ticket.name = absl::StrFormat("visit-%04d", number);
  ticket.queue = queue.id;
  ticket.priority = dice.Happens(kPriorityShare) ? 1 : 0;
  ticket.customer = absl::StrFormat("customer-%04d", number);
  ticket.handle_s = std::ceil(dice.Lognormal(queue.median_handle_s, queue.spread));
  ticket.patience_s = std::ceil(dice.Exponential(kMeanPatience));
  ticket.subject = queue.subjects[dice.Below(std::size(queue.subjects))];
  return ticket;
}

Trace DrawTrace(Dice& dice) {
  Trace trace;
  for (const Part& part : kArrivals) {
    const double mean_gap = kHour / part.customers_per_hour;
    // A Poisson process forgets: it may begin anew where the rate changes.
    double at_s = part.from_s + dice.Exponential(mean_gap);
    while (at_s < EndOf(part)) {
      trace.push_back(DrawTicket(at_s, static_cast<int64_t>(trace.size()), dice));
      at_s += dice.Exponential(mean_gap);
    }
  }
  return trace;
}

std::set<std::string> DrawSkills(bool all, Dice& dice) {
  std::set<std::string> skills = {DrawQueue(dice).id};
  for (const Queue& queue : kQueues) {
    if (all || dice.Happens(kSecondSkillShare)) skills.insert(queue.id);
  }
  return skills;
}

Roster DrawRoster(Dice& dice) {
  Roster roster;
  for (const Part& part : kArrivals) {
    const int end = static_cast<int>(EndOf(part));
    for (int now = static_cast<int>(part.from_s); now < end; now += kStaffLooksEvery) {
      size_t there = 0;
      for (const Spell& spell : roster) there += spell.offline_s > now ? 1 : 0;
      for (; there < part.agents; ++there) {
        const double shift =
            std::ceil(kShortestShift + dice.Uniform() * (kLongestShift - kShortestShift));
        const size_t number = roster.size() + 1;
        roster.push_back({static_cast<double>(now), std::min(now + shift, kCloses + kShortestShift),
                          absl::StrFormat("agent-%03d", number),
                          DrawSkills(number % kAllSkillsEvery == 0, dice)});
      }
    }
  }
  return roster;
}

}  // namespace

DemoDay MakeDemoDay(uint64_t seed) {
  Dice dice(seed);
  DemoDay day;
  day.trace = DrawTrace(dice);
  day.roster = DrawRoster(dice);
  return day;
}

}  // namespace muster::replay
