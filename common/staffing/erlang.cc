#include "common/staffing/erlang.h"

#include <algorithm>
#include <cmath>

#include "absl/status/status.h"

namespace muster::staffing {
namespace {

// Below this part of the likeliest state's chance a state no longer counts.
constexpr double kNegligible = 1e-22;

absl::Status Endless() {
  return absl::FailedPreconditionError("the line grows without end: too few agents");
}

absl::Status Check(const Line& line) {
  const bool sensible = line.arrivals_per_s > 0 && std::isfinite(line.arrivals_per_s) &&
                        line.service_s > 0 && std::isfinite(line.service_s) && line.agents > 0 &&
                        line.patience_s > 0;
  if (!sensible) {
    return absl::InvalidArgumentError("rate, times and agents of a line must be greater than 0");
  }
  if (line.patience_s == kForever && !line.waiting_places &&
      line.arrivals_per_s * line.service_s >= line.agents) {
    return Endless();
  }
  return absl::OkStatus();
}

// Rates of a line with k customers in it.
struct Rates {
  explicit Rates(const Line& line)
      : agents(line.agents),
        arrive(line.arrivals_per_s),
        serve(1 / line.service_s),
        leave(line.patience_s == kForever ? 0 : 1 / line.patience_s) {}

  double Departures(std::uint64_t k) const {
    const auto busy = static_cast<double>(std::min(k, agents));
    const auto waiting = static_cast<double>(k > agents ? k - agents : 0);
    return busy * serve + waiting * leave;
  }

  const std::uint64_t agents;
  const double arrive, serve, leave;
};

// The greatest k that is no less likely than k - 1, at most `last`.
std::uint64_t LikeliestState(const Line& line, const Rates& rates, std::uint64_t last) {
  const double all_serve = rates.serve * line.agents;
  double k = rates.arrive / rates.serve;
  if (k >= line.agents) {
    if (rates.leave == 0) return last;
    k = line.agents + (rates.arrive - all_serve) / rates.leave;
  }
  return static_cast<std::uint64_t>(std::min(k, static_cast<double>(last)));
}

// Sums over the states of a line, each weighed by its chance as a part of the likeliest one's.
struct Sums {
  double all = 0, waits = 0, blocked = 0, waiting = 0, busy = 0;

  void Add(const Line& line, std::uint64_t k, std::uint64_t last, double weight) {
    all += weight;
    busy += weight * static_cast<double>(std::min<std::uint64_t>(k, line.agents));
    if (k < line.agents) return;
    waiting += weight * static_cast<double>(k - line.agents);
    (line.waiting_places && k == last ? blocked : waits) += weight;
  }
};

// The logarithm of how likely a wait of exactly x is, apart from a constant: concave in x. Of a
// customer who would never leave, while the others do.
class WaitDensity {
 public:
  WaitDensity(const Line& line, const Rates& rates)
      : arrive_(rates.arrive),
        leave_(rates.leave),
        serve_(rates.serve * line.agents),
        peak_(arrive_ > serve_ ? std::log(arrive_ / serve_) / leave_ : 0),
        peak_log_(Log(peak_)) {}

  // As a part of the greatest.
  double At(double x) const { return std::exp(Log(x) - peak_log_); }

  // Integral of At from `from` on, by Simpson's rule where it counts.
  double After(double from) const {
    const double top = std::max(from, peak_);
    const double lowest = Log(top) - peak_log_ - kDepth;
    const double low = Reach(top, from - top, lowest);
    // Far enough that the fall has surely passed the depth: twice as far each time.
    double width = 1 / serve_;
    while (Log(top + width) - peak_log_ > lowest) width *= 2;
    const double high = Reach(top, width, lowest);
    const double step = (high - low) / kPanels;
    double sum = At(low) + At(high);
    for (int i = 1; i < kPanels; ++i) sum += At(low + step * i) * (i % 2 == 0 ? 2 : 4);
    return sum * step / 3;
  }

