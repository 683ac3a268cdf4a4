#include "services/intake/domain/ticket.h"

#include <set>

#include "tests/support/catch.h"

namespace muster::intake {
namespace {

using enum TicketState;

const std::vector<TicketState> kStates = {kQueued,    kAssigned, kResolved,
                                          kCancelled, kExpired,  kHeld};

TEST_CASE("what may become of a ticket, state by state", "[transitions]") {
  struct Case {
    TicketEvent event;
    TicketState to;
    std::set<TicketState> from;
  };
  const std::vector<Case> cases = {
      {TicketEvent::kCancel, kCancelled, {kQueued, kHeld}},
      {TicketEvent::kCancelAssigned, kCancelled, {kQueued, kHeld, kAssigned}},
      {TicketEvent::kAssigned, kAssigned, {kQueued, kHeld, kAssigned}},
      {TicketEvent::kRequeued, kQueued, {kQueued, kHeld, kAssigned}},
      {TicketEvent::kResolved, kResolved, {kAssigned, kResolved}},
      {TicketEvent::kExpired, kExpired, {kQueued}},
      {TicketEvent::kHeld, kHeld, {kQueued, kHeld, kAssigned}},
      {TicketEvent::kRelease, kQueued, {kHeld}},
  };
  for (const Case& one : cases) {
    INFO("event " << static_cast<int>(one.event));
    CHECK(StateAfter(one.event) == one.to);
    CHECK_FALSE(IsLegal(one.event, kUnspecified));
    for (TicketState from : kStates) {
      INFO("from " << NameOf(from));
      CHECK(IsLegal(one.event, from) == (one.from.count(from) > 0));
    }
  }
}

TEST_CASE("final states are final, and the others live", "[transitions]") {
  for (TicketState state : kStates) {
    const bool live = state == kQueued || state == kAssigned || state == kHeld;
    CHECK(IsLive(state) == live);
    CHECK(NameOf(state) != "UNSPECIFIED");
  }
  CHECK_FALSE(IsLive(kUnspecified));
  CHECK(NameOf(kUnspecified) == "UNSPECIFIED");
}

TEST_CASE("etags differ from change to change", "[etag]") {
  CHECK(EtagOf(1) == EtagOf(1));
  CHECK(EtagOf(1) != EtagOf(2));
}

}  // namespace
}  // namespace muster::intake
