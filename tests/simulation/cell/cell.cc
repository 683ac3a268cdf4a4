#include "tests/simulation/cell/cell.h"

#include <algorithm>
#include <map>
#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/base/errors.h"
#include "services/matcher/domain/work_id.h"
#include "tests/simulation/cell/matcher_node.h"
#include "tests/simulation/cell/people.h"

namespace muster::cell {
namespace {

constexpr absl::Duration kTrouble = absl::Seconds(10);
constexpr absl::Duration kWholeAgain = absl::Seconds(120);
constexpr absl::Duration kLook = absl::Milliseconds(250);

const char* NameOf(matcher::AssignmentState state) {
  switch (state) {
    case matcher::AssignmentState::kActive:
      return "ACTIVE";
    case matcher::AssignmentState::kWrapUp:
      return "WRAP_UP";
    case matcher::AssignmentState::kCompleted:
      return "COMPLETED";
    case matcher::AssignmentState::kTransferred:
      return "TRANSFERRED";
    default:
      return "LOST";
  }
}

class Cell {
 public:
  explicit Cell(const RunOptions& options);
  Outcome Run();

 private:
  void Fill();
  void MakeTrouble();
  void Fault();
  void Heal();
  bool Over();
  std::vector<intake::Ticket> TicketsOf(const std::string& pool_id);
  faults::Records Read();
  void Trace(const std::string& what) {
    if (options_.trace) options_.trace(timeline_.now() - begun_, what);
  }

