// From the contract's messages to the domain.
//
// `Wanted...` take what a client may set, leave out what is output only, and refuse what the domain
// has no value for: malformed durations and times, enums out of range. Bounds are the domain's
// business (domain/validate.h). `...FromStored` take everything, and trust it: we wrote it.
//
// Threading: pure functions.
//
//   MUSTER_ASSIGN_OR_RETURN(Ticket ticket, WantedTicket(request.ticket(), "ticket"));
#pragma once

#include <string_view>

#include "absl/status/statusor.h"
#include "muster/intake/v1/intake.pb.h"
#include "services/intake/domain/mutation.h"

namespace muster::intake {

absl::StatusOr<Pool> WantedPool(const v1::Pool& proto, std::string_view path);
absl::StatusOr<Queue> WantedQueue(const v1::Queue& proto, std::string_view path);
absl::StatusOr<Ticket> WantedTicket(const v1::Ticket& proto, std::string_view path);
// An entry without a time happened at `now`.
absl::StatusOr<ProgressEntry> WantedProgress(const v1::ProgressEntry& proto, absl::Time now,
                                             std::string_view path);
absl::StatusOr<TicketState> WantedState(int proto, std::string_view path);

absl::StatusOr<Pool> PoolFromStored(const v1::Pool& proto);
absl::StatusOr<Queue> QueueFromStored(const v1::Queue& proto);
absl::StatusOr<Ticket> TicketFromStored(const v1::Ticket& proto);

}  // namespace muster::intake