 private:
  static constexpr int kPanels = 2'000;
  static constexpr double kDepth = 45;  // e^-45 of the top counts for nothing
  static constexpr int kHalvings = 60;

  double Log(double x) const {
    const double came = leave_ == 0 ? x : -std::expm1(-leave_ * x) / leave_;
    return arrive_ * came - serve_ * x;
  }

  // The point between top and top + width where the density has fallen to `lowest`, or the end.
  double Reach(double top, double width, double lowest) const {
    if (Log(top + width) - peak_log_ >= lowest) return top + width;
    double inside = 0, outside = 1;
    for (int i = 0; i < kHalvings; ++i) {
      const double middle = (inside + outside) / 2;
      (Log(top + width * middle) - peak_log_ >= lowest ? inside : outside) = middle;
    }
    return top + width * inside;
  }

  const double arrive_, leave_, serve_;
  const double peak_, peak_log_;
};

}  // namespace

double ErlangB(std::uint32_t agents, double erlangs) {
  if (erlangs <= 0) return 0;
  double blocked = 1;
  for (std::uint32_t n = 1; n <= agents; ++n) {
    blocked = erlangs * blocked / (n + erlangs * blocked);
  }
  return blocked;
}

double ErlangC(std::uint32_t agents, double erlangs) {
  if (erlangs >= agents) return 1;
  const double blocked = ErlangB(agents, erlangs);
  return agents * blocked / (agents - erlangs * (1 - blocked));
}

absl::StatusOr<LineFigures> FiguresOf(const Line& line) {
  if (absl::Status status = Check(line); !status.ok()) return status;
  const Rates rates(line);
  const std::uint64_t last =
      line.waiting_places ? std::uint64_t{line.agents} + *line.waiting_places : kMaxStates;
  const std::uint64_t likeliest = LikeliestState(line, rates, last);
  if (likeliest >= kMaxStates) return Endless();
  Sums sums;
  sums.Add(line, likeliest, last, 1);
  double weight = 1;
  for (std::uint64_t k = likeliest; k > 0 && weight > kNegligible; --k) {
    weight *= rates.Departures(k) / rates.arrive;
    sums.Add(line, k - 1, last, weight);
  }
  weight = 1;
  for (std::uint64_t k = likeliest + 1; k <= last && weight > kNegligible; ++k) {
    weight *= rates.arrive / rates.Departures(k);
    sums.Add(line, k, last, weight);
    if (k >= kMaxStates) return Endless();
  }
  LineFigures figures;
  figures.waits = sums.waits / sums.all;
  figures.blocked = sums.blocked / sums.all;
  figures.waiting = sums.waiting / sums.all;
  figures.utilization = sums.busy / sums.all / line.agents;
  figures.abandoned = figures.waiting * rates.leave / rates.arrive;
  figures.mean_wait_s = figures.waiting / (rates.arrive * (1 - figures.blocked));  // Little's law
  return figures;
}

absl::StatusOr<LineWithin> WithinOf(const Line& line, double seconds) {
  if (line.waiting_places || !(seconds >= 0)) {
    return absl::InvalidArgumentError("the wait is known only where there is room for everybody");
  }
  absl::StatusOr<LineFigures> figures = FiguresOf(line);
  if (!figures.ok()) return figures.status();
  const Rates rates(line);
  const WaitDensity density(line, rates);
  const double all = density.After(0);
  const double later = density.After(seconds) / all;
  // Who waits x is still there with chance e^(-leave x). With f the density, f' is
  // (arrive e^(-leave x) - serve agents) f, which gives the integral of e^(-leave x) f.
  const double met =
      (density.At(seconds) - density.At(0)) / all + rates.serve * line.agents * (1 - later);
  LineWithin within;
  within.served = 1 - figures->waits + figures->waits * met / rates.arrive;
  within.ended = 1 - figures->waits * later * std::exp(-rates.leave * seconds);
  return within;
}

}  // namespace muster::staffing
