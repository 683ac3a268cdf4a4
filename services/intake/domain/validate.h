// Whether what a client sent keeps the bounds of the contract.
//
// The first fault is returned as INVALID_ARGUMENT that names the field by its path: `path` is where
// the value stands in the request ("queues[3]"), and "" is the request itself. Durations given as
// malformed protobuf, and enums out of range, are refused earlier, in convert/.
//
// Threading: pure functions.
//
//   MUSTER_RETURN_IF_ERROR(Validate(ticket, "ticket"));
#pragma once

#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "services/intake/domain/mutation.h"
#include "services/intake/domain/pool.h"
#include "services/intake/domain/ticket.h"

namespace muster::intake {

absl::Status Validate(const Pool& pool, std::string_view path);
absl::Status Validate(const Queue& queue, std::string_view path);
// What the creator of a ticket may set.
absl::Status Validate(const Ticket& ticket, std::string_view path);
absl::Status Validate(const ProgressEntry& entry, std::string_view path);

// `path` is that of the pool or queue whose rules they are.
absl::Status Validate(const PoolRules& rules, std::string_view path);
absl::Status Validate(const QueueRules& rules, std::string_view path);

// The pool and its queues together: each queue in this pool, each named once.
absl::Status Validate(const ApplyPool& apply);

// Parts that several requests have in common. `path` is the field's own.
absl::Status ValidateId(std::string_view id, std::string_view path);
absl::Status ValidateTicketId(std::string_view id, std::string_view path);
// Empty is good: the server makes one.
absl::Status ValidateRequestId(std::string_view id, std::string_view path);
absl::Status ValidateBytes(std::string_view text, int max_bytes, std::string_view path);
absl::Status ValidateCharacters(std::string_view text, int min, int max, std::string_view path);

// "queues[3]" + "weight" is "queues[3].weight"; "" + "weight" is "weight".
std::string Join(std::string_view path, std::string_view field);

}  // namespace muster::intake
