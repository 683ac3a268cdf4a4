#include "tests/simulation/cell/matcher_node.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/base/errors.h"
#include "services/availability/convert/convert.h"
#include "tests/simulation/cell/matcher_progress.h"

namespace muster::cell {
namespace {

namespace av = availability;
namespace ma = matcher;

constexpr absl::Duration kReopen = absl::Milliseconds(50), kRetry = absl::Milliseconds(30);
constexpr absl::Duration kLease = absl::Seconds(2), kRenew = absl::Milliseconds(300);
constexpr absl::Duration kLostAfter = absl::Seconds(8);
constexpr double kSnapshotAgain = 0.2;

ma::MatcherMetrics& SharedMetrics() {
  static Metrics& registry = *new Metrics;
  static ma::MatcherMetrics& metrics = *new ma::MatcherMetrics(registry);
  return metrics;
}

}  // namespace

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
        records({node.timeline_, node.chance_, node.host, node.store_}, node.faults_),
        delivery(node),
        progress(node.host, node.timeline_, node.to_intake_, node.intake_,
                 [&node](const std::string& pool_id, std::vector<ma::ProgressAnswer> answers) {
                   node.OnAnswers(pool_id, std::move(answers));
                 }) {}

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
                         const std::string& name, std::vector<std::string> pool_ids,
                         MatcherFaults faults)
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
