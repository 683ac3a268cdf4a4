// The nouns of the engine: ids, rules, and what it is told of tickets and agents.
//
// Plain values without behaviour: safe to copy to any thread. Text ids are the service's own; the
// engine interns them and works on dense indices.
//
//   QueueRules rules{.required_skills = {{"fr", 2}}, .weight = 1, .offer_timeout =
//   absl::Seconds(20)};
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/time/time.h"

namespace muster::engine {

// Names an offer, and the assignment that it becomes when it is accepted. `epoch` is the matcher's
// hold on the pool, `number` rises within it: so later offers are greater, over restarts as well.
struct OfferId {
  std::uint64_t epoch = 0;
  std::uint64_t number = 0;

  friend bool operator==(const OfferId&, const OfferId&) = default;
  friend bool operator<(const OfferId& a, const OfferId& b) {
    return a.epoch != b.epoch ? a.epoch < b.epoch : a.number < b.number;
  }
  template <typename H>
  friend H AbslHashValue(H h, const OfferId& id) {
    return H::combine(std::move(h), id.epoch, id.number);
  }
};
using AssignmentId = OfferId;

// Marks the call or message that an event came from; effects that answer it carry the same token.
// 0: nobody waits for an answer.
using ActToken = std::uint64_t;

struct SkillLevel {
  std::string skill;
  int level = 1;  // 1 to 5; of a demand: the least level that will do

  friend bool operator==(const SkillLevel&, const SkillLevel&) = default;
};

// Whether a queue or a pool takes part. kPaused: no new offers, open ones go on. kDraining: offers
// go on as ever; that no new tickets come in is intake's business.
enum class Phase { kOpen, kPaused, kDraining };

// From `after` (of waiting, since the ticket's creation) on, less will do: the named skills at
// these levels (0: not needed), any language. Steps add up: a later one changes only what it names.
struct RelaxStep {
  absl::Duration after;
  std::vector<SkillLevel> skills;
  bool any_language = false;

  friend bool operator==(const RelaxStep&, const RelaxStep&) = default;
};

// What a queue asks of the engine. Durations are never negative; absl::InfiniteDuration() is
// "never". Bonuses and prices are at most limits::kMaxPrice.
struct QueueRules {
  std::vector<SkillLevel> required_skills;
  std::vector<SkillLevel> preferred_skills;  // wanted, not needed: see missing_level_price
  std::vector<RelaxStep> relax_steps;        // by rising `after`
  std::uint32_t weight = 1;                  // units of an agent's capacity that a job takes
  absl::Duration priority_ahead;             // its tickets count as having waited this much longer
  absl::Duration offer_timeout = absl::Seconds(20);  // to answer, from the device's acknowledgement
  // To acknowledge, from the making of the offer; zero means offer_timeout. An offer therefore ends
  // at the latest `acknowledge_timeout + offer_timeout` after it was made: at twice the time-out.
  absl::Duration acknowledge_timeout;
  absl::Duration time_to_live = absl::InfiniteDuration();  // of a waiting ticket, from its creation
  absl::Duration after_work_time;                    // the longest WRAP_UP; zero: there is none
  absl::Duration decline_price = absl::Seconds(60);  // until the decliner may see the ticket again
  absl::Duration expiry_price = absl::Seconds(20);   // the same for one who let the offer pass

  // The wait that is promised. From half of it on a ticket grows more urgent, up to target_boost
  // more seconds when it is reached.
  absl::Duration target_wait = absl::Seconds(20);
  absl::Duration target_boost = absl::Seconds(30);
  // What an agent counts less for each level that it is below what is wanted (required, extra and
  // preferred skills together), and for not speaking the ticket's language.
  absl::Duration missing_level_price = absl::Seconds(10);
  absl::Duration missing_language_price = absl::Seconds(30);
  absl::Duration known_agent_bonus = absl::Seconds(60);  // for the ticket's preferred agent
  // After this wait a ticket too heavy for the free units of an agent claims that agent, see
  // engine.h.
  absl::Duration capacity_claim_after = absl::Seconds(60);
  std::uint32_t offers_at_once = 1;  // agents that see a ticket at the same time; 1 to 5
  std::uint32_t most_refusals = 0;   // then the ticket is set aside (HoldTicket); 0: never
  Phase phase = Phase::kOpen;

  friend bool operator==(const QueueRules&, const QueueRules&) = default;
};

// What holds for all queues and agents of a pool.
struct PoolRules {
  absl::Duration fair_window = absl::Minutes(30);   // how far back idleness counts; 0: the last gap
  absl::Duration idle_bound = absl::Seconds(120);   // the most that idleness counts
  absl::Duration loaded_price = absl::Seconds(60);  // of an agent with all its units taken
  bool scarcity = true;                             // keep agents for the lines that lack them
  absl::Duration scarcity_bound = absl::Seconds(30);
  std::uint32_t most_offers_per_agent = 0;    // open at once; 0: as its capacity allows
  std::uint32_t ignored_offers_to_pause = 3;  // in a row; 0: never
  Phase phase = Phase::kOpen;

