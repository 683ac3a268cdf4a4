#include "tests/simulation/cell/matcher_node.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/base/errors.h"
#include "services/availability/convert/convert.h"
#include "services/intake/convert/from_proto.h"

namespace muster::cell {
namespace {

namespace av = availability;
namespace ma = matcher;

constexpr absl::Duration kLeastCommit = absl::Microseconds(300),
                         kMostCommit = absl::Milliseconds(6);
constexpr absl::Duration kReopen = absl::Milliseconds(50), kRetry = absl::Milliseconds(30);
constexpr absl::Duration kLease = absl::Seconds(2), kRenew = absl::Milliseconds(300);
constexpr absl::Duration kLostAfter = absl::Seconds(8);
constexpr double kDoubt = 0.03, kLostAck = 0.03, kSnapshotAgain = 0.2, kHeldUp = 0.5;

ma::MatcherMetrics& SharedMetrics() {
  static Metrics& registry = *new Metrics;
  static ma::MatcherMetrics& metrics = *new ma::MatcherMetrics(registry);
  return metrics;
}

}  // namespace

// The committer of this process before the records that all share.
class MatcherNode::Records final : public ma::FakeStore, public ma::LeaseStore {
 public:
  Records(MatcherNode& node, ma::FakeStore& shared) : node_(node), shared_(shared) {}

  // ---- Store
  ma::FakeLeases& leases() override { return shared_.leases(); }
  void Submit(ma::Mutation mutation, absl::Time, Done<ma::Outcome> done) override {
    queue_.push_back({std::move(mutation), std::make_shared<Done<ma::Outcome>>(std::move(done))});
    if (!std::exchange(busy_, true)) Next();
  }
  void LoadLiveAssignments(std::string pool_id, absl::Time by,
                           Done<std::vector<ma::Assignment>> done) override {
    if (node_.faults_.forgotten_takeover) return done(std::vector<ma::Assignment>{});
    shared_.LoadLiveAssignments(std::move(pool_id), by, std::move(done));
  }
  void FindLatestAssignments(std::string pool_id, std::vector<std::string> ids, absl::Time by,
                             Done<std::vector<ma::Assignment>> done) override {
    if (node_.faults_.forgotten_takeover) return done(std::vector<ma::Assignment>{});
    shared_.FindLatestAssignments(std::move(pool_id), std::move(ids), by, std::move(done));
  }
  void FindMoves(std::string pool_id, std::vector<std::string> ids, absl::Time by,
                 Done<std::vector<ma::TicketMove>> done) override {
    shared_.FindMoves(std::move(pool_id), std::move(ids), by, std::move(done));
  }
  void GetAssignment(std::string id, absl::Time by, Done<ma::Assignment> done) override {
    shared_.GetAssignment(std::move(id), by, std::move(done));
  }

  // ---- LeaseStore, as this process reaches it
  absl::Status Join(const ma::Member& me, absl::Duration lease, absl::Time by) override {
    return Reached() ? shared_.leases().Join(me, lease, by) : Away();
  }
  absl::StatusOr<ma::Membership> Renew(const ma::Member& me, absl::Duration lease,
                                       absl::Time by) override {
    if (!Reached()) return Away();
    return shared_.leases().Renew(me, lease, by);
  }
  absl::StatusOr<std::vector<ma::Hold>> Take(const std::string& id,
                                             const std::vector<std::string>& pools,
                                             absl::Time by) override {
    if (!Reached()) return Away();
    return shared_.leases().Take(id, pools, by);
  }
  absl::Status Release(const std::string& id, const std::vector<ma::Hold>& holds,
                       absl::Time by) override {
    return Reached() ? shared_.leases().Release(id, holds, by) : Away();
  }
  absl::Status Leave(const std::string& id, absl::Time by) override {
    return Reached() ? shared_.leases().Leave(id, by) : Away();
  }

 private:
  struct Entry {
    ma::Mutation mutation;
    std::shared_ptr<Done<ma::Outcome>> done;
  };

  bool Reached() const { return node_.faults_.database_up; }
  static absl::Status Away() { return Unavailable("DATABASE_UNAVAILABLE", "no database"); }

