// Plays a schedule against running services: customers and agents, on one thread, at the given
// pace.
//
// Threading: one thread, which Run blocks.
//
//   Player player(channels, play, options, print_progress);
//   MUSTER_RETURN_IF_ERROR(player.Run());
//   History history = player.Told();
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "services/cli/replay/crew.h"
#include "services/cli/replay/customers.h"
#include "services/cli/replay/event_loop.h"
#include "services/cli/replay/link.h"
#include "services/cli/replay/report.h"

namespace muster::replay {

inline constexpr int kMaxLinks = 64;

struct PlayOptions {
  std::string pool;
  std::string intake;        // addresses
  std::string availability;  // the agents' link
  int links = 1;             // streams that carry the agents
  absl::Duration min_patience;
};

// Where the play is, for whoever watches.
struct Progress {
  double at_s = 0;  // of the trace
  int64_t tickets = 0;
  int64_t waiting = 0;
  int64_t on_duty = 0;
  int64_t at_work = 0;
};

class Player {
 public:
  Player(const Play& play, const PlayOptions& options,
         std::function<void(const Progress&)> progress);
  ~Player();

  // Until everybody has been served or has left, and all agents have gone home; or until
  // `interrupted`. DEADLINE_EXCEEDED if the services leave it hanging: what was told is of use even
  // then.
  absl::Status Run(const std::function<bool()>& interrupted);

  // The told half of the history.
  History Told() const;
  std::vector<absl::Duration> OfferLatencies() const { return watch_.Latencies(); }
  const Troubles& troubles() const { return troubles_; }

 private:
  class IntakeDesk;

  absl::Status Assemble(const std::function<bool()>& interrupted);
  void PlayNext();
  void Happen(const Moment& moment);
  absl::Duration TakeUp(const intake::v1::Ticket& ticket);
  bool Over();
  void SendHome();
  void ShowProgress();
  void Disperse();

  const Play& play_;
  const PlayOptions options_;
  const std::function<void(const Progress&)> progress_;
  const std::vector<Moment> moments_;
  size_t next_ = 0;
  size_t tickets_left_;
  absl::Duration start_;
  absl::Duration last_sign_;  // the latest time at which something has been or will be going on
  Troubles troubles_;
  OfferWatch watch_;
  std::vector<std::unique_ptr<Link>> links_;
  EventLoop loop_;
  std::unique_ptr<IntakeDesk> desk_;
  Crew crew_;
  Customers customers_;
};

}  // namespace muster::replay
