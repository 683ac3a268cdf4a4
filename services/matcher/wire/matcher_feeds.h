// The streams that a matcher follows: two for each pool, over the stubs of all. Parts of Matcher.
//
// Threading: as the members say.
#pragma once

#include <memory>

#include "services/matcher/wire/feeds.h"
#include "services/matcher/wire/matcher.h"

namespace muster::matcher {

struct Matcher::Feeds {
  std::shared_ptr<FeedClient<TicketFeed>> tickets;
  std::shared_ptr<FeedClient<AgentFeed>> agents;
};

struct Matcher::Stubs {
  std::unique_ptr<intake::v1::IntakeService::Stub> intake;
  std::unique_ptr<availability::v1::AvailabilityService::Stub> availability;
};

}  // namespace muster::matcher
