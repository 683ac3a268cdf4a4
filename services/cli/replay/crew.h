// The agents of a replay: they come and go by the roster, accept every offer at once, work for as
// long as the ticket takes, and complete it. What they say is kept until it is answered, and said
// again, under the same request id, when an answer asks for it, does not come, or the link was cut.
// Who was cut off goes on in the session that it had; a frame that is missing or comes twice is
// trouble.
//
// Threading: one thread. Knows no transport: each agent belongs to a Wire, which carries its frames
// and tells the crew when it is up and what it hears.
//
//   Crew crew(timers, troubles, pool, ears);
//   crew.Add(profile, &wire);
//   crew.Connected(&wire);  crew.Hear(&wire, frame);  crew.Disconnected(&wire);
//   crew.Come("ann");  crew.Go("ann");
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "muster/availability/v1/link.pb.h"
#include "services/cli/replay/history.h"
#include "services/cli/replay/offer_watch.h"
#include "services/cli/replay/schedule.h"
#include "services/cli/replay/timers.h"
#include "services/cli/replay/troubles.h"
#include "services/cli/session_place.h"

namespace muster::replay {

// What every agent says of a conversation that is done.
inline constexpr char kDisposition[] = "solved";

class Wire {
 public:
  virtual ~Wire() = default;
  // A frame that is sent while the wire is down is lost.
  virtual void Send(const availability::v1::AgentFrame& frame) = 0;
};

// Whom the crew tells, and asks.
struct Ears {
  // An offer came, for the first time.
  std::function<void(const availability::v1::OfferNotice&)> offered;
  // An assignment was confirmed. Returns for how long, in real time, the agent is at work.
  std::function<absl::Duration(const intake::v1::Ticket&)> confirmed;
  // The wall clock, for the account of what was told.
  std::function<absl::Time()> now;
};

class Crew {
 public:
  Crew(Timers& timers, Troubles& troubles, std::string pool, Ears ears);

  void Add(const AgentProfile& profile, Wire* wire);

  void Come(const std::string& agent);
  void Go(const std::string& agent);

  void Connected(Wire* wire);
  void Disconnected(Wire* wire);
  void Hear(Wire* wire, const availability::v1::PlatformFrame& frame);

  // The platform has welcomed everybody.
  bool Welcomed() const;
  // Everybody is off duty, has said so, and has nothing unfinished.
  bool Gone() const;
  // The skills of each idle agent that can serve a queue.
  std::vector<const OfferWatch::Skills*> IdleFor(const std::string& queue) const;
  int64_t OnDuty() const;
  int64_t AtWork() const;
  std::vector<ToldAssignment> Told() const { return told_; }

 private:
  using Frame = availability::v1::AgentFrame;

  // Something said and not yet answered.
  struct Act {
    Frame frame;
    int tries = 0;
  };
  struct Job {
    size_t told = 0;  // its place in told_
    bool over = false;
  };
  struct Agent {
    std::string id;
    OfferWatch::Skills skills;
    Wire* wire = nullptr;
    cli::SessionPlace place;
    bool welcomed = false;
    bool on_duty = false;
    Wish said = Wish::kOffline;    // in the last hello or presence change
    std::optional<Wish> heard;     // what the platform last confirmed
    std::string presence_request;  // of the last presence change, unanswered
    int presence_tries = 0;
    std::map<std::string, Act> acts;  // by request id
    std::set<std::string> offers;     // accepted, unanswered
    std::map<std::string, Job> jobs;  // by assignment id

    bool AtWork() const;
    bool Idle() const;
  };

  void SayHello(Agent& agent);
  // Says whether the agent wants work, if that is not what it last said.
  void SayPresence(Agent& agent);
  void RepeatPresence(Agent& agent, absl::Duration wait);
  void Say(Agent& agent, Frame frame);
  void Transmit(Agent& agent, const std::string& request_id);

  void HearAll(Agent& agent);
  void HearWelcome(Agent& agent, const availability::v1::PlatformFrame::Welcome& welcome);
  void HearAnswer(Agent& agent, const availability::v1::PlatformFrame::Answer& answer);
  void HearPresenceAnswer(Agent& agent, const absl::Status& status);
  void HearActAnswer(Agent& agent, const std::string& request_id, const absl::Status& status);
  void HearOffer(Agent& agent, const availability::v1::OfferNotice& offer);
  void HearConfirmed(Agent& agent, const availability::v1::AssignmentConfirmed& confirmed);
  void HearEnded(Agent& agent, const availability::v1::AssignmentEnded& ended);
  void FinishWork(Agent& agent, const std::string& assignment);
  void EndJob(Agent& agent, const std::string& assignment);

  Timers& timers_;
  Troubles& troubles_;
  const std::string pool_;
  const Ears ears_;
  std::map<std::string, Agent> agents_;
  std::vector<ToldAssignment> told_;
};

}  // namespace muster::replay
