// The answers of mutations as bytes, for the memory of requests: the response messages themselves.
//
// Threading: pure functions.
//
//   record.answer = SerializeAnswer(outcome);
//   MUSTER_ASSIGN_OR_RETURN(Outcome outcome, ParseAnswer(mutation, verdict.answer));
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "services/intake/domain/mutation.h"

namespace muster::intake {

std::string SerializeAnswer(const Outcome& outcome);
// `asked` tells what kind of answer it is.
absl::StatusOr<Outcome> ParseAnswer(const Mutation& asked, const std::string& bytes);

// A ticket as it is stored: its message.
std::string SerializeTicket(const Ticket& ticket);
absl::StatusOr<Ticket> ParseTicket(const std::string& bytes);

// Of queues, what has no column of its own needs no message: skills as "cards:2,loans:1".
std::string SerializeSkills(const std::vector<RequiredSkill>& skills);
std::vector<RequiredSkill> ParseSkills(const std::string& text);

}  // namespace muster::intake
