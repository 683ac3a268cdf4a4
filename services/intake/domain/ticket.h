// Tickets, and what may become of them.
//
// Threading: values and pure functions.
//
//   if (!IsLegal(TicketEvent::kAssigned, ticket.state)) ...rejected...
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/time/time.h"
#include "services/intake/domain/pool.h"

namespace muster::intake {

// Numbers as in the proto and in the database.
enum class TicketState {
  kUnspecified = 0,
  kQueued = 1,
  kAssigned = 2,
  kResolved = 3,
  kCancelled = 4,
  kExpired = 5,
  kHeld = 6,
};

enum class Channel { kChat = 1, kVoice = 2, kEmail = 3, kMessaging = 4, kVideo = 5 };

struct TranscriptTurn {
  std::string speaker;
  std::string text;
  std::optional<absl::Time> time;

  bool operator==(const TranscriptTurn&) const = default;
};

struct Origin {
  std::string source;
  std::string reason;
  std::vector<TranscriptTurn> transcript;

  bool operator==(const Origin&) const = default;
};

struct Ticket {
  std::string ticket_id;
  std::string pool_id;
  std::string queue_id;
  std::string customer_id;
  Channel channel = Channel::kChat;
  std::string language;
  std::vector<RequiredSkill> extra_skills;
  absl::Duration priority_ahead;
  std::string subject;
  std::string text;
  std::string preferred_agent_id;
  std::map<std::string, std::string> attributes;
  std::optional<Origin> origin;

  // The rest is intake's own.
  TicketState state = TicketState::kQueued;
  absl::Time create_time;
  absl::Time expire_time;
  std::optional<absl::Time> assign_time;
  std::optional<absl::Time> end_time;
  std::string agent_id;
  std::string agent_display_name;
  std::string assignment_id;
  std::string end_reason;
  int requeue_count = 0;
  std::optional<absl::Time> hold_time;  // when it was last set aside
  int refusal_count = 0;                // after so many refusals
  bool interrupted = false;             // an agent was lost in the middle of the work; stays so
  int64_t revision = 0;
  int64_t progress_revision = 0;
  std::string request_id;

  bool operator==(const Ticket&) const = default;
};

// Not ended: it waits, is served, or is held.
bool IsLive(TicketState state);
std::string_view NameOf(TicketState state);

enum class TicketEvent {
  kCancel,          // the customer leaves
  kCancelAssigned,  // the customer leaves, also from an agent at work
  kAssigned,
  kRequeued,
  kResolved,
  kExpired,
  kHeld,
  kRelease,  // operations put a held one back
};

// The one table of legal source states.
bool IsLegal(TicketEvent event, TicketState from);
// The state that `event` leads to.
TicketState StateAfter(TicketEvent event);

}  // namespace muster::intake
