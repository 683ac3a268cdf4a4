// muster ticket explain | muster agent explain
#include <memory>

#include "services/cli/commands.h"
#include "services/cli/explain.h"
#include "services/cli/flags.h"
#include "services/cli/output.h"

namespace muster::cli {
namespace {

using availability::v1::AvailabilityService;
using intake::v1::IntakeService;
using matcher::v1::MatcherService;

struct ExplainFlags {
  std::string id;
  int limit = 20;

  void Add(CLI::App* verb, const char* kind) {
    verb->add_option(kind, id, "its id")->required();
    verb->add_option("--limit", limit, "most decisions to show")
        ->check(CLI::Range(1, 1000))
        ->capture_default_str();
  }
};

// JSON and bare ids are the answer's alone; words need what the owner of the record says, too.
template <class Response>
bool ShownToPrograms(Context& context, const Response& response) {
  if (context.options().output == Output::kJson) {
    PrintJson(response);
    return true;
  }
  if (context.options().output != Output::kId) return false;
  for (const auto& decision : response.decisions()) Print(decision.offer_id() + "\n");
  return true;
}

absl::Status ExplainTicket(Context& context, const ExplainFlags& flags) {
  intake::v1::GetTicketRequest get;
  get.set_ticket_id(flags.id);
  auto ticket = context.Call(context.Intake(), &IntakeService::Stub::GetTicket, get);
  if (!ticket.ok()) return ticket.status();
  matcher::v1::ExplainTicketRequest request;
  request.set_pool_id(ticket->pool_id());
  request.set_ticket_id(flags.id);
  request.set_page_size(flags.limit);
  auto answer = context.Call(context.Matcher(), &MatcherService::Stub::ExplainTicket, request);
  if (!answer.ok()) return answer.status();
  if (!ShownToPrograms(context, *answer)) Print(TicketText(*answer, *ticket));
  return absl::OkStatus();
}

absl::Status ExplainAgent(Context& context, const ExplainFlags& flags) {
  auto pool = context.Pool();
  if (!pool.ok()) return pool.status();
  availability::v1::GetAgentRequest get;
  get.set_pool_id(*pool);
  get.set_agent_id(flags.id);
  auto agent = context.Call(context.Availability(), &AvailabilityService::Stub::GetAgent, get);
  if (!agent.ok()) return agent.status();
  matcher::v1::ExplainAgentRequest request;
  request.set_pool_id(*pool);
  request.set_agent_id(flags.id);
  request.set_page_size(flags.limit);
  auto answer = context.Call(context.Matcher(), &MatcherService::Stub::ExplainAgent, request);
  if (!answer.ok()) return answer.status();
  if (!ShownToPrograms(context, *answer)) Print(AgentText(*answer, *agent));
  return absl::OkStatus();
}

}  // namespace

void AddExplainTicket(CLI::App& ticket, Context& context) {
  auto flags = std::make_shared<ExplainFlags>();
  CLI::App* verb =
      ticket.add_subcommand("explain", "Why it waits, and why it was offered to whom it was");
  flags->Add(verb, "TICKET");
  verb->callback([=, &context] {
    context.RunWatchable([=, &context] { return ExplainTicket(context, *flags); });
  });
}

void AddExplainAgent(CLI::App& agent, Context& context) {
  auto flags = std::make_shared<ExplainFlags>();
  CLI::App* verb =
      agent.add_subcommand("explain", "Why it was offered what it was, or has had nothing");
  flags->Add(verb, "AGENT");
  verb->callback([=, &context] {
    context.RunWatchable([=, &context] { return ExplainAgent(context, *flags); });
  });
}

}  // namespace muster::cli
