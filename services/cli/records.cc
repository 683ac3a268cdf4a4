// muster offer get | list, muster assignment get | list
#include <memory>

#include "common/rpc/proto_time.h"
#include "services/cli/commands.h"
#include "services/cli/flags.h"
#include "services/cli/output.h"

namespace muster::cli {
namespace {

using matcher::v1::Assignment;
using matcher::v1::MatcherService;
using matcher::v1::Offer;

Columns<Offer> OfferColumns() {
  return {{"OFFER", [](const Offer& o) { return o.offer_id(); }},
          {"STATE", [](const Offer& o) { return EnumText(o, "state"); }},
          {"TICKET", [](const Offer& o) { return o.ticket_id(); }},
          {"QUEUE", [](const Offer& o) { return o.queue_id(); }},
          {"AGENT", [](const Offer& o) { return o.agent_id(); }},
          {"WAITED", [](const Offer& o) { return Text(o.waited()); }},
          {"MADE", [](const Offer& o) { return Text(o.create_time()); }},
          {"RECEIVED", [](const Offer& o) { return Text(o.receive_time()); }},
          {"ENDED", [](const Offer& o) { return Text(o.end_time()); }},
          {"REASON", [](const Offer& o) { return o.reason(); }}};
}

std::string HandleTime(const Assignment& a) {
  if (!a.has_end_time()) return "";
  return Text(FromProtoTime(a.end_time()) - FromProtoTime(a.accept_time()));
}

Columns<Assignment> AssignmentColumns() {
  return {{"ASSIGNMENT", [](const Assignment& a) { return a.assignment_id(); }},
          {"STATE", [](const Assignment& a) { return EnumText(a, "state"); }},
          {"TICKET", [](const Assignment& a) { return a.ticket_id(); }},
          {"QUEUE", [](const Assignment& a) { return a.queue_id(); }},
          {"AGENT", [](const Assignment& a) { return a.agent_id(); }},
          {"WEIGHT", [](const Assignment& a) { return std::to_string(a.weight()); }},
          {"ACCEPTED", [](const Assignment& a) { return Text(a.accept_time()); }},
          {"ENDED", [](const Assignment& a) { return Text(a.end_time()); }},
          {"HANDLED", HandleTime},
          {"DISPOSITION", [](const Assignment& a) { return a.disposition(); }},
          {"REASON", [](const Assignment& a) { return a.end_reason(); }}};
}

// The filters that both lists share.
template <class Request>
struct RecordFlags {
  Request request;
  std::vector<std::string> states;
  Limit limit;

  void Add(CLI::App* verb) {
    verb->add_option("--state", states, "only this state; repeat for more");
    verb->add_option_function<std::string>(
        "--agent", [this](const std::string& id) { request.set_agent_id(id); }, "only this agent");
    verb->add_option_function<std::string>(
        "--ticket", [this](const std::string& id) { request.set_ticket_id(id); },
        "only this ticket");
    limit.Add(verb);
  }
};

}  // namespace

void AddOfferCommands(CLI::App& app, Context& context) {
  CLI::App* noun = AddNoun(app, "offer", "Offers: tickets shown to agents");
  auto get = std::make_shared<matcher::v1::GetOfferRequest>();
  CLI::App* verb = noun->add_subcommand("get", "Show one offer");
  verb->add_option_function<std::string>(
          "OFFER", [=](const std::string& id) { get->set_offer_id(id); }, "its id")
      ->required();
  verb->callback([=, &context] {
    context.RunWatchable([=, &context] {
      auto offer = context.Call(context.Matcher(), &MatcherService::Stub::GetOffer, *get);
      if (offer.ok()) Show(context, *offer, OfferColumns());
      return offer.status();
    });
  });

  auto list = std::make_shared<RecordFlags<matcher::v1::ListOffersRequest>>();
  verb = noun->add_subcommand("list", "Show the offers of the pool, newest first");
  list->Add(verb);
  verb->callback([=, &context] {
    context.RunWatchable([=, &context]() -> absl::Status {
      matcher::v1::ListOffersRequest request = list->request;
      auto pool = context.Pool();
      if (!pool.ok()) return pool.status();
      request.set_pool_id(*pool);
      for (const std::string& text : list->states) {
        auto state = ParseEnum(matcher::v1::OfferState_descriptor(), "OFFER_STATE_", text);
        if (!state.ok()) return state.status();
        request.add_states(static_cast<matcher::v1::OfferState>(*state));
      }
      auto offers = ListAll(context, context.Matcher(), &MatcherService::Stub::ListOffers, request,
                            list->limit, [](auto& r) { return r.mutable_offers(); });
      if (offers.ok()) ShowList(context, *offers, offers->offers(), OfferColumns());
      return offers.status();
    });
  });
}

void AddAssignmentCommands(CLI::App& app, Context& context) {
  CLI::App* noun = AddNoun(app, "assignment", "Assignments: who serves whom");
  auto get = std::make_shared<matcher::v1::GetAssignmentRequest>();
  CLI::App* verb = noun->add_subcommand("get", "Show one assignment");
  verb->add_option_function<std::string>(
          "ASSIGNMENT", [=](const std::string& id) { get->set_assignment_id(id); }, "its id")
      ->required();
  verb->callback([=, &context] {
    context.RunWatchable([=, &context] {
      auto found = context.Call(context.Matcher(), &MatcherService::Stub::GetAssignment, *get);
      if (found.ok()) Show(context, *found, AssignmentColumns());
      return found.status();
    });
  });

  auto list = std::make_shared<RecordFlags<matcher::v1::ListAssignmentsRequest>>();
  verb = noun->add_subcommand("list", "Show the assignments of the pool, newest first");
  list->Add(verb);
  verb->add_option_function<std::string>(
      "--queue", [=](const std::string& id) { list->request.set_queue_id(id); }, "only this queue");
  verb->callback([=, &context] {
    context.RunWatchable([=, &context]() -> absl::Status {
      matcher::v1::ListAssignmentsRequest request = list->request;
      auto pool = context.Pool();
      if (!pool.ok()) return pool.status();
      request.set_pool_id(*pool);
      for (const std::string& text : list->states) {
        auto state =
            ParseEnum(matcher::v1::AssignmentState_descriptor(), "ASSIGNMENT_STATE_", text);
        if (!state.ok()) return state.status();
        request.add_states(static_cast<matcher::v1::AssignmentState>(*state));
      }
      auto found = ListAll(context, context.Matcher(), &MatcherService::Stub::ListAssignments,
                           request, list->limit, [](auto& r) { return r.mutable_assignments(); });
      if (found.ok()) ShowList(context, *found, found->assignments(), AssignmentColumns());
      return found.status();
    });
  });
}

}  // namespace muster::cli
