// Runs one pool: feeds its engine, and does what the engine wants done.
//
// Events come from the feeds, the delivery stream, the clock and operations; effects go to agents
// (DeliverySink), into the records (Store) and to intake (ProgressSink). What agents and intake
// hear of assignments is said once it is on record, in the order in which it happened. Offers are
// memory, and go out at once.
//
// Matching is open while both snapshots are in, a delivery stream stands, this process's lease
// holds, and neither records nor intake are too far behind. A commit that finds the pool in other
// hands ends the runner for good.
//
// Threading: everything runs on the pool's sequencer. Make it with make_shared: what it waits for
// holds it weakly.
//
//   auto runner = std::make_shared<PoolRunner>(options, parts);
//   sequencer.Post([=] { runner->Start(live_assignments, history); });
//   sequencer.TryPost([=] { runner->OnTicketSnapshot(std::move(snapshot), received); });
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "common/base/clock.h"
#include "services/matcher/convert.h"
#include "services/matcher/core/absentees.h"
#include "services/matcher/core/agent_mirror.h"
#include "services/matcher/core/decision_log.h"
#include "services/matcher/core/metrics.h"
#include "services/matcher/core/operations.h"
#include "services/matcher/core/own_lease.h"
#include "services/matcher/core/progress_order.h"
#include "services/matcher/core/sequencer.h"
#include "services/matcher/core/sinks.h"
#include "services/matcher/core/takeover.h"
#include "services/matcher/core/ticket_mirror.h"
#include "services/matcher/domain/statistics.h"
#include "services/matcher/engine/engine.h"
#include "services/matcher/storage/store.h"
#include "services/matcher/tape/recorder.h"

namespace muster::matcher {

struct PoolRunnerOptions {
  std::string pool_id;
  int64_t epoch = 1;
  // Mutations given to the store and not yet answered; more wait here.
  size_t max_in_flight = 2'000;
  // Matching closes while more than this wait here, and while intake owes more answers than that.
  size_t max_parked = 10'000;
  size_t max_untold = 200'000;
  // Ends that are kept for agents to whom no stream stands; of others they hear without the reason.
  size_t max_untold_ends = 100'000;
  // Accepted work of an agent who cannot be reached for this long is given to another. Zero: never.
  absl::Duration lost_after = absl::Minutes(2);
  // Of the tape of this run; 0: none is kept.
  size_t tape_bytes = 0;
  // How long an agent who could not be reached gets nothing.
  absl::Duration hold_back = absl::Seconds(1);
  absl::Duration retry = absl::Milliseconds(100);        // of refused commits and failed reads
  absl::Duration read_deadline = absl::Seconds(5);       // of a read that an act waits for
  absl::Duration takeover_deadline = absl::Seconds(60);  // of reads that a start waits for
  DecisionLogOptions decisions;
};

struct PoolRunnerParts {
  const Clock& clock;
  Sequencer& sequencer;
  Store& store;
  DeliverySink& delivery;
  ProgressSink& progress;
  PauseSink& pauses;
  MatcherMetrics& metrics;
  // Another matcher has the pool.
  std::function<void(const absl::Status&)> on_lost;
  // Offers are made while it holds. Null: always.
  const OwnLease* lease = nullptr;
  // What others compare deadlines with; `clock` may go differently for a while (smooth_clock.h).
  const Clock& wall = SystemClock();
};

// Intake's answer to one progress entry.
struct ProgressAnswer {
  std::string ticket_id;
  int64_t progress_revision = 0;
  intake::v1::ProgressOutcome outcome = intake::v1::PROGRESS_OUTCOME_UNSPECIFIED;
  intake::v1::TicketState state = intake::v1::TICKET_STATE_UNSPECIFIED;
};

class PoolRunner final : public Sequencer::Task, public std::enable_shared_from_this<PoolRunner> {
 public:
  PoolRunner(PoolRunnerOptions options, PoolRunnerParts parts);
  ~PoolRunner() override;

  // ---- life: pool_runner.cc
  // First of all: what is on record.
  void Start(std::vector<Assignment> live, const History& history);
  // No more offers; what is under way is finished.
  void StopOffering();
  // The end: who waits is answered, and nothing is done any more.
  void Stop(const absl::Status& why);
  bool stopped() const { return stopped_; }
  // Nothing waits for the store or for intake.
  bool Settled() const;
  const std::string& pool_id() const { return options_.pool_id; }

  absl::Time NextWakeup() const override;
  void Wake(absl::Time now) override;
  void Flush() override;

