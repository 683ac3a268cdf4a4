// From the domain to the contract's messages. `out` must be fresh.
//
// Threading: pure functions.
//
//   ToProto(ticket, response->mutable_ticket());
#pragma once

#include "muster/intake/v1/intake.pb.h"
#include "services/intake/domain/mutation.h"

namespace muster::intake {

void ToProto(const Pool& pool, v1::Pool* out);
void ToProto(const Queue& queue, v1::Queue* out);
void ToProto(const Ticket& ticket, v1::Ticket* out);
void ToProto(const AppliedPool& applied, v1::ApplyPoolResponse* out);
void ToProto(const std::vector<ProgressAnswer>& answers, v1::RecordProgressResponse* out);

}  // namespace muster::intake
