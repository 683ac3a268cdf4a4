// The rules of pools and queues, between the contract's messages and the domain, and as they are
// stored: a message that has the rules alone.
//
// Threading: pure functions.
//
//   MUSTER_RETURN_IF_ERROR(ReadRules(request.queue(), "queue", &queue.rules));
#pragma once

#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "muster/intake/v1/pool.pb.h"
#include "services/intake/domain/rules.h"

namespace muster::intake {

// What is absent becomes its default, whatever `out` holds. Refuses malformed durations and unknown
// phases.
absl::Status ReadRules(const v1::Pool& proto, std::string_view path, PoolRules* out);
absl::Status ReadRules(const v1::Queue& proto, std::string_view path, QueueRules* out);

// Every rule is said, also those that have their default.
void WriteRules(const PoolRules& rules, v1::Pool* out);
void WriteRules(const QueueRules& rules, v1::Queue* out);

std::string SerializeRules(const PoolRules& rules);
std::string SerializeRules(const QueueRules& rules);
// Empty bytes are the defaults.
absl::StatusOr<PoolRules> ParsePoolRules(const std::string& bytes);
absl::StatusOr<QueueRules> ParseQueueRules(const std::string& bytes);

}  // namespace muster::intake