  // ---- facts: pool_runner.cc. `received` is when the message came in.
  void OnTicketSnapshot(TicketSnapshot snapshot, absl::Time received);
  void OnTicketChanges(intake::v1::WatchTicketsResponse::Changes changes, absl::Time received);
  void OnAgentSnapshot(AgentSnapshot snapshot, absl::Time received);
  void OnAgentChanges(availability::v1::WatchAgentsResponse::Changes changes, absl::Time received);
  // Words for agents of this node of availability are taken, or not any more.
  void OnDeliveryReady(const std::string& node_id, bool ready);
  // The lease goes on after it had run out.
  void OnLeaseHolds();
  void OnProgressAnswers(const std::vector<ProgressAnswer>& answers);

  // ---- acts: pool_acts.cc
  void OnAct(ActRef ref, availability::v1::DeliverResponse::Act act, absl::Time received);
  void OnUndelivered(const std::string& agent_id);
  void Requeue(RequeueOperation operation, PoolOperations::Done<OperationResult> done);
  void Transfer(TransferOperation operation, PoolOperations::Done<OperationResult> done);
  void PendingOffers(const OfferFilter& filter,
                     PoolOperations::Done<std::vector<PendingOffer>> done);
  void Inspect(PoolOperations::Done<PoolView> done);
  void ReadTape(uint64_t from, PoolOperations::Done<TapeView> done) const;

 private:
  using AgentAct = availability::v1::DeliverResponse::Act;
  using ToAgent = availability::v1::DeliverRequest::ToAgent;
  using Confirmed = availability::v1::AssignmentConfirmed;
  using Committed = absl::AnyInvocable<void(const absl::StatusOr<Outcome>&)>;

  struct PendingAct {
    ActRef ref;
    AgentAct act;
    absl::Time received;
  };
  struct PendingOperation {
    std::string to_queue_id, to_agent_id, reason;
    RequestRef request;
    std::string ended_assignment_id;
    PoolOperations::Done<OperationResult> done;
  };
  struct OpenOffer {
    engine::MakeOffer made;  // its text is in the strings below
    std::string ticket_id, agent_id, queue_id;
    absl::Time deadline;
    std::optional<absl::Time> receive_time;
  };
  // An assignment that the engine counts as live.
  struct Work {
    Assignment record;
    TicketPtr ticket;  // as the agent is shown it
    absl::Duration after_work_time;
    bool on_record = false;
    bool tell_again = false;  // once it is on record: its act's answer goes nowhere
    bool ended = false;
    bool customer_left = false;  // before intake heard of it, as intake said since
  };
  using WorkPtr = std::shared_ptr<Work>;
  struct Unsettled {
    int commits = 0;
    std::vector<Sequencer::Closure> waiting;
  };

  // ---- pool_runner.cc
  void Begin(absl::Time received);
  void Apply(const engine::Event& event);
  void ApplyAll(const Events& events);
  void Count(const engine::Event& event);
  void TakeOver(TicketSnapshot snapshot, absl::Time received);
  void OnTakeover(TakeoverResult result, absl::Time received);
  void UpdateOpen();
  bool Choked() const;
  bool LeaseHolds() const { return parts_.lease == nullptr || parts_.lease->Holds(); }

  // ---- pool_effects.cc
  void Do(const engine::MakeOffer& effect);
  void Do(const engine::MoveDeadline& effect);
  void Do(const engine::EndOffer& effect);
  void Do(const engine::Assign& effect);
  void Do(const engine::StartWrapUp& effect);
  void Do(const engine::EndAssignment& effect);
  void Do(const engine::RequeueTicket& effect);
  void Do(const engine::ResendToAgent& effect);
  void Do(const engine::Unchanged& effect);
  void Do(const engine::Reject& effect);
  void RecordEndedOffer(const engine::EndOffer& effect, const OpenOffer& offer);
  void OnAssigned(const WorkPtr& work, int64_t revision, std::optional<PendingAct> act,
                  const absl::StatusOr<Outcome>& outcome);
  void TellOffer(const OpenOffer& offer);
  void TellConfirmed(const Work& work);
  void CustomerHadLeft(const WorkPtr& work);
  void TellEnded(const std::string& agent_id, const std::string& assignment_id,
                 std::string_view reason);
  void Tell(ToAgent message);

