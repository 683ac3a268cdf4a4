// An agent as the bytes of its message: what the memory of requests keeps as the first answer.
//
// Threading: pure functions.
#pragma once

#include <string>

#include "services/availability/domain/agent.h"

namespace muster::availability {

std::string AnswerOf(const Agent& agent);
Agent AgentOfAnswer(const std::string& bytes);

}  // namespace muster::availability
