// Whether what a client sent keeps the bounds of the contract.
//
// The first fault is returned as INVALID_ARGUMENT that names the field by its path in the request.
//
// Threading: pure functions.
//
//   MUSTER_RETURN_IF_ERROR(Validate(agent, "agent"));
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "services/availability/domain/agent.h"

namespace muster::availability {

// What the creator of an agent may set.
absl::Status Validate(const Agent& agent, std::string_view path);
absl::Status ValidateKey(const AgentKey& key);

absl::Status ValidateId(std::string_view id, std::string_view path);
// Empty is good: the server makes one.
absl::Status ValidateRequestId(std::string_view id);
// Of an offer or an assignment.
absl::Status ValidateOfferId(std::string_view id, std::string_view path);
absl::Status ValidateBytes(std::string_view text, size_t max_bytes, std::string_view path);
absl::Status ValidateCharacters(std::string_view text, int min, int max, std::string_view path);
// A number from the wire, which may be one that this build does not know.
absl::Status ValidatePresence(int presence, std::string_view path, bool may_be_unspecified = false);

}  // namespace muster::availability
