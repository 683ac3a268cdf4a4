// A pool runner among fakes, driven step by step on the test's own thread.
//
//   PoolTester pool;                       // open for matching: queue "card", nobody there
//   pool.AddAgent("ann");
//   pool.AddTicket("t-1");
//   REQUIRE(pool.Said("ann").back().has_offer());
//   pool.Accept("ann", pool.LastOffer());  // the act's id
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "common/obs/metrics.h"
#include "services/matcher/core/pool_runner.h"
#include "services/matcher/storage/fake_store.h"
#include "tests/support/fake_clock.h"

namespace muster::matcher {

class FakeDelivery final : public DeliverySink {
 public:
  using ToAgent = availability::v1::DeliverRequest::ToAgent;
  using Confirmed = availability::v1::AssignmentConfirmed;
  struct Answered {
    absl::Status status;
    std::optional<Confirmed> confirmed;
    int times = 0;
  };

  void Tell(const std::string& node_id, ToAgent message) override {
    nodes.insert(node_id);
    if (message.has_told()) {
      all.push_back(message.told().session_id());
    } else {
      told.push_back(std::move(message));
    }
  }
  void Answer(ActRef act, const absl::Status& status, std::optional<Confirmed> confirmed) override {
    Answered& answer = answers[act.act_id];
    answer = {status, std::move(confirmed), answer.times + 1};
  }
  void Flush() override {}

  std::vector<ToAgent> told;
  std::vector<std::string> all;  // sessions that were told that this was all
  std::set<std::string> nodes;   // that were told anything
  std::map<uint64_t, Answered> answers;
};

class FakeProgress final : public ProgressSink {
 public:
  void Send(const std::string&, intake::v1::ProgressEntry entry) override {
    entries.push_back(std::move(entry));
  }
  void Flush(const std::string&) override {}
  size_t Backlog(const std::string&) const override { return backlog; }

  std::vector<intake::v1::ProgressEntry> entries;
  size_t backlog = 0;
};

class FakePauses final : public PauseSink {
 public:
  void Pause(availability::v1::PauseAgentRequest request) override {
    asked.push_back(std::move(request));
  }

  std::vector<availability::v1::PauseAgentRequest> asked;
};

class PoolTester {
 public:
  using Ticket = intake::v1::Ticket;
  using Agent = availability::v1::Agent;
  using Act = availability::v1::DeliverResponse::Act;
  using ToAgent = FakeDelivery::ToAgent;

  // `epoch` 1 is a new pool. Opens at once unless told otherwise.
  explicit PoolTester(bool open = true);
  // The matcher goes down, with its memory, and another start takes the pool.
  void Restart();
  void Start();
  // Snapshots, empty but for what was added so far, and a delivery stream.
  void Open();

  // Runs until nothing is left to do at this time.
  void Run();
  void Advance(absl::Duration by);

  // What intake and availability hold; also said on the feeds once these have begun.
  Ticket& AddTicket(const std::string& id, const std::function<void(Ticket&)>& change = {});
  void ChangeTicket(const std::string& id, const std::function<void(Ticket&)>& change);
  Agent& AddAgent(const std::string& id, const std::function<void(Agent&)>& change = {});
  void ChangeAgent(const std::string& id, const std::function<void(Agent&)>& change);
  void ChangeQueue(const std::function<void(intake::v1::Queue&)>& change);
  void ChangePool(const std::function<void(intake::v1::Pool&)>& change);
  void SendTickets();  // a whole snapshot
  void SendAgents();

  // Acts give the act's id, for Answer().
  uint64_t Send(const std::string& agent_id, const std::function<void(Act&)>& fill);
  uint64_t Receive(const std::string& agent_id, const std::string& offer_id);
  uint64_t Accept(const std::string& agent_id, const std::string& offer_id);
  uint64_t Decline(const std::string& agent_id, const std::string& offer_id,
                   const std::string& reason = "busy");
  uint64_t WrapUp(const std::string& agent_id, const std::string& assignment_id);
  uint64_t Complete(const std::string& agent_id, const std::string& assignment_id,
                    const std::string& disposition = "solved");
  // Null while it has none.
  const FakeDelivery::Answered* Answer(uint64_t act_id) const;
  bool AnsweredOk(uint64_t act_id) const;
  std::string Refusal(uint64_t act_id) const;  // the reason; "" if none

  // Everything said to an agent so far, and the last offer made to anyone.
  std::vector<ToAgent> Said(const std::string& agent_id) const;
  std::string LastOffer() const;
  int OffersOf(const std::string& ticket_id) const;
  // An agent serves a ticket: the assignment's id.
  std::string Serve(const std::string& agent_id, const std::string& ticket_id);

  // What intake was told, as "assigned t-1", "resolved t-1 solved", in order.
  std::vector<std::string> Progress() const;
  // Intake answers the last entry.
  void Reject(intake::v1::TicketState state);
  // Intake applies everything it was told, and says so on its feed.
  void Echo();

  // The record, which must be there.
  Assignment Record(const std::string& assignment_id);
  Offer OfferRecord(const std::string& offer_id);
  // Newest first; about a ticket if it is named, else about an agent.
  std::vector<RecordedDecision> Decisions(const std::string& ticket_id,
                                          const std::string& agent_id = "");

  FakeClock clock;
  Metrics registry;
  MatcherMetrics metrics{registry};
  FakeStore store;
  FakeDelivery delivery;
  FakeProgress progress;
  FakePauses pauses;
  std::unique_ptr<Sequencer> sequencer;
  PoolRunnerOptions options;
  const OwnLease* own_lease = nullptr;  // of the next start
  std::shared_ptr<PoolRunner> runner;
  std::vector<absl::Status> lost;
  intake::v1::Pool pool;
  intake::v1::Queue queue;
  std::map<std::string, Ticket> tickets;
  std::map<std::string, Agent> agents;

 private:
  bool fed_ = false;
  uint64_t last_act_ = 0;
};

}  // namespace muster::matcher