  // ---- pool_agents.cc: what sessions and nodes mean for what agents are told
  bool KnowsWhatAgentsHave() const { return agents_in_ && tickets_in_; }
  void TellAll();
  void TellAllOn(const std::string& node_id);
  void TellNewSessions();
  void TellThatIsAll(const availability::v1::Agent& agent);
  void LookForAbsence(const std::string& agent_id);
  void LookForAbsentees();
  void GiveUpAbsentees();
  ToAgent MessageTo(const std::string& agent_id) const;
  Confirmed ConfirmedOf(const Work& work) const;
  Assignment RecordOf(const engine::Assign& effect, const OpenOffer& offer) const;
  static intake::v1::ProgressEntry EntryAt(absl::Time time);
  int64_t AddProgress(const std::string& ticket_id, intake::v1::ProgressEntry entry);
  void SettleProgress(const std::string& ticket_id, int64_t revision, const absl::Status& recorded);
  std::string IdText(const engine::OfferId& id) const;
  Hold hold() const { return {options_.pool_id, options_.epoch}; }

  // ---- pool_aside_effects.cc
  void Do(const engine::ExpireTicket& effect);
  void Do(const engine::HoldTicket& effect);
  void Do(const engine::PauseAgent& effect);
  void Do(const engine::DecisionMade& effect);

  // ---- pool_acts.cc
  std::optional<PendingAct> TakeAct(engine::ActToken token);
  std::unique_ptr<PendingOperation> TakeOperation(engine::ActToken token);
  void Answer(const PendingAct& act, const absl::Status& status,
              std::optional<Confirmed> confirmed = std::nullopt);
  void AnswerRecorded(const std::optional<PendingAct>& act, const absl::Status& status);
  void AnswerRepeated(PendingAct act, const engine::OfferId& id);
  void LookUp(PendingAct act, const engine::OfferId& id, absl::Status otherwise);
  void OnFound(const PendingAct& act, const absl::StatusOr<Assignment>& found,
               const absl::Status& otherwise);
  void RepeatComplete(const PendingAct& act, const Assignment& assignment);

  // ---- pool_commits.cc
  void Commit(const std::string& work_id, Mutation mutation, Committed committed);
  void CommitDecisions();
  void SubmitParked();
  bool TrySubmit(const Mutation& mutation, uint64_t number);
  void OnOutcome(uint64_t number, absl::StatusOr<Outcome> outcome);
  // Runs `then` when nothing about this work waits for the store; at once if that is so now.
  void WhenSettled(const std::string& work_id, Sequencer::Closure then);
  void Lose(const absl::Status& why);

  const PoolRunnerOptions options_;
  const PoolRunnerParts parts_;
  absl::Time now_;
  absl::Time received_;  // of the event in hand

  engine::Engine engine_;
  engine::Effects effects_;
  tape::Recorder tape_;
  TicketMirror tickets_;
  AgentMirror agents_;
  PoolStatistics statistics_;
  ProgressOrder order_;
  DecisionLog decisions_;

  bool started_ = false;
  bool stopped_ = false;
  bool offering_ = true;
  bool agents_in_ = false;
  bool tickets_in_ = false;
  bool choked_ = false;
  std::shared_ptr<Takeover> takeover_;         // while the first snapshot is held against records
  std::vector<Sequencer::Closure> held_feed_;  // what came meanwhile

  engine::ActToken last_token_ = 0;
  absl::flat_hash_map<engine::ActToken, PendingAct> acts_;
  absl::flat_hash_map<engine::ActToken, std::unique_ptr<PendingOperation>> operations_;
  absl::flat_hash_map<engine::OfferId, OpenOffer> offers_;
  absl::flat_hash_map<engine::OfferId, WorkPtr> works_;
  // Conversations whose end intake has not answered yet, by the entry's progress revision.
  absl::flat_hash_map<int64_t, WorkPtr> untold_ends_;
  std::optional<std::string> taken_back_;  // the assignment that the next RequeueTicket ends
  std::string last_ended_;                 // by the last RequeueTicket
  // Ends of assignments, for agents to whom no stream stands.
  absl::flat_hash_map<std::string, std::vector<ToAgent>> ends_untold_;
  size_t untold_ = 0;
  Absentees absentees_;

  struct Parked {
    uint64_t number;
    Mutation mutation;
  };
  struct InFlight {
    std::string work_id;
    Committed committed;
  };
  uint64_t last_commit_ = 0;
  size_t submitted_ = 0;  // and not answered
  std::deque<Parked> parked_;
  absl::flat_hash_map<uint64_t, InFlight> commits_;
  absl::Time retry_at_ = absl::InfiniteFuture();
  absl::Time lease_end_ = absl::InfiniteFuture();  // while matching is open
  absl::flat_hash_map<std::string, Unsettled> unsettled_;
};

}  // namespace muster::matcher
