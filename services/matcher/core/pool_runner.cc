#include "services/matcher/core/pool_runner.h"

#include <algorithm>
#include <utility>

#include "common/base/errors.h"
#include "common/base/version.h"
#include "common/obs/log.h"
#include "common/rpc/proto_time.h"
#include "services/matcher/domain/work_id.h"

namespace muster::matcher {

namespace in = intake::v1;
namespace av = availability::v1;

namespace {

engine::EngineOptions EngineOptionsOf(const PoolRunnerOptions& options) {
  return {.epoch = static_cast<uint64_t>(options.epoch), .record_decisions = true};
}

}  // namespace

PoolRunner::PoolRunner(PoolRunnerOptions options, PoolRunnerParts parts)
    : options_(std::move(options)),
      parts_(std::move(parts)),
      now_(parts_.clock.Now()),
      engine_(EngineOptionsOf(options_)),
      tape_({options_.pool_id, std::string(Version()), EngineOptionsOf(options_)},
            options_.tape_bytes),
      agents_(options_.hold_back),
      order_(options_.epoch),
      decisions_(options_.decisions),
      absentees_(options_.lost_after) {}

PoolRunner::~PoolRunner() = default;

void PoolRunner::Begin(absl::Time received) {
  now_ = parts_.clock.Now();
  received_ = received;
  parts_.sequencer.Touch(this);
  // Before the event: a process that was stopped must not make offers for one that came meanwhile.
  if (engine_.IsOpen() && !LeaseHolds()) UpdateOpen();
}

void PoolRunner::Start(std::vector<Assignment> live, const History& history) {
  Begin(parts_.clock.Now());
  for (const Offer& offer : history.offers) statistics_.Seed(offer);
  for (const Assignment& assignment : history.assignments) {
    statistics_.Seed(assignment, kDefaultTargetWait);
  }
  for (Assignment& assignment : live) {
    std::optional<WorkId> id = ParseWorkId(assignment.assignment_id);
    if (!id) continue;
    engine::AssignmentRestored restored;
    restored.assignment = {id->epoch, id->number};
    restored.ticket_id = assignment.ticket_id;
    restored.agent_id = assignment.agent_id;
    restored.queue_id = assignment.queue_id;
    restored.weight = static_cast<uint32_t>(std::max(assignment.weight, 1));
    restored.create_time = assignment.ticket_create_time;
    restored.assign_time = assignment.accept_time;
    if (assignment.state == AssignmentState::kWrapUp) {
      restored.state = engine::AssignmentState::kWrapUp;
      restored.wrap_up_deadline = assignment.wrap_up_until.value_or(now_);
    }
    auto work = std::make_shared<Work>();
    work->record = std::move(assignment);
    work->on_record = true;
    works_[restored.assignment] = std::move(work);
    Apply(restored);
  }
  started_ = true;
}

void PoolRunner::StopOffering() {
  Begin(parts_.clock.Now());
  offering_ = false;
  CommitDecisions();
}

void PoolRunner::Stop(const absl::Status& why) {
  if (stopped_) return;
  stopped_ = true;
  for (const auto& [token, act] : acts_) parts_.delivery.Answer(act.ref, why, std::nullopt);
  for (auto& [token, operation] : operations_) operation->done(why);
  acts_.clear();
  operations_.clear();
  // Who waits for the records waits in vain; with `stopped_` set nothing else comes of this.
  auto commits = std::move(commits_);
  commits_.clear();
  parts_.metrics.uncommitted.Decrement(static_cast<double>(commits.size()));
  for (auto& [number, commit] : commits) commit.committed(why);
  parked_.clear();
  unsettled_.clear();
  held_feed_.clear();
  takeover_.reset();
  parts_.delivery.Flush();
  parts_.sequencer.Forget(this);
}

bool PoolRunner::Settled() const {
  return stopped_ || (commits_.empty() && parked_.empty() && order_.held() == 0 &&
                      parts_.progress.Backlog(options_.pool_id) == 0);
}

absl::Time PoolRunner::NextWakeup() const {
  if (stopped_) return absl::InfiniteFuture();
  return std::min({engine_.NextWakeup(), agents_.NextRelease(), retry_at_, decisions_.due(),
                   lease_end_, absentees_.NextDue()});
}

void PoolRunner::Wake(absl::Time now) {
  if (stopped_) return;
  Begin(now);
  Apply(engine::TimePassed{});
  Events events;
  agents_.Release(now_, &events);
  ApplyAll(events);
  GiveUpAbsentees();
  if (decisions_.due() <= now_) CommitDecisions();
  if (retry_at_ <= now_) {
    retry_at_ = absl::InfiniteFuture();
    SubmitParked();
    if (takeover_ && takeover_->failed()) takeover_->Retry();
  }
}

void PoolRunner::Flush() {
  if (stopped_) return;
  UpdateOpen();
  const bool ends = engine_.IsOpen() && parts_.lease != nullptr;
  lease_end_ = ends ? now_ + parts_.lease->Left() : absl::InfiniteFuture();
  if (takeover_ && takeover_->failed()) retry_at_ = std::min(retry_at_, now_ + options_.retry);
  bool told = false;
  while (std::optional<in::ProgressEntry> entry = order_.TakeNext()) {
    parts_.progress.Send(options_.pool_id, *std::move(entry));
    told = true;
  }
  if (told) parts_.progress.Flush(options_.pool_id);
  parts_.delivery.Flush();
  engine::PoolStats pool = engine_.Pool();
  statistics_.AgentUnits(now_, static_cast<int64_t>(pool.capacity_units),
                         static_cast<int64_t>(pool.busy_units));
}

void PoolRunner::Apply(const engine::Event& event) {
  if (stopped_) return;
  Count(event);
  // Its own list: what an effect leads to is applied later, never from within.
  engine::Effects effects;
  effects.swap(effects_);
  effects.clear();
  engine_.Apply(event, now_, &effects);
  tape_.Add(event, now_, effects);
  for (const engine::Effect& effect : effects) {
    std::visit([this](const auto& e) { Do(e); }, effect);
  }
  effects_.swap(effects);
}

void PoolRunner::ApplyAll(const Events& events) {
  for (const engine::Event& event : events) Apply(event);
}

// Arrivals and departures are seen in the events only.
void PoolRunner::Count(const engine::Event& event) {
  parts_.metrics.events.Increment();
  if (const auto* queued = std::get_if<engine::TicketQueued>(&event)) {
    if (!engine_.Ticket(queued->ticket.ticket_id)) {
      statistics_.TicketArrived(queued->ticket.queue_id, queued->ticket.create_time);
    }
  } else if (const auto* gone = std::get_if<engine::TicketGone>(&event)) {
    std::optional<engine::TicketView> ticket = engine_.Ticket(gone->ticket_id);
    if (!ticket || gone->why != engine::GoneReason::kCancelled) return;
    if (ticket->state != engine::TicketState::kWaiting &&
        ticket->state != engine::TicketState::kOffered) {
      return;
    }
    auto facts = tickets_.Facts().find(ticket->queue_id);
    absl::Duration target =
        facts == tickets_.Facts().end() ? kDefaultTargetWait : facts->second.target_wait;
    statistics_.TicketAbandoned(ticket->queue_id, now_, {now_ - ticket->create_time, target});
  }
}

void PoolRunner::OnTicketSnapshot(TicketSnapshot snapshot, absl::Time received) {
  if (stopped_) return;
  if (takeover_) {
    held_feed_.push_back([this, snapshot = std::move(snapshot), received]() mutable {
      OnTicketSnapshot(std::move(snapshot), received);
    });
    return;
  }
  Begin(received);
  if (!tickets_in_) return TakeOver(std::move(snapshot), received);
  Events events;
  tickets_.Apply(std::move(snapshot), &events);
  ApplyAll(events);
}

void PoolRunner::TakeOver(TicketSnapshot snapshot, absl::Time received) {
  // Nobody has held the pool before, so there is nothing on record.
  if (options_.epoch <= 1) {
    return OnTakeover(HoldAgainst(std::move(snapshot), {}, {}), received);
  }
  takeover_ = std::make_shared<Takeover>(
      parts_.store, parts_.sequencer, parts_.wall,
      TakeoverOptions{.pool_id = options_.pool_id, .deadline = options_.takeover_deadline},
      std::move(snapshot),
      [this, received](TakeoverResult result) { OnTakeover(std::move(result), received); });
  takeover_->Start();
}

void PoolRunner::OnTakeover(TakeoverResult result, absl::Time received) {
  Begin(received);
  takeover_.reset();
  Log(Severity::kInfo)
      .Msg("pool taken over")
      .With("pool_id", options_.pool_id)
      .With("epoch", options_.epoch)
      .With("tickets", result.snapshot.tickets.size())
      .With("assignments", works_.size())
      .With("told_again", result.entries.size());
  Events events;
  tickets_.Apply(std::move(result.snapshot), &events);
  ApplyAll(events);
  for (in::ProgressEntry& entry : result.entries) {
    if (entry.has_assigned()) {
      entry.mutable_assigned()->set_agent_display_name(
          agents_.DisplayName(entry.assigned().agent_id()));
    }
    std::string ticket_id = entry.ticket_id();
    order_.Release(AddProgress(ticket_id, std::move(entry)));
  }
  std::vector<std::string> left;
  for (auto& [id, work] : works_) {
    work->ticket = tickets_.Ticket(work->record.ticket_id);
    // Its ticket has ended at intake, and not by our word: the customer left.
    if (!work->ticket && work->record.state == AssignmentState::kActive) {
      left.push_back(work->record.ticket_id);
    }
  }
  std::sort(left.begin(), left.end());
  for (const std::string& id : left) {
    Apply(engine::TicketGone{id, engine::GoneReason::kCancelled});
  }
  tickets_in_ = true;
  TellAll();
  LookForAbsentees();
  std::vector<Sequencer::Closure> held;
  held.swap(held_feed_);
  for (Sequencer::Closure& closure : held) closure();
}

void PoolRunner::OnTicketChanges(in::WatchTicketsResponse::Changes changes, absl::Time received) {
  if (stopped_) return;
  if (takeover_) {
    held_feed_.push_back([this, changes = std::move(changes), received]() mutable {
      OnTicketChanges(std::move(changes), received);
    });
    return;
  }
  Begin(received);
  Events events;
  tickets_.Apply(std::move(changes), &events);
  ApplyAll(events);
}

void PoolRunner::OnLeaseHolds() {
  if (!stopped_) Begin(parts_.clock.Now());  // Flush opens
}

void PoolRunner::OnProgressAnswers(const std::vector<ProgressAnswer>& answers) {
  if (stopped_) return;
  Begin(parts_.clock.Now());
  for (const ProgressAnswer& answer : answers) {
    WorkPtr ended;
    if (auto it = untold_ends_.find(answer.progress_revision); it != untold_ends_.end()) {
      ended = std::move(it->second);
      untold_ends_.erase(it);
    }
    if (answer.outcome != in::PROGRESS_OUTCOME_REJECTED) continue;
    if (ended && answer.state == in::TICKET_STATE_CANCELLED) CustomerHadLeft(ended);
    tickets_.Refused(answer.ticket_id, answer.progress_revision);
    if (answer.state == in::TICKET_STATE_QUEUED || answer.state == in::TICKET_STATE_ASSIGNED) {
      Log(Severity::kError)
          .Msg("intake refuses what became of a ticket that it counts as live")
          .With("pool_id", options_.pool_id)
          .With("ticket_id", answer.ticket_id)
          .With("state", in::TicketState_Name(answer.state));
      continue;
    }
    tickets_.Drop(answer.ticket_id);
    Apply(engine::TicketGone{answer.ticket_id, answer.state == in::TICKET_STATE_CANCELLED
                                                   ? engine::GoneReason::kCancelled
                                                   : engine::GoneReason::kOther});
  }
}

// Hysteresis: once closed for being behind, it opens again at half of that.
bool PoolRunner::Choked() const {
  size_t part = choked_ ? 2 : 1;
  return parked_.size() > options_.max_parked / part ||
         parts_.progress.Backlog(options_.pool_id) > options_.max_untold / part;
}

void PoolRunner::UpdateOpen() {
  bool choked = Choked();
  if (choked != choked_) {
    Log(Severity::kWarning)
        .Msg(choked ? "too far behind; no offers for now" : "caught up; offers again")
        .With("pool_id", options_.pool_id)
        .With("uncommitted", parked_.size());
    choked_ = choked;
  }
  bool open = started_ && offering_ && tickets_in_ && agents_in_ && !agents_.ready().empty() &&
              !choked_ && LeaseHolds();
  if (open == engine_.IsOpen()) return;
  if (open) {
    Apply(engine::MatchingOpened{});
  } else {
    Apply(engine::MatchingClosed{});
  }
}

}  // namespace muster::matcher
