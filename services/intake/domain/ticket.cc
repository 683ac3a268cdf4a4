#include "services/intake/domain/ticket.h"

#include <algorithm>
#include <array>
#include <cstddef>

namespace muster::intake {
namespace {

using enum TicketState;

// Padded with kUnspecified, which is no ticket's state.
using States = std::array<TicketState, 3>;

struct Transition {
  TicketEvent event;
  States from;
  TicketState to;
};

// ASSIGNED from ASSIGNED: a matcher that restarted tells what is, not every step that led there.
// RESOLVED from RESOLVED: the disposition comes when the after-work is done.
constexpr std::array<Transition, 8> kTransitions = {{
    {TicketEvent::kCancel, {kQueued, kHeld}, kCancelled},
    {TicketEvent::kCancelAssigned, {kQueued, kHeld, kAssigned}, kCancelled},
    {TicketEvent::kAssigned, {kQueued, kHeld, kAssigned}, kAssigned},
    {TicketEvent::kRequeued, {kQueued, kHeld, kAssigned}, kQueued},
    {TicketEvent::kResolved, {kAssigned, kResolved}, kResolved},
    {TicketEvent::kExpired, {kQueued}, kExpired},
    {TicketEvent::kHeld, {kQueued, kHeld, kAssigned}, kHeld},
    {TicketEvent::kRelease, {kHeld}, kQueued},
}};

}  // namespace

bool IsLive(TicketState state) { return state == kQueued || state == kAssigned || state == kHeld; }

std::string_view NameOf(TicketState state) {
  switch (state) {
    case kUnspecified:
      return "UNSPECIFIED";
    case kQueued:
      return "QUEUED";
    case kAssigned:
      return "ASSIGNED";
    case kResolved:
      return "RESOLVED";
    case kCancelled:
      return "CANCELLED";
    case kExpired:
      return "EXPIRED";
    case kHeld:
      return "HELD";
  }
  return "UNSPECIFIED";
}

bool IsLegal(TicketEvent event, TicketState from) {
  const States& legal = kTransitions[static_cast<size_t>(event)].from;
  return from != kUnspecified && std::find(legal.begin(), legal.end(), from) != legal.end();
}

TicketState StateAfter(TicketEvent event) { return kTransitions[static_cast<size_t>(event)].to; }

}  // namespace muster::intake