  // The batch is on its way: it arrives whatever becomes of this process; if it is stopped or gone,
  // perhaps a good while later.
  void Next() {
    auto batch = std::make_shared<std::vector<Entry>>(std::make_move_iterator(queue_.begin()),
                                                      std::make_move_iterator(queue_.end()));
    queue_.clear();
    Try(batch, node_.chance_.Between(kLeastCommit, kMostCommit, node_.host.name()),
        node_.host.life(), /*held_up=*/false);
  }
  void Try(const std::shared_ptr<std::vector<Entry>>& batch, absl::Duration wait, uint64_t life,
           bool held_up) {
    node_.timeline_.After(wait, [this, &node = node_, &shared = shared_, batch, life, held_up] {
      const bool here = life == node.host.life();
      const bool away = !here || node.host.stopped();
      if (!node.faults_.database_up) {
        if (here) Try(batch, kRetry, life, held_up);
        return;
      }
      if (away && !held_up && node.chance_.Happens(kHeldUp, "held up")) {
        return Later(this, node, shared, batch, life);
      }
      Arrive(this, node, shared, batch, life);
    });
  }
  // `self` may be gone by then: it is there as long as this life is.
  static void Later(Records* self, MatcherNode& node, ma::FakeStore& shared,
                    const std::shared_ptr<std::vector<Entry>>& batch, uint64_t life) {
    node.timeline_.After(
        node.chance_.Between(absl::Seconds(1), absl::Seconds(4), "held up"),
        [self, &node, &shared, batch, life] { Arrive(self, node, shared, batch, life); });
  }
  static void Arrive(Records* self, MatcherNode& node, ma::FakeStore& shared,
                     const std::shared_ptr<std::vector<Entry>>& batch, uint64_t life) {
    std::vector<absl::StatusOr<ma::Outcome>> outcomes;
    for (Entry& entry : *batch) outcomes.push_back(Apply(node, shared, entry));
    if (life != node.host.life()) return;
    node.host.Run([self, batch, outcomes = std::move(outcomes)]() mutable {
      for (size_t i = 0; i < batch->size(); ++i) (*(*batch)[i].done)(std::move(outcomes[i]));
      self->busy_ = !self->queue_.empty();
      if (self->busy_) self->Next();
    });
  }
  static absl::StatusOr<ma::Outcome> Apply(MatcherNode& node, ma::FakeStore& shared,
                                           const Entry& entry) {
    ma::Mutation mutation = entry.mutation;
    if (node.faults_.lost_ack && !std::holds_alternative<ma::RecordDecisions>(mutation) &&
        node.chance_.Happens(kLostAck, "lost ack")) {
      ma::Outcome done;
      if (const auto* record = std::get_if<ma::RecordAssignment>(&mutation)) {
        done.assignment = record->assignment;
      }
      return done;
    }
    if (node.faults_.no_fence) {
      std::visit([&](auto& m) { m.hold.epoch = EpochNow(shared, m.hold); }, mutation);
    }
    const auto once = [&] {
      absl::StatusOr<ma::Outcome> outcome = absl::UnknownError("");
      shared.Submit(mutation, absl::InfiniteFuture(),
                    [&](absl::StatusOr<ma::Outcome> o) { outcome = std::move(o); });
      return outcome;
    };
    absl::StatusOr<ma::Outcome> outcome = once();
    // In doubt: tried again, as the committer does.
    if (node.chance_.Happens(kDoubt, "matcher doubts")) outcome = once();
    return outcome;
  }
  static int64_t EpochNow(ma::FakeStore& shared, ma::Hold hold) {
    while (!shared.leases().Holds(hold) && hold.epoch < 1'000) ++hold.epoch;
    return hold.epoch;
  }

  MatcherNode& node_;
  ma::FakeStore& shared_;
  std::deque<Entry> queue_;
  bool busy_ = false;
};

// A stream to one node of availability.
struct MatcherNode::Stream {
  Stream(MatcherNode& matcher, AvailabilityNode& n)
      : node(n),
        connection(matcher.timeline_, matcher.chance_, matcher.host, n.host,
                   absl::StrCat(matcher.host.name(), "->", n.host.name())) {}

  AvailabilityNode& node;
  Connection connection;
  uint64_t number = 0;                                              // among all of this process
  std::shared_ptr<uint64_t> there = std::make_shared<uint64_t>(0);  // as the node calls it
};

class MatcherNode::Delivery final : public ma::DeliverySink {
 public:
  explicit Delivery(MatcherNode& node) : node_(node) {}