  friend bool operator==(const PoolRules&, const PoolRules&) = default;
};

struct TicketSpec {
  std::string ticket_id;
  std::string queue_id;
  absl::Time create_time;
  absl::Duration priority_ahead;         // on top of its queue's
  std::string language;                  // empty: any
  std::vector<SkillLevel> extra_skills;  // on top of its queue's; the higher level counts
  std::string preferred_agent_id;        // empty: none
  // Its agent was lost in the middle of the work (AssignmentLost): it comes before all others, from
  // then on and whatever is told later.
  bool interrupted = false;

  friend bool operator==(const TicketSpec&, const TicketSpec&) = default;
};

enum class Presence { kOffline, kOnline, kPaused, kDraining };

struct AgentSpec {
  std::string agent_id;
  std::vector<SkillLevel> skills;
  std::vector<std::string> languages;
  std::uint32_t capacity = 1;  // units
  Presence presence = Presence::kOffline;
  // When the presence began: the start of an online agent's idleness. InfinitePast: as of the
  // event.
  absl::Time presence_time = absl::InfinitePast();
  bool connected = true;   // false: it keeps its offers, and gets no new ones
  std::string session_id;  // a new one makes the engine ask that everything be sent again

  friend bool operator==(const AgentSpec&, const AgentSpec&) = default;
};

enum class OfferOutcome { kAccepted, kDeclined, kExpired, kRevoked };

enum class AssignmentState { kActive, kWrapUp };

// Where a ticket stands as the engine sees it. kServed: its conversation is over (WRAP_UP).
enum class TicketState { kWaiting, kOffered, kAssigned, kServed };

// Why something ended or was refused: stable text, fit for ErrorInfo and for records.
namespace reason {
// An offer was revoked.
inline constexpr std::string_view kTicketGone = "TICKET_GONE";
inline constexpr std::string_view kAgentOffline = "AGENT_OFFLINE";
inline constexpr std::string_view kAgentPaused = "AGENT_PAUSED";
inline constexpr std::string_view kAgentRemoved = "AGENT_REMOVED";
inline constexpr std::string_view kNoLongerEligible =
    "NO_LONGER_ELIGIBLE";  // skills or demands changed
inline constexpr std::string_view kCapacityReduced = "CAPACITY_REDUCED";
inline constexpr std::string_view kQueueRemoved = "QUEUE_REMOVED";
inline constexpr std::string_view kMatchingClosed = "MATCHING_CLOSED";
inline constexpr std::string_view kAssignedElsewhere = "ASSIGNED_ELSEWHERE";
inline constexpr std::string_view kTaken = "TAKEN";  // another agent was quicker
inline constexpr std::string_view kTicketHeld = "TICKET_HELD";
// An offer expired.
inline constexpr std::string_view kNotAcknowledged = "NOT_ACKNOWLEDGED";
inline constexpr std::string_view kNotAnswered = "NOT_ANSWERED";
// An offer was revoked, or an assignment ended, by operations.
inline constexpr std::string_view kRequeued = "REQUEUED";
inline constexpr std::string_view kTransferred = "TRANSFERRED";
// An assignment ended.
inline constexpr std::string_view kCompletedByAgent = "COMPLETED_BY_AGENT";
inline constexpr std::string_view kAfterWorkElapsed = "AFTER_WORK_ELAPSED";
inline constexpr std::string_view kNoAfterWork =
    "NO_AFTER_WORK";                                          // wrap-up asked where there is none
inline constexpr std::string_view kAgentLost = "AGENT_LOST";  // it is gone for good
inline constexpr std::string_view kCustomerLeft = "CUSTOMER_LEFT";
inline constexpr std::string_view kTicketClosed = "TICKET_CLOSED";  // gone for another reason
// A ticket was set aside.
inline constexpr std::string_view kTooManyRefusals = "TOO_MANY_REFUSALS";
// An agent was paused.
inline constexpr std::string_view kIgnoredOffers = "IGNORED_OFFERS";
// An act was refused.
inline constexpr std::string_view kOfferNotFound = "OFFER_NOT_FOUND";
inline constexpr std::string_view kOfferNotYours = "OFFER_NOT_YOURS";
inline constexpr std::string_view kOfferExpired = "OFFER_EXPIRED";
inline constexpr std::string_view kOfferDeclined = "OFFER_DECLINED";
inline constexpr std::string_view kOfferRevoked = "OFFER_REVOKED";
inline constexpr std::string_view kOfferAccepted = "OFFER_ACCEPTED";
inline constexpr std::string_view kAssignmentNotFound = "ASSIGNMENT_NOT_FOUND";
inline constexpr std::string_view kAssignmentNotYours = "ASSIGNMENT_NOT_YOURS";
inline constexpr std::string_view kAssignmentCompleted = "ASSIGNMENT_COMPLETED";
inline constexpr std::string_view kTicketNotFound = "TICKET_NOT_FOUND";
inline constexpr std::string_view kTicketResolved = "TICKET_RESOLVED";
inline constexpr std::string_view kTicketAssigned = "TICKET_ASSIGNED";
inline constexpr std::string_view kQueueNotFound = "QUEUE_NOT_FOUND";
inline constexpr std::string_view kAgentNotFound = "AGENT_NOT_FOUND";
inline constexpr std::string_view kAgentNotAvailable = "AGENT_NOT_AVAILABLE";
inline constexpr std::string_view kInvalidTarget = "INVALID_TARGET";
inline constexpr std::string_view kLimitExceeded = "LIMIT_EXCEEDED";
}  // namespace reason

}  // namespace muster::engine