  const RunOptions options_;
  Timeline timeline_;
  const absl::Time begun_ = timeline_.now();
  Chance chance_;
  bool database_up_ = true;
  intake::FakeStore tickets_;
  availability::FakeStore agents_on_record_{timeline_.clock};
  matcher::FakeStore records_{timeline_.clock};
  faults::History history_;
  std::vector<std::string> pool_ids_;
  IntakeNode intake_;
  std::vector<std::unique_ptr<AvailabilityNode>> availabilities_;
  std::vector<std::unique_ptr<MatcherNode>> matchers_;
  std::vector<std::unique_ptr<Agent>> agents_;
  std::vector<std::unique_ptr<Customer>> customers_;
  std::map<std::string, std::map<int64_t, int64_t>> taken_us_;  // by pool and epoch
  bool calm_ = false;
  absl::Time looked_ = absl::InfinitePast();
};

Cell::Cell(const RunOptions& options)
    : options_(options),
      chance_(options.seed),
      intake_(timeline_, chance_, tickets_, database_up_) {
  for (int i = 0; i < options.pools; ++i) pool_ids_.push_back(absl::StrCat("p", i + 1));
  std::vector<AvailabilityNode*> nodes;
  for (const char* name : {"availability-1", "availability-2"}) {
    availabilities_.push_back(std::make_unique<AvailabilityNode>(
        timeline_, chance_, agents_on_record_, name,
        AvailabilityNode::Faults{database_up_, options.planted == Planted::kDoubleSend}));
    nodes.push_back(availabilities_.back().get());
  }
  for (const auto& node : availabilities_) {
    node->on_commit = [this] {
      for (const auto& other : availabilities_) {
        if (other->host.up() && !other->host.stopped()) other->TellFollowers();
      }
    };
  }
  for (int i = 0; i < options.matchers; ++i) {
    matchers_.push_back(std::make_unique<MatcherNode>(
        timeline_, chance_, records_, intake_, nodes, absl::StrCat("matcher-", i + 1), pool_ids_,
        MatcherFaults{database_up_, options.planted == Planted::kNoFence,
                      options.planted == Planted::kLostAck,
                      options.planted == Planted::kForgottenTakeover}));
    matchers_.back()->on_taken = [this, i](const std::string& pool_id, int64_t epoch) {
      taken_us_[pool_id].emplace(epoch, absl::ToUnixMicros(timeline_.now()));
      Trace(absl::StrCat("matcher-", i + 1, " takes ", pool_id, " as ", epoch));
    };
  }
  for (const std::string& pool_id : pool_ids_) {
    for (int i = 0; i < options.agents; ++i) {
      agents_.push_back(std::make_unique<Agent>(timeline_, chance_, nodes, history_, pool_id,
                                                absl::StrCat(pool_id, "-ann", i + 1)));
    }
    for (int i = 0; i < options.customers; ++i) {
      customers_.push_back(std::make_unique<Customer>(timeline_, chance_, intake_, history_,
                                                      absl::StrCat(pool_id, "-c", i + 1), pool_id));
    }
  }
}

void Cell::Fill() {
  std::vector<intake::Mutation> made;
  for (const std::string& id : pool_ids_) {
    made.push_back({.act = intake::CreatePool{{.pool_id = id}}, .request = {}, .now = begun_});
    made.push_back({.act = intake::CreateQueue{{.pool_id = id, .queue_id = "q"}},
                    .request = {},
                    .now = begun_});
  }
  (void)tickets_.Apply(made);
  std::vector<availability::Mutation> registered;
  for (const auto& agent : agents_) {
    availability::CreateAgent act;
    act.agent.capacity = 1 + static_cast<int>(registered.size() % 2);
    availability::Mutation mutation;
    mutation.key = {agent->pool_id(), agent->agent_id()};
    mutation.act = act;
    mutation.now = begun_;
    mutation.new_etag = mutation.key.agent_id;
    registered.push_back(mutation);
  }
  (void)agents_on_record_.Apply(registered);
}

void Cell::MakeTrouble() {
  const int faults = 2 + chance_.Below(8, "how many faults");
  for (int i = 0; i < faults; ++i) {
    timeline_.After(chance_.Between(absl::Milliseconds(300), kTrouble, "when"), [this] {
      if (!calm_) Fault();
    });
  }
}

void Cell::Fault() {
  const absl::Duration length =
      chance_.Between(absl::Milliseconds(100), absl::Milliseconds(3'500), "how long");
  MatcherNode* matcher =
      matchers_[static_cast<size_t>(chance_.Below(static_cast<int>(matchers_.size()), "which"))]
          .get();
  AvailabilityNode* node = availabilities_[static_cast<size_t>(chance_.Below(2, "which"))].get();
  std::vector<Connection*> links = matcher->connections();
  for (const auto& agent : agents_) {
    for (Connection* link : agent->connections()) links.push_back(link);
  }
  Connection* link =
      links[static_cast<size_t>(chance_.Below(static_cast<int>(links.size()), "which link"))];
  const int kind = chance_.Below(9, "which fault");
  const auto later = [this, length](std::function<void()> what) {
    timeline_.After(length, [this, what = std::move(what)] {
      if (!calm_) what();
    });
  };
  switch (kind) {
    case 0:
      Trace(absl::StrCat("kill ", matcher->host.name()));
      matcher->Kill();
      return later([matcher] {
        if (!matcher->host.up()) matcher->Start();
      });
    case 1:
    case 2:
      Trace(absl::StrCat("stop ", matcher->host.name()));
      matcher->host.Stop();
      return later([matcher] { matcher->host.Continue(); });
    case 3:
      Trace(absl::StrCat("kill ", node->host.name()));
      node->Kill();
      return later([node] {
        if (!node->host.up()) node->Start();
      });
    case 4:
      Trace(absl::StrCat("stop ", node->host.name()));
      node->host.Stop();
      return later([node] { node->host.Continue(); });
    case 5:
      Trace("kill intake");
      intake_.host.Kill();
      return later([this] {
        if (!intake_.host.up()) intake_.Start();
      });
    case 6:
      Trace("the database is away");
      database_up_ = false;
      return later([this] { database_up_ = true; });
    case 7:
      Trace(absl::StrCat("cut ", link->name()));
      return link->Break();
    default:
      Trace(absl::StrCat("cut off ", link->name()));
      return link->Partition(length);
  }
}

void Cell::Heal() {
  Trace("calm");
  calm_ = true;
  database_up_ = true;
  if (!intake_.host.up()) intake_.Start();
  for (const auto& node : availabilities_) {
    if (!node->host.up()) node->Start();
    if (node->host.stopped()) node->host.Continue();
  }
  for (const auto& matcher : matchers_) {
    for (Connection* link : matcher->connections()) link->Heal();
    if (!matcher->host.up()) matcher->Start();
    if (matcher->host.stopped()) matcher->host.Continue();
  }
  for (const auto& agent : agents_) {
    for (Connection* link : agent->connections()) link->Heal();
    agent->BeWilling();
  }
}

std::vector<intake::Ticket> Cell::TicketsOf(const std::string& pool_id) {
  std::vector<intake::Ticket> tickets;
  tickets_.ListTickets({.pool_id = pool_id}, "", 100'000, absl::InfiniteFuture(),
                       [&](absl::StatusOr<std::vector<intake::Ticket>> found) {
                         if (found.ok()) tickets = *std::move(found);
                       });
  return tickets;
}

bool Cell::Over() {
  if (!calm_ || timeline_.now() - looked_ < kLook) return false;
  looked_ = timeline_.now();
  for (const auto& agent : agents_) {
    if (!agent->idle()) return false;
  }
  size_t asked = 0;
  for (const std::string& pool_id : pool_ids_) {
    for (const intake::Ticket& ticket : TicketsOf(pool_id)) {
      ++asked;
      if (intake::IsLive(ticket.state)) return false;
    }
  }
  return asked == customers_.size();
}

faults::Records Cell::Read() {
  faults::Records records;
  for (const std::string& pool_id : pool_ids_) {
    for (const intake::Ticket& ticket : TicketsOf(pool_id)) {
      records.tickets.push_back({ticket.ticket_id, pool_id, ticket.customer_id,
                                 absl::StrCat("create-", ticket.customer_id),
                                 std::string(intake::NameOf(ticket.state)), ticket.agent_id,
                                 ticket.assignment_id});
    }
    std::map<std::string, int> load;
    records_.ListAssignments(
        {.pool_id = pool_id, .limit = 100'000}, absl::InfiniteFuture(),
        [&](absl::StatusOr<std::vector<matcher::Assignment>> found) {
          for (const matcher::Assignment& a : *found) {
            const bool live = matcher::IsLive(a.state);
            if (live) load[a.agent_id] += a.weight;
            records.assignments.push_back(
                {.assignment_id = a.assignment_id,
                 .pool_id = pool_id,
                 .ticket_id = a.ticket_id,
                 .agent_id = a.agent_id,
                 .weight = a.weight,
                 .state = NameOf(a.state),
                 .end_reason = a.end_reason,
                 .disposition = a.disposition,
                 .request_id = "",
                 .epoch = static_cast<int64_t>(matcher::ParseWorkId(a.assignment_id)->epoch),
                 .accept_us = absl::ToUnixMicros(a.accept_time),
                 .end_us = live ? 0 : absl::ToUnixMicros(a.end_time.value_or(begun_))});
          }
        });
    agents_on_record_.Snapshot(
        pool_id, absl::InfiniteFuture(), [&](absl::StatusOr<availability::PoolHistory> history) {
          for (const availability::Agent& agent : history->agents) {
            records.agents.push_back({pool_id, agent.key.agent_id, agent.capacity, "ONLINE", "",
                                      load[agent.key.agent_id], agent.capacity});
          }
        });
    const auto& taken = taken_us_[pool_id];
    if (!taken.empty()) {
      records.pools.push_back({pool_id, taken.rbegin()->first, taken.rbegin()->second});
    }
  }
  return records;
}

Outcome Cell::Run() {
  Fill();
  intake_.Start();
  for (const auto& node : availabilities_) node->Start();
  for (const auto& matcher : matchers_) matcher->Start();
  for (const auto& agent : agents_) agent->Come();
  for (const auto& customer : customers_) {
    timeline_.After(chance_.Between(absl::Milliseconds(100), kTrouble, "comes"),
                    [c = customer.get()] { c->Come(); });
  }
  MakeTrouble();
  timeline_.RunUntil([] { return false; }, kTrouble);
  Heal();
  timeline_.RunUntil([this] { return Over(); }, kWholeAgain);
  Trace("over");
  Outcome outcome;
  const faults::Records records = Read();
  outcome.violations = faults::Check(history_.entries(), records);
  outcome.events = timeline_.happened();
  for (const auto& [id, epochs] : taken_us_) outcome.takeovers += epochs.size() - 1;
  for (const faults::TicketRecord& ticket : records.tickets) {
    outcome.completed += ticket.state == "RESOLVED";
  }
  for (const auto& agent : agents_) {
    if (!agent->idle()) absl::StrAppend(&outcome.waiting, agent->DebugString(), "\n");
  }
  if (!outcome.waiting.empty()) {
    outcome.violations.push_back({"unanswered", outcome.waiting});
  }
  return outcome;
}

}  // namespace

Outcome RunCell(const RunOptions& options) { return Cell(options).Run(); }

}  // namespace muster::cell