  void Tell(const std::string& node_id, av::v1::DeliverRequest::ToAgent message) override {
    for (const auto& stream : node_.streams_) {
      if (stream->node.host.name() != node_id) continue;
      stream->connection.ToServer(
          [&to = stream->node, there = stream->there, message] { to.Tell(*there, message); });
    }
  }
  void Answer(ma::ActRef act, const absl::Status& status,
              std::optional<av::v1::AssignmentConfirmed> confirmed) override {
    for (const auto& stream : node_.streams_) {
      if (stream->number != act.stream) continue;
      av::v1::DeliverRequest::ActAnswer answer;
      answer.set_act_id(act.act_id);
      *answer.mutable_status() = av::ToRpcStatus(status);
      if (confirmed) *answer.mutable_assignment_confirmed() = *confirmed;
      stream->connection.ToServer(
          [&to = stream->node, there = stream->there, answer] { to.Answer(*there, answer); });
    }
  }
  void Flush() override {}

 private:
  MatcherNode& node_;
};

class MatcherNode::Progress final : public ma::ProgressSink {
 public:
  explicit Progress(MatcherNode& node) : node_(node) {}

  void Send(const std::string& pool_id, intake::v1::ProgressEntry entry) override {
    pools_[pool_id].queue.push_back(std::move(entry));
  }
  void Flush(const std::string& pool_id) override {
    ToTell& pool = pools_[pool_id];
    if (pool.call != 0 || pool.queue.empty()) return;
    const uint64_t call = pool.call = ++calls_;
    intake::RecordProgress act{.pool_id = pool_id};
    for (const intake::v1::ProgressEntry& entry : pool.queue) {
      act.entries.push_back(*intake::WantedProgress(entry, node_.timeline_.now(), ""));
    }
    Connection& link = node_.to_intake_;
    link.ToServer(
        [this, &link, &to = node_.intake_, pool_id, call, act, generation = link.generation()] {
          to.Apply({.act = act, .now = {}}, [this, &link, pool_id, call, generation](
                                                const absl::StatusOr<intake::Outcome>& outcome) {
            if (link.generation() != generation) return;
            link.ToClient([this, pool_id, call, outcome] { OnAnswer(pool_id, call, outcome); });
          });
        });
    node_.host.After(kAnswerWithin, [this, pool_id, call] { Again(pool_id, call); });
  }
  size_t Backlog(const std::string& pool_id) const override {
    auto it = pools_.find(pool_id);
    return it == pools_.end() ? 0 : it->second.queue.size();
  }
  void Forget(const std::string& pool_id) { pools_.erase(pool_id); }

 private:
  static constexpr absl::Duration kAnswerWithin = absl::Seconds(1);
  struct ToTell {
    std::deque<intake::v1::ProgressEntry> queue;
    uint64_t call = 0;
  };

  void Again(const std::string& pool_id, uint64_t call) {
    auto it = pools_.find(pool_id);
    if (it == pools_.end() || it->second.call != call) return;
    it->second.call = 0;
    Flush(pool_id);
  }
  void OnAnswer(const std::string& pool_id, uint64_t call,
                const absl::StatusOr<intake::Outcome>& outcome) {
    auto it = pools_.find(pool_id);
    if (it == pools_.end() || it->second.call != call) return;
    if (!outcome.ok()) {
      node_.host.After(kRetry, [this, pool_id, call] { Again(pool_id, call); });
      return;
    }
    it->second.call = 0;
    std::vector<ma::ProgressAnswer> answers;
    for (const auto& answer : std::get<std::vector<intake::ProgressAnswer>>(*outcome)) {
      const intake::v1::ProgressEntry& entry = it->second.queue.front();
      answers.push_back({entry.ticket_id(), entry.progress_revision(),
                         static_cast<intake::v1::ProgressOutcome>(answer.outcome),
                         static_cast<intake::v1::TicketState>(answer.state)});
      it->second.queue.pop_front();
    }
    node_.OnAnswers(pool_id, std::move(answers));
    Flush(pool_id);
  }

  MatcherNode& node_;
  std::map<std::string, ToTell> pools_;
  uint64_t calls_ = 0;
};

class MatcherNode::Pauses final : public ma::PauseSink {
 public:
  void Pause(av::v1::PauseAgentRequest) override {}  // the engine has paused it; it is not asked
};

struct MatcherNode::Pool {
  ma::Hold hold;
  std::shared_ptr<ma::PoolRunner> runner;
  int64_t tickets_seen = 0, agents_seen = 0;  // revisions
  size_t agents_from = 0;                     // which node's feed
  std::shared_ptr<IntakeNode::Follower> tickets;
  std::shared_ptr<AvailabilityNode::Follower> agents;
};

struct MatcherNode::Life {
  explicit Life(MatcherNode& node)
      : sequencer({}, node.timeline_.clock),
        lease(node.timeline_.clock, kLease, kLease / 10),
        records(node, node.store_),
        delivery(node),
        progress(node) {}

