#include "tests/unit/matcher/core/pool_tester.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "common/base/errors.h"
#include "common/rpc/proto_time.h"
#include "tests/support/catch.h"

namespace muster::matcher {

namespace in = intake::v1;
namespace av = availability::v1;

namespace {

constexpr char kPool[] = "bank";

in::TicketState StateAfter(const in::ProgressEntry& entry) {
  switch (entry.change_case()) {
    case in::ProgressEntry::kAssigned:
      return in::TICKET_STATE_ASSIGNED;
    case in::ProgressEntry::kRequeued:
      return in::TICKET_STATE_QUEUED;
    case in::ProgressEntry::kResolved:
      return in::TICKET_STATE_RESOLVED;
    case in::ProgressEntry::kExpired:
      return in::TICKET_STATE_EXPIRED;
    default:
      return in::TICKET_STATE_HELD;
  }
}

bool IsLive(const in::Ticket& ticket) {
  return ticket.state() == in::TICKET_STATE_QUEUED || ticket.state() == in::TICKET_STATE_ASSIGNED;
}

}  // namespace

PoolTester::PoolTester(bool open) {
  queue.set_pool_id(kPool);
  queue.set_queue_id("card");
  queue.set_display_name("Cards");
  options.pool_id = kPool;
  Start();
  if (open) Open();
}

void PoolTester::Start() {
  options.epoch = store.leases().Seize(kPool, "m-1");
  sequencer = std::make_unique<Sequencer>(SequencerOptions{}, clock);
  runner = std::make_shared<PoolRunner>(
      options,
      PoolRunnerParts{clock, *sequencer, store, delivery, progress, pauses, metrics,
                      [this](const absl::Status& why) { lost.push_back(why); }, own_lease});
  std::vector<Assignment> live;
  store.LoadLiveAssignments(
      kPool, absl::InfiniteFuture(),
      [&live](absl::StatusOr<std::vector<Assignment>> found) { live = *std::move(found); });
  runner->Start(std::move(live), {});
  Run();
}

void PoolTester::Restart() {
  fed_ = false;
  runner->Stop(Unavailable("POOL_NOT_SERVED", "the test stops it"));
  runner.reset();
  delivery.told.clear();
  progress.entries.clear();
  Start();
}

void PoolTester::Open() {
  fed_ = true;
  SendTickets();
  SendAgents();
  runner->OnDeliveryReady("n-1", true);
  Run();
}

void PoolTester::Run() {
  while (sequencer->RunPending() > 0) {
  }
}

void PoolTester::Advance(absl::Duration by) {
  clock.Advance(by);
  Run();
}

void PoolTester::SendTickets() {
  TicketSnapshot snapshot;
  snapshot.pool = pool;
  snapshot.queues.push_back(queue);
  for (const auto& [id, ticket] : tickets) {
    if (IsLive(ticket)) snapshot.tickets.push_back(ticket);
  }
  runner->OnTicketSnapshot(std::move(snapshot), clock.Now());
  Run();
}

void PoolTester::SendAgents() {
  AgentSnapshot snapshot;
  for (const auto& [id, agent] : agents) snapshot.agents.push_back(agent);
  runner->OnAgentSnapshot(std::move(snapshot), clock.Now());
  Run();
}

PoolTester::Ticket& PoolTester::AddTicket(const std::string& id,
                                          const std::function<void(Ticket&)>& change) {
  Ticket& ticket = tickets[id];
  ticket.set_ticket_id(id);
  ticket.set_pool_id(kPool);
  ticket.set_queue_id("card");
  ticket.set_customer_id("customer of " + id);
  ticket.set_subject("my card");
  ticket.set_text("It is gone.");
  ticket.set_state(in::TICKET_STATE_QUEUED);
  *ticket.mutable_create_time() = ToProtoTime(clock.Now());
  ChangeTicket(id, change);
  return ticket;
}

void PoolTester::ChangeTicket(const std::string& id, const std::function<void(Ticket&)>& change) {
  if (change) change(tickets[id]);
  if (!fed_) return;
  in::WatchTicketsResponse::Changes changes;
  *changes.add_tickets() = tickets[id];
  runner->OnTicketChanges(std::move(changes), clock.Now());
  Run();
}

PoolTester::Agent& PoolTester::AddAgent(const std::string& id,
                                        const std::function<void(Agent&)>& change) {
  Agent& agent = agents[id];
  agent.set_pool_id(kPool);
  agent.set_agent_id(id);
  agent.set_display_name("Agent " + id);
  agent.set_capacity(1);
  agent.set_presence(av::PRESENCE_ONLINE);
  agent.set_connected(true);
  agent.set_session_id("s-" + id);
  agent.set_node_id("n-1");
  *agent.mutable_presence_time() = ToProtoTime(clock.Now());
  ChangeAgent(id, change);
  return agent;
}

void PoolTester::ChangeAgent(const std::string& id, const std::function<void(Agent&)>& change) {
  if (change) change(agents[id]);
  if (!fed_) return;
  av::WatchAgentsResponse::Changes changes;
  *changes.add_agents() = agents[id];
  runner->OnAgentChanges(std::move(changes), clock.Now());
  Run();
}

void PoolTester::ChangeQueue(const std::function<void(in::Queue&)>& change) {
  change(queue);
  in::WatchTicketsResponse::Changes changes;
  *changes.add_queues() = queue;
  runner->OnTicketChanges(std::move(changes), clock.Now());
  Run();
}

void PoolTester::ChangePool(const std::function<void(in::Pool&)>& change) {
  change(pool);
  in::WatchTicketsResponse::Changes changes;
  *changes.mutable_pool() = pool;
  runner->OnTicketChanges(std::move(changes), clock.Now());
  Run();
}

// ---- acts

uint64_t PoolTester::Send(const std::string& agent_id, const std::function<void(Act&)>& fill) {
  Act act;
  act.set_act_id(++last_act_);
  act.set_pool_id(kPool);
  act.set_agent_id(agent_id);
  act.set_request_id(absl::StrCat("r-", last_act_));
  *act.mutable_deadline() = ToProtoTime(clock.Now() + absl::Seconds(10));
  fill(act);
  runner->OnAct({1, last_act_}, std::move(act), clock.Now());
  Run();
  return last_act_;
}

uint64_t PoolTester::Receive(const std::string& agent_id, const std::string& offer_id) {
  return Send(agent_id, [&](Act& act) { act.mutable_receive_offer()->set_offer_id(offer_id); });
}

uint64_t PoolTester::Accept(const std::string& agent_id, const std::string& offer_id) {
  return Send(agent_id, [&](Act& act) { act.mutable_accept_offer()->set_offer_id(offer_id); });
}

uint64_t PoolTester::Decline(const std::string& agent_id, const std::string& offer_id,
                             const std::string& reason) {
  return Send(agent_id, [&](Act& act) {
    act.mutable_decline_offer()->set_offer_id(offer_id);
    act.mutable_decline_offer()->set_reason(reason);
  });
}

uint64_t PoolTester::WrapUp(const std::string& agent_id, const std::string& assignment_id) {
  return Send(agent_id,
              [&](Act& act) { act.mutable_start_wrap_up()->set_assignment_id(assignment_id); });
}

uint64_t PoolTester::Complete(const std::string& agent_id, const std::string& assignment_id,
                              const std::string& disposition) {
  return Send(agent_id, [&](Act& act) {
    act.mutable_complete_assignment()->set_assignment_id(assignment_id);
    act.mutable_complete_assignment()->set_disposition(disposition);
  });
}

const FakeDelivery::Answered* PoolTester::Answer(uint64_t act_id) const {
  auto it = delivery.answers.find(act_id);
  return it == delivery.answers.end() ? nullptr : &it->second;
}

bool PoolTester::AnsweredOk(uint64_t act_id) const {
  const FakeDelivery::Answered* answer = Answer(act_id);
  return answer != nullptr && answer->status.ok() && answer->times == 1;
}

std::string PoolTester::Refusal(uint64_t act_id) const {
  const FakeDelivery::Answered* answer = Answer(act_id);
  return answer == nullptr ? "" : ErrorReason(answer->status);
}

// ---- what came of it

std::vector<PoolTester::ToAgent> PoolTester::Said(const std::string& agent_id) const {
  std::vector<ToAgent> said;
  for (const ToAgent& message : delivery.told) {
    if (message.agent_id() == agent_id) said.push_back(message);
  }
  return said;
}

std::string PoolTester::LastOffer() const {
  for (auto it = delivery.told.rbegin(); it != delivery.told.rend(); ++it) {
    if (it->has_offer()) return it->offer().offer_id();
  }
  return "";
}

int PoolTester::OffersOf(const std::string& ticket_id) const {
  int count = 0;
  for (const ToAgent& message : delivery.told) {
    count += message.has_offer() && message.offer().ticket_id() == ticket_id;
  }
  return count;
}

std::string PoolTester::Serve(const std::string& agent_id, const std::string& ticket_id) {
  if (agents.count(agent_id) == 0) AddAgent(agent_id);
  if (tickets.count(ticket_id) == 0) AddTicket(ticket_id);
  std::string offer = LastOffer();
  uint64_t act = Accept(agent_id, offer);
  REQUIRE(AnsweredOk(act));
  return offer;
}

std::vector<std::string> PoolTester::Progress() const {
  std::vector<std::string> told;
  for (const in::ProgressEntry& entry : progress.entries) {
    switch (entry.change_case()) {
      case in::ProgressEntry::kAssigned:
        told.push_back("assigned " + entry.ticket_id());
        break;
      case in::ProgressEntry::kRequeued:
        told.push_back("requeued " + entry.ticket_id());
        break;
      case in::ProgressEntry::kResolved:
        told.push_back(
            absl::StrCat("resolved ", entry.ticket_id(), " ", entry.resolved().disposition()));
        break;
      case in::ProgressEntry::kHeld:
        told.push_back(absl::StrCat("held ", entry.ticket_id(), " ", entry.held().reason(), " ",
                                    entry.held().refusals()));
        break;
      case in::ProgressEntry::kExpired:
        told.push_back("expired " + entry.ticket_id());
        break;
      default:
        told.push_back("? " + entry.ticket_id());
    }
  }
  return told;
}

void PoolTester::Reject(in::TicketState state) {
  REQUIRE_FALSE(progress.entries.empty());
  const in::ProgressEntry& last = progress.entries.back();
  runner->OnProgressAnswers(
      {{last.ticket_id(), last.progress_revision(), in::PROGRESS_OUTCOME_REJECTED, state}});
  Run();
}

void PoolTester::Echo() {
  std::vector<in::ProgressEntry> entries = std::move(progress.entries);
  progress.entries.clear();
  for (const in::ProgressEntry& entry : entries) {
    ChangeTicket(entry.ticket_id(), [&](Ticket& ticket) {
      ticket.set_state(StateAfter(entry));
      ticket.set_progress_revision(entry.progress_revision());
      if (entry.requeued().interrupted()) ticket.set_interrupted(true);
      if (entry.has_assigned()) ticket.set_assignment_id(entry.assigned().assignment_id());
    });
  }
}

Assignment PoolTester::Record(const std::string& assignment_id) {
  std::optional<Assignment> record;
  store.GetAssignment(assignment_id, absl::InfiniteFuture(),
                      [&record](absl::StatusOr<Assignment> found) {
                        if (found.ok()) record = *std::move(found);
                      });
  REQUIRE(record.has_value());
  return *record;
}

std::vector<RecordedDecision> PoolTester::Decisions(const std::string& ticket_id,
                                                    const std::string& agent_id) {
  std::vector<RecordedDecision> decisions;
  store.ListDecisions({.pool_id = options.pool_id, .ticket_id = ticket_id, .agent_id = agent_id},
                      absl::InfiniteFuture(),
                      [&](absl::StatusOr<std::vector<RecordedDecision>> found) {
                        if (found.ok()) decisions = *std::move(found);
                      });
  return decisions;
}

Offer PoolTester::OfferRecord(const std::string& offer_id) {
  std::optional<Offer> record;
  store.GetOffer(offer_id, absl::InfiniteFuture(), [&record](absl::StatusOr<Offer> found) {
    if (found.ok()) record = *std::move(found);
  });
  REQUIRE(record.has_value());
  return *record;
}

}  // namespace muster::matcher
