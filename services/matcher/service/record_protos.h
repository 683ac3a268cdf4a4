// Offers and assignments as the API shows them.
//
// Threading: pure functions.
//
//   *response->add_assignments() = ToProto(assignment);
#pragma once

#include <string_view>

#include "muster/matcher/v1/matcher.pb.h"
#include "services/matcher/core/operations.h"
#include "services/matcher/domain/records.h"

namespace muster::matcher {

v1::Offer ToProto(const Offer& offer);
v1::Assignment ToProto(const Assignment& assignment);
// An open one, from memory.
v1::Offer ToProto(std::string_view pool_id, const PendingOffer& offer);

}  // namespace muster::matcher