  ma::Sequencer sequencer;
  ma::OwnLease lease;
  Records records;
  Delivery delivery;
  Progress progress;
  Pauses pauses;
  std::unique_ptr<ma::Ownership> ownership;
};

MatcherNode::MatcherNode(Timeline& timeline, Chance& chance, ma::FakeStore& store,
                         IntakeNode& intake, std::vector<AvailabilityNode*> availabilities,
                         const std::string& name, std::vector<std::string> pool_ids, Faults faults)
    : host(timeline, name),
      timeline_(timeline),
      chance_(chance),
      store_(store),
      intake_(intake),
      pool_ids_(std::move(pool_ids)),
      faults_(faults),
      to_intake_(timeline, chance, host, intake.host, absl::StrCat(name, "->intake")) {
  for (AvailabilityNode* node : availabilities) {
    streams_.push_back(std::make_unique<Stream>(*this, *node));
  }
  host.idle = [this] { Pump(); };
}
MatcherNode::~MatcherNode() { Kill(); }

std::vector<Connection*> MatcherNode::connections() {
  std::vector<Connection*> all = {&to_intake_};
  for (const auto& stream : streams_) all.push_back(&stream->connection);
  return all;
}

void MatcherNode::Start() {
  host.Start();
  life_ = std::make_unique<Life>(*this);
  ma::OwnershipOptions options;
  options.node_id = absl::StrCat(host.name(), ".", host.life());
  options.address = host.name();
  options.lease = kLease;
  options.renew_interval = kRenew;
  options.settle = kLease / 2;
  options.own_thread = false;
  ma::Ownership::Handlers handlers;
  handlers.taken = [this](const ma::Hold& hold) { OnTaken(hold); };
  handlers.lost = [this](const ma::Hold& hold) { End(hold.pool_id, hold.epoch); };
  handlers.give_up = [this](const std::vector<ma::Hold>& holds) {
    for (const ma::Hold& hold : holds) {
      if (auto pool = Find(hold.pool_id)) {
        life_->sequencer.Post([runner = pool->runner] { runner->StopOffering(); });
      }
      HandOver(hold);
    }
  };
  handlers.holds_again = [this] {
    for (const auto& [id, pool] : pools_) {
      life_->sequencer.Post([runner = pool->runner] { runner->OnLeaseHolds(); });
    }
  };
  handlers.renewed = [](const absl::Status&) {};
  life_->ownership = std::make_unique<ma::Ownership>(options, life_->records, life_->lease,
                                                     timeline_.clock, std::move(handlers));
  OpenIntake();
  for (const auto& stream : streams_) OpenStream(stream.get());
  Renew();
}

void MatcherNode::Kill() {
  if (!life_) return;
  host.Kill();
  pools_.clear();
  life_.reset();
  wake_at_ = absl::InfiniteFuture();
}

void MatcherNode::Renew() {
  life_->ownership->Listed({pool_ids_.begin(), pool_ids_.end()});
  life_->ownership->Step();
  host.After(kRenew, [this] { Renew(); });
}

void MatcherNode::Pump() {
  if (!life_) return;
  while (life_->sequencer.RunPending() > 0) {
  }
  absl::Time next = absl::InfiniteFuture();
  for (const auto& [id, pool] : pools_) next = std::min(next, pool->runner->NextWakeup());
  if (next >= wake_at_) return;
  wake_at_ = next;
  host.After(std::max(next - timeline_.now(), absl::Microseconds(1)),
             [this] { wake_at_ = absl::InfiniteFuture(); });
}

std::shared_ptr<MatcherNode::Pool> MatcherNode::Find(const std::string& pool_id) const {
  auto it = pools_.find(pool_id);
  return it == pools_.end() ? nullptr : it->second;
}

void MatcherNode::OnTaken(const ma::Hold& hold) {
  on_taken(hold.pool_id, hold.epoch);
  auto pool = std::make_shared<Pool>();
  pool->hold = hold;
  ma::PoolRunnerOptions options;
  options.pool_id = hold.pool_id;
  options.epoch = hold.epoch;
  options.lost_after = kLostAfter;
  pool->runner = std::make_shared<ma::PoolRunner>(
      options, ma::PoolRunnerParts{.clock = timeline_.clock,
                                   .sequencer = life_->sequencer,
                                   .store = life_->records,
                                   .delivery = life_->delivery,
                                   .progress = life_->progress,
                                   .pauses = life_->pauses,
                                   .metrics = SharedMetrics(),
                                   .on_lost =
                                       [this, hold](const absl::Status&) {
                                         life_->ownership->Lost(hold);
                                         End(hold.pool_id, hold.epoch);
                                       },
                                   .lease = &life_->lease,
                                   .wall = timeline_.clock});
  life_->records.LoadLiveAssignments(
      hold.pool_id, absl::InfiniteFuture(), [&](absl::StatusOr<std::vector<ma::Assignment>> live) {
        life_->sequencer.Post([runner = pool->runner, live = *std::move(live)]() mutable {
          runner->Start(std::move(live), {});
        });
      });
  pools_[hold.pool_id] = pool;
  pool->agents_from =
      static_cast<size_t>(chance_.Below(static_cast<int>(streams_.size()), "agents from"));
  if (to_intake_.up()) FollowTickets(pool);
  FollowAgents(pool);
  for (const auto& stream : streams_) Serve(*stream);
}

void MatcherNode::End(const std::string& pool_id, int64_t epoch) {
  auto it = pools_.find(pool_id);
  if (it == pools_.end() || it->second->hold.epoch != epoch) return;
  std::shared_ptr<ma::PoolRunner> runner = it->second->runner;
  pools_.erase(it);
  life_->progress.Forget(pool_id);
  life_->sequencer.Post(
      [runner] { runner->Stop(Unavailable("POOL_NOT_SERVED", "another has it")); });
  for (const auto& stream : streams_) Serve(*stream);
}

void MatcherNode::HandOver(const ma::Hold& hold) {
  host.After(kRetry, [this, hold] {
    auto pool = Find(hold.pool_id);
    const bool here = pool && pool->hold.epoch == hold.epoch;
    if (here && !pool->runner->Settled()) return HandOver(hold);
    End(hold.pool_id, hold.epoch);
    life_->ownership->Ended(hold);
  });
}

// ---- feeds

void MatcherNode::OpenIntake() {
  to_intake_.Open({.opened =
                       [this] {
                         for (const auto& [id, pool] : pools_) FollowTickets(pool);
                         for (const auto& [id, pool] : pools_) life_->progress.Flush(id);
                       },
                   .broken = [this] { host.After(kReopen, [this] { OpenIntake(); }); }},
                  {});
}

void MatcherNode::FollowTickets(const std::shared_ptr<Pool>& pool) {
  auto follower = std::make_shared<IntakeNode::Follower>();
  follower->connection = &to_intake_;
  follower->generation = to_intake_.generation();
  follower->pool_id = pool->hold.pool_id;
  follower->cursor = chance_.Happens(kSnapshotAgain, "snapshot again") ? 0 : pool->tickets_seen;
  follower->snapshot = [this, weak = std::weak_ptr<Pool>(pool)](ma::TicketSnapshot snapshot,
                                                                int64_t revision) {
    auto p = weak.lock();
    if (!p) return;
    p->tickets_seen = revision;
    life_->sequencer.TryPost([runner = p->runner, snapshot, now = timeline_.now()] {
      runner->OnTicketSnapshot(snapshot, now);
    });
  };
  follower->changes = [this, weak = std::weak_ptr<Pool>(pool)](
                          intake::v1::WatchTicketsResponse::Changes changes, int64_t revision) {
    auto p = weak.lock();
    if (!p) return;
    p->tickets_seen = revision;
    life_->sequencer.TryPost([runner = p->runner, changes, now = timeline_.now()] {
      runner->OnTicketChanges(changes, now);
    });
  };
  pool->tickets = follower;
  to_intake_.ToServer([&to = intake_, follower] { to.Follow(follower); });
}

void MatcherNode::FollowAgents(const std::shared_ptr<Pool>& pool) {
  // From any node: the next one, if this one is not to be had.
  for (size_t i = 0; i < streams_.size(); ++i) {
    Stream& stream = *streams_[(pool->agents_from + i) % streams_.size()];
    if (!stream.connection.up()) continue;
    auto follower = std::make_shared<AvailabilityNode::Follower>();
    follower->connection = &stream.connection;
    follower->generation = stream.connection.generation();
    follower->pool_id = pool->hold.pool_id;
    follower->cursor = chance_.Happens(kSnapshotAgain, "snapshot again") ? 0 : pool->agents_seen;
    follower->snapshot = [this, weak = std::weak_ptr<Pool>(pool)](ma::AgentSnapshot snapshot,
                                                                  int64_t revision) {
      auto p = weak.lock();
      if (!p) return;
      p->agents_seen = revision;
      life_->sequencer.TryPost([runner = p->runner, snapshot, now = timeline_.now()] {
        runner->OnAgentSnapshot(snapshot, now);
      });
    };
    follower->changes = [this, weak = std::weak_ptr<Pool>(pool)](
                            av::v1::WatchAgentsResponse::Changes changes, int64_t revision) {
      auto p = weak.lock();
      if (!p) return;
      p->agents_seen = revision;
      life_->sequencer.TryPost([runner = p->runner, changes, now = timeline_.now()] {
        runner->OnAgentChanges(changes, now);
      });
    };
    pool->agents = follower;
    stream.connection.ToServer([&to = stream.node, follower] { to.Follow(follower); });
    return;
  }
}

// ---- streams to availability

void MatcherNode::OpenStream(Stream* stream) {
  const uint64_t number = stream->number = ++streams_made_;
  stream->there = std::make_shared<uint64_t>(0);
  Connection& connection = stream->connection;
  connection.Open(
      {.opened =
           [this, stream] {
             Serve(*stream);
             for (const auto& [id, pool] : pools_) {
               if (!pool->agents ||
                   pool->agents->generation != pool->agents->connection->generation()) {
                 FollowAgents(pool);
               }
             }
           },
       .broken =
           [this, stream] {
             for (const auto& [id, pool] : pools_) {
               life_->sequencer.Post([runner = pool->runner, node = stream->node.host.name()] {
                 runner->OnDeliveryReady(node, false);
               });
               if (pool->agents && pool->agents->connection == &stream->connection) {
                 FollowAgents(pool);
               }
             }
             host.After(kReopen, [this, stream] { OpenStream(stream); });
           }},
      {.opened =
           [this, stream, number, there = stream->there] {
             *there = stream->node.MatcherOpened(
                 &stream->connection, [this, stream, number](av::v1::DeliverResponse::Item item) {
                   if (stream->number == number) Hear(*stream, std::move(item));
                 });
           },
       .broken = [&to = stream->node, there = stream->there] { to.MatcherBroken(*there); }});
}

void MatcherNode::Serve(Stream& stream) {
  std::vector<av::ServedPool> served;
  for (const auto& [id, pool] : pools_) served.push_back({id, pool->hold.epoch});
  stream.connection.ToServer(
      [&to = stream.node, there = stream.there, served] { to.Serve(*there, served); });
}

void MatcherNode::Hear(Stream& stream, av::v1::DeliverResponse::Item item) {
  const std::string node_id = stream.node.host.name();
  if (item.has_ready()) {
    for (const auto& [id, pool] : pools_) {
      const auto& ids = item.ready().pool_ids();
      const bool ready = std::find(ids.begin(), ids.end(), id) != ids.end();
      life_->sequencer.Post(
          [runner = pool->runner, node_id, ready] { runner->OnDeliveryReady(node_id, ready); });
    }
  } else if (item.has_act()) {
    const ma::ActRef ref{stream.number, item.act().act_id()};
    auto pool = Find(item.act().pool_id());
    if (!pool) {
      return life_->delivery.Answer(ref, Unavailable("POOL_NOT_SERVED", "not here"), std::nullopt);
    }
    life_->sequencer.TryPost([runner = pool->runner, ref, act = item.act(), now = timeline_.now()] {
      runner->OnAct(ref, act, now);
    });
  } else if (item.has_undelivered()) {
    if (auto pool = Find(item.undelivered().pool_id())) {
      life_->sequencer.TryPost([runner = pool->runner, agent = item.undelivered().agent_id()] {
        runner->OnUndelivered(agent);
      });
    }
  }
}

void MatcherNode::OnAnswers(const std::string& pool_id, std::vector<ma::ProgressAnswer> answers) {
  if (auto pool = Find(pool_id)) {
    life_->sequencer.Post([runner = pool->runner, answers = std::move(answers)] {
      runner->OnProgressAnswers(answers);
    });
  }
}

}  // namespace muster::cell
