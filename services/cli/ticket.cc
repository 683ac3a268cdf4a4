// muster ticket create | get | list | cancel | release | watch | requeue | transfer | explain
#include <memory>

#include "services/cli/commands.h"
#include "services/cli/flags.h"
#include "services/cli/output.h"

namespace muster::cli {
namespace {

using intake::v1::IntakeService;
using intake::v1::Ticket;
using intake::v1::TicketStanding;
using matcher::v1::MatcherService;

Columns<Ticket> TicketColumns() {
  return {{"TICKET", [](const Ticket& t) { return t.ticket_id(); }},
          {"STATE", [](const Ticket& t) { return EnumText(t, "state"); }},
          {"QUEUE", [](const Ticket& t) { return t.queue_id(); }},
          {"CUSTOMER", [](const Ticket& t) { return t.customer_id(); }},
          {"AGENT", [](const Ticket& t) { return t.agent_id(); }},
          {"CREATED", [](const Ticket& t) { return Text(t.create_time()); }},
          {"ASSIGNED", [](const Ticket& t) { return Text(t.assign_time()); }},
          {"ENDED", [](const Ticket& t) { return Text(t.end_time()); }},
          {"REASON", [](const Ticket& t) { return t.end_reason(); }},
          {"SUBJECT", [](const Ticket& t) { return t.subject(); }}};
}

absl::Status ShowTicket(Context& context, const absl::StatusOr<Ticket>& ticket) {
  if (ticket.ok()) Show(context, *ticket, TicketColumns());
  return ticket.status();
}

std::string StandingText(const TicketStanding& s) {
  std::string text = Text(s.time()) + "  " + EnumText(s, "state");
  if (s.position() > 0) text += "  position " + std::to_string(s.position());
  if (s.has_estimated_wait()) text += "  about " + Text(s.estimated_wait());
  if (!s.agent_id().empty()) {
    text += "  with " + (s.agent_display_name().empty() ? s.agent_id() : s.agent_display_name());
  }
  return text + "\n";
}

absl::Status Watch(Context& context, const std::string& ticket_id) {
  intake::v1::WatchTicketRequest request;
  request.set_ticket_id(ticket_id);
  grpc::ClientContext call;
  auto stream = context.Intake().WatchTicket(&call, request);
  TicketStanding standing;
  while (stream->Read(&standing)) {
    if (context.options().output == Output::kJson) {
      PrintJson(standing, /*pretty=*/false);
    } else {
      Print(StandingText(standing));
    }
  }
  return FromGrpc(stream->Finish());
}

struct CreateFlags {
  intake::v1::CreateTicketRequest request;
  std::string channel, ahead, file;
  std::vector<std::string> skills, attributes;
  bool watch = false;
};

using Setter = void (*)(Ticket&, const std::string&);

void AddCreateFlags(CLI::App* verb, const std::shared_ptr<CreateFlags>& flags) {
  const auto text = [&](const std::string& flag, const std::string& help, Setter set) {
    return verb->add_option_function<std::string>(
        flag, [=](const std::string& s) { set(*flags->request.mutable_ticket(), s); }, help);
  };
  text("--queue", "the queue it goes to",
       [](Ticket& t, const std::string& s) { t.set_queue_id(s); });
  text("--customer", "who asks", [](Ticket& t, const std::string& s) { t.set_customer_id(s); });
  text("--subject", "one line", [](Ticket& t, const std::string& s) { t.set_subject(s); });
  text("--text", "the question", [](Ticket& t, const std::string& s) { t.set_text(s); });
  text("--language", "language the agent must speak, such as sv",
       [](Ticket& t, const std::string& s) { t.set_language(s); });
  text("--prefer", "agent to ask first",
       [](Ticket& t, const std::string& s) { t.set_preferred_agent_id(s); });
  text("--source", "what hands over, such as a bot's name",
       [](Ticket& t, const std::string& s) { t.mutable_origin()->set_source(s); });
  text("--reason", "why a person is needed",
       [](Ticket& t, const std::string& s) { t.mutable_origin()->set_reason(s); });
  verb->add_option("--channel", flags->channel, "chat, voice, email, messaging or video");
  verb->add_option("--skill", flags->skills, "a skill beside the queue's; repeat for more")
      ->check(IsSkill());
  verb->add_option("--priority-ahead", flags->ahead, "rank as if this much earlier")
      ->check(IsDuration());
  verb->add_option("--attribute", flags->attributes, "kept with the ticket; repeat for more")
      ->check(IsAttribute());
  verb->add_option("-f,--file", flags->file,
                   "the ticket as JSON; flags go before it; - for standard input");
  verb->add_option_function<std::string>(
      "--request-id", [=](const std::string& id) { flags->request.set_request_id(id); },
      "the same id again makes no second ticket");
}

absl::StatusOr<intake::v1::CreateTicketRequest> BuildCreate(Context& context,
                                                            const CreateFlags& flags) {
  intake::v1::CreateTicketRequest request;
  Ticket& ticket = *request.mutable_ticket();
  if (!flags.file.empty()) {
    if (absl::Status read = ReadJson(flags.file, &ticket); !read.ok()) return read;
  }
  request.MergeFrom(flags.request);
  if (ticket.pool_id().empty() || !context.options().pool.empty()) {
    auto pool = context.Pool();
    if (!pool.ok()) return pool.status();
    ticket.set_pool_id(*pool);
  }
  if (!flags.channel.empty()) {
    auto channel = ParseEnum(intake::v1::Channel_descriptor(), "CHANNEL_", flags.channel);
    if (!channel.ok()) return channel.status();
    ticket.set_channel(static_cast<intake::v1::Channel>(*channel));
  }
  AddSkills(flags.skills, [&] { return ticket.add_extra_skills(); });
  if (!flags.ahead.empty()) *ticket.mutable_priority_ahead() = ParseProtoDuration(flags.ahead);
  for (const std::string& pair : flags.attributes) {
    const size_t at = pair.find('=');
    (*ticket.mutable_attributes())[pair.substr(0, at)] = pair.substr(at + 1);
  }
  return request;
}

void AddCreate(CLI::App* noun, Context& context) {
  auto flags = std::make_shared<CreateFlags>();
  CLI::App* verb = noun->add_subcommand("create", "Ask for a person");
  AddCreateFlags(verb, flags);
  verb->add_flag("--follow", flags->watch, "then watch it to its end");
  verb->callback([=, &context] {
    context.Run([=, &context]() -> absl::Status {
      auto request = BuildCreate(context, *flags);
      if (!request.ok()) return request.status();
      auto ticket = context.Call(context.Intake(), &IntakeService::Stub::CreateTicket, *request);
      if (absl::Status shown = ShowTicket(context, ticket); !shown.ok()) return shown;
      return flags->watch ? Watch(context, ticket->ticket_id()) : absl::OkStatus();
    });
  });
}

void AddReads(CLI::App* noun, Context& context) {
  auto get = std::make_shared<intake::v1::GetTicketRequest>();
  CLI::App* verb = noun->add_subcommand("get", "Show one ticket");
  verb->add_option_function<std::string>(
          "TICKET", [=](const std::string& id) { get->set_ticket_id(id); }, "its id")
      ->required();
  verb->callback([=, &context] {
    context.RunWatchable([=, &context] {
      return ShowTicket(context,
                        context.Call(context.Intake(), &IntakeService::Stub::GetTicket, *get));
    });
  });

  struct ListFlags {
    intake::v1::ListTicketsRequest request;
    std::vector<std::string> states;
    Limit limit;
    bool oldest_first = false;
  };
  auto list = std::make_shared<ListFlags>();
  verb = noun->add_subcommand("list", "Show the tickets of the pool, newest first");
  verb->add_option("--state", list->states, "only this state; repeat for more");
  verb->add_option_function<std::string>(
      "--queue", [=](const std::string& id) { list->request.set_queue_id(id); }, "only this queue");
  verb->add_option_function<std::string>(
      "--customer", [=](const std::string& id) { list->request.set_customer_id(id); },
      "only this customer");
  verb->add_flag("--oldest-first", list->oldest_first, "oldest first");
  list->limit.Add(verb);
  verb->callback([=, &context] {
    context.RunWatchable([=, &context]() -> absl::Status {
      intake::v1::ListTicketsRequest request = list->request;
      auto pool = context.Pool();
      if (!pool.ok()) return pool.status();
      request.set_pool_id(*pool);
      request.set_newest_first(!list->oldest_first);
      for (const std::string& text : list->states) {
        auto state = ParseEnum(intake::v1::TicketState_descriptor(), "TICKET_STATE_", text);
        if (!state.ok()) return state.status();
        request.add_states(static_cast<intake::v1::TicketState>(*state));
      }
      auto tickets = ListAll(context, context.Intake(), &IntakeService::Stub::ListTickets, request,
                             list->limit, [](auto& r) { return r.mutable_tickets(); });
      if (tickets.ok()) ShowList(context, *tickets, tickets->tickets(), TicketColumns());
      return tickets.status();
    });
  });

  auto watched = std::make_shared<std::string>();
  verb = noun->add_subcommand("watch", "See what its customer sees, to its end");
  verb->add_option("TICKET", *watched, "its id")->required();
  verb->callback(
      [=, &context] { context.Run([=, &context] { return Watch(context, *watched); }); });
}

void AddCancel(CLI::App* noun, Context& context) {
  auto cancel = std::make_shared<intake::v1::CancelTicketRequest>();
  auto even_if_assigned = std::make_shared<bool>(false);
  CLI::App* verb = noun->add_subcommand("cancel", "The customer leaves");
  verb->add_option_function<std::string>(
          "TICKET", [=](const std::string& id) { cancel->set_ticket_id(id); }, "its id")
      ->required();
  verb->add_option_function<std::string>(
      "--reason", [=](const std::string& text) { cancel->set_reason(text); }, "kept on record");
  verb->add_flag("--even-if-assigned", *even_if_assigned, "also while an agent is at work");
  verb->callback([=, &context] {
    context.Run([=, &context] {
      cancel->set_even_if_assigned(*even_if_assigned);
      return ShowTicket(
          context, context.Call(context.Intake(), &IntakeService::Stub::CancelTicket, *cancel));
    });
  });
}

void AddRelease(CLI::App* noun, Context& context) {
  auto release = std::make_shared<intake::v1::ReleaseTicketRequest>();
  CLI::App* verb = noun->add_subcommand("release", "Put a held one back to its old place");
  verb->add_option_function<std::string>(
          "TICKET", [=](const std::string& id) { release->set_ticket_id(id); }, "its id")
      ->required();
  verb->callback([=, &context] {
    context.Run([=, &context] {
      return ShowTicket(
          context, context.Call(context.Intake(), &IntakeService::Stub::ReleaseTicket, *release));
    });
  });
}

void AddOperations(CLI::App* noun, Context& context) {
  auto requeue = std::make_shared<matcher::v1::RequeueTicketRequest>();
  CLI::App* verb = noun->add_subcommand("requeue", "Take it back to its old place in its queue");
  verb->add_option_function<std::string>(
          "TICKET", [=](const std::string& id) { requeue->set_ticket_id(id); }, "its id")
      ->required();
  verb->add_option_function<std::string>(
          "--reason", [=](const std::string& text) { requeue->set_reason(text); }, "kept on record")
      ->required();
  verb->callback([=, &context] {
    context.Run([=, &context]() -> absl::Status {
      auto pool = context.Pool();
      if (!pool.ok()) return pool.status();
      requeue->set_pool_id(*pool);
      return context.Call(context.Matcher(), &MatcherService::Stub::RequeueTicket, *requeue)
          .status();
    });
  });

  auto transfer = std::make_shared<matcher::v1::TransferTicketRequest>();
  verb = noun->add_subcommand("transfer", "Move it to another queue, or to an agent first");
  verb->add_option_function<std::string>(
          "TICKET", [=](const std::string& id) { transfer->set_ticket_id(id); }, "its id")
      ->required();
  verb->add_option_function<std::string>(
      "--queue", [=](const std::string& id) { transfer->set_queue_id(id); }, "its new queue");
  verb->add_option_function<std::string>(
      "--agent", [=](const std::string& id) { transfer->set_agent_id(id); }, "whom to ask first");
  verb->add_option_function<std::string>(
          "--reason", [=](const std::string& text) { transfer->set_reason(text); },
          "kept on record")
      ->required();
  verb->callback([=, &context] {
    context.Run([=, &context]() -> absl::Status {
      auto pool = context.Pool();
      if (!pool.ok()) return pool.status();
      transfer->set_pool_id(*pool);
      return context.Call(context.Matcher(), &MatcherService::Stub::TransferTicket, *transfer)
          .status();
    });
  });
}

}  // namespace

void AddTicketCommands(CLI::App& app, Context& context) {
  CLI::App* noun = AddNoun(app, "ticket", "Tickets: customers who need a person");
  AddCreate(noun, context);
  AddReads(noun, context);
  AddCancel(noun, context);
  AddRelease(noun, context);
  AddOperations(noun, context);
  AddExplainTicket(*noun, context);
}

}  // namespace muster::cli
