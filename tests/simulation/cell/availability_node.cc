#include "tests/simulation/cell/availability_node.h"

#include <utility>

#include "common/base/errors.h"
#include "common/base/ids.h"
#include "services/availability/convert/acts.h"
#include "services/availability/convert/convert.h"
#include "services/availability/session/metrics.h"

namespace muster::cell {
namespace {

namespace av = availability;
using av::v1::AgentFrame;
using av::v1::PlatformFrame;

constexpr absl::Duration kLeastCommit = absl::Microseconds(300),
                         kMostCommit = absl::Milliseconds(6);
constexpr absl::Duration kBeat = absl::Milliseconds(100);
constexpr absl::Duration kHelloTime = absl::Seconds(5), kActTime = absl::Seconds(3);
constexpr double kDoubt = 0.03, kDouble = 0.02;
constexpr int kRenewEvery = 5;  // beats

av::Counts& SharedCounts() {
  static Metrics& metrics = *new Metrics;
  static av::Counts& counts = *new av::Counts(metrics);
  return counts;
}

}  // namespace

// What service/link.cc is over gRPC.
class AvailabilityNode::Link final : public av::LinkSink {
 public:
  Link(AvailabilityNode& node, Connection* connection)
      : node_(node), connection_(connection), generation_(connection->generation()) {}

  void Enqueue(av::EncodedFrame encoded) override {
    PlatformFrame frame;
    frame.ParseFromString(*encoded);
    Send(frame);
    if (node_.faults_.double_send && node_.chance_.Happens(kDouble, "double send")) Send(frame);
  }
  void Flush() override {}
  void Release(const std::string& agent_id, const std::string& session) override {
    if (session.empty() || session == session_id) session_id.clear();
  }
  void End(absl::Status) override {
    node_.host.Run([connection = connection_, generation = generation_] {
      if (connection->generation() == generation) connection->Break();
    });
  }

  std::function<void(const PlatformFrame&)> hear;
  std::string session_id;
  av::AgentKey key;

 private:
  void Send(const PlatformFrame& frame) {
    if (connection_->generation() != generation_) return;
    connection_->ToClient([hear = hear, frame] { hear(frame); });
  }

  AvailabilityNode& node_;
  Connection* const connection_;
  const uint64_t generation_;
};

class AvailabilityNode::MatcherStream final : public av::MatcherSink {
 public:
  MatcherStream(Connection* connection, std::function<void(av::v1::DeliverResponse::Item)> hear)
      : connection_(connection), generation_(connection->generation()), hear_(std::move(hear)) {}

  void Enqueue(av::v1::DeliverResponse::Item item) override {
    if (connection_->generation() != generation_) return;
    connection_->ToClient([hear = hear_, item] { hear(item); });
  }
  void Flush() override {}
  void End(absl::Status) override {}

 private:
  Connection* const connection_;
  const uint64_t generation_;
  const std::function<void(av::v1::DeliverResponse::Item)> hear_;
};

// The committer: batches one after the other, tried again until the database has them.
class AvailabilityNode::Sink final : public av::MutationSink {
 public:
  explicit Sink(AvailabilityNode& node) : node_(node) {}

  void Submit(av::Mutation mutation, absl::Time, Done done) override {
    queue_.emplace_back(std::move(mutation), std::make_shared<Done>(std::move(done)));
    if (!std::exchange(busy_, true)) Next();
  }

 private:
  void Next() {
    node_.host.After(node_.chance_.Between(kLeastCommit, kMostCommit, node_.host.name()),
                     [this] { Commit(); });
  }
  void Commit() {
    if (!node_.faults_.database_up) return Next();
    auto batch = std::move(queue_);
    queue_.clear();
    for (auto& [mutation, done] : batch) {
      absl::StatusOr<av::Applied> applied = node_.store_.Apply({&mutation, 1});
      if (node_.chance_.Happens(kDoubt, "availability doubts")) {
        applied = node_.store_.Apply({&mutation, 1});
      }
      absl::StatusOr<av::Outcome> outcome =
          applied.ok() ? std::move(applied->outcomes[0]) : applied.status();
      if (outcome.ok() && mutation.committed) mutation.committed(*outcome);
      node_.on_commit();
      (*done)(std::move(outcome));
    }
    busy_ = !queue_.empty();
    if (busy_) Next();
  }

  AvailabilityNode& node_;
  std::deque<std::pair<av::Mutation, std::shared_ptr<Done>>> queue_;
  bool busy_ = false;
};

struct AvailabilityNode::Parts {
  explicit Parts(AvailabilityNode& node)
      : table({.lease = absl::Seconds(4), .grace = absl::Seconds(2)}),
        router(table, SharedCounts(), node.timeline_.clock, node.timeline_.clock),
        sink(node),
        sessions({.node_id = node.host.name()}, table, router, sink, node.timeline_.clock,
                 node.timeline_.clock),
        membership({.lease = absl::Seconds(2), .renew = absl::Seconds(1), .own_thread = false},
                   node.store_, sessions, node.timeline_.clock) {}

  av::SessionTable table;
  av::Router router;
  Sink sink;
  av::Sessions sessions;
  av::Membership membership;
  std::map<uint64_t, std::shared_ptr<Link>> links;
  std::map<uint64_t, std::shared_ptr<MatcherStream>> matchers;
  int beats = 0;
};

AvailabilityNode::AvailabilityNode(Timeline& timeline, Chance& chance,
                                   availability::FakeStore& store, const std::string& name,
                                   Faults faults)
    : host(timeline, name), timeline_(timeline), chance_(chance), store_(store), faults_(faults) {}
AvailabilityNode::~AvailabilityNode() = default;

void AvailabilityNode::Start() {
  host.Start();
  parts_ = std::make_unique<Parts>(*this);
  parts_->membership.Start({host.name(), host.name()});
  store_.HeldBy(host.name(), absl::InfiniteFuture(),
                [&](absl::StatusOr<std::vector<av::HeldSession>> held) {
                  if (held.ok()) parts_->sessions.Recover(*held);
                });
  Beat();
}

void AvailabilityNode::Kill() {
  host.Kill();
  parts_.reset();
  followers_.clear();
}

void AvailabilityNode::Beat() {
  parts_->sessions.Tick();
  if (parts_->beats++ % kRenewEvery == 0 && faults_.database_up) parts_->membership.Step();
  TellFollowers();
  host.After(kBeat, [this] { Beat(); });
}

uint64_t AvailabilityNode::LinkOpened(Connection* connection) {
  const uint64_t id = parts_->router.NewStreamId();
  auto link = std::make_shared<Link>(*this, connection);
  parts_->links[id] = link;
  parts_->router.AddLink(id, link);
  return id;
}

void AvailabilityNode::LinkBroken(uint64_t link) {
  if (parts_->links.erase(link) > 0) parts_->sessions.LinkEnded(link);
}

void AvailabilityNode::SetEar(uint64_t link, std::function<void(const PlatformFrame&)> ear) {
  auto it = parts_->links.find(link);
  if (it != parts_->links.end()) it->second->hear = std::move(ear);
}

void AvailabilityNode::Hear(uint64_t id, const AgentFrame& frame) {
  auto it = parts_->links.find(id);
  if (it == parts_->links.end()) return;
  std::shared_ptr<Link> link = it->second;
  const auto answer = [link, agent_id = frame.agent_id(),
                       request_id = frame.request_id()](const absl::Status& status) {
    PlatformFrame reply;
    reply.set_agent_id(agent_id);
    reply.mutable_answer()->set_request_id(request_id);
    *reply.mutable_answer()->mutable_status() = av::ToRpcStatus(status);
    link->Enqueue(av::Encode(reply));
  };
  if (frame.has_hello()) {
    link->key = {frame.hello().pool_id(), frame.agent_id()};
    av::HelloRequest request{link->key, id, std::nullopt,
                             static_cast<av::Presence>(frame.hello().presence()),
                             frame.request_id()};
    if (frame.hello().has_resume()) {
      request.resume = {frame.hello().resume().session_id(),
                        frame.hello().resume().last_sequence()};
    }
    const absl::Time deadline = timeline_.now() + kHelloTime;
    parts_->sessions.Choose(&request, deadline);
    link->session_id = request.session_id;
    return parts_->sessions.Hello(request, deadline, [link, request, answer](absl::Status status) {
      link->Release(request.key.agent_id, request.session_id);
      answer(status);
    });
  }
  if (link->session_id.empty()) {
    return answer(FailedPrecondition("NO_SESSION", "say hello"));
  }
  parts_->table.Seen(link->key, id, timeline_.now());
  if (frame.has_heartbeat()) {
    return parts_->sessions.Seen(link->key, id, frame.heartbeat().last_sequence());
  }
  absl::StatusOr<av::v1::DeliverResponse::Act> act = av::ActOf(frame);
  if (!act.ok()) return answer(act.status());
  act->set_pool_id(link->key.pool_id);
  act->set_agent_id(link->key.agent_id);
  act->set_request_id(frame.request_id());
  parts_->router.Act(
      *std::move(act), timeline_.now() + kActTime,
      [answer](const absl::Status& status, const av::v1::AssignmentConfirmed*) { answer(status); });
}

uint64_t AvailabilityNode::MatcherOpened(Connection* connection,
                                         std::function<void(av::v1::DeliverResponse::Item)> hear) {
  const uint64_t id = parts_->router.NewStreamId();
  parts_->matchers[id] = std::make_shared<MatcherStream>(connection, std::move(hear));
  parts_->router.AddMatcher(id, parts_->matchers[id]);
  return id;
}

void AvailabilityNode::MatcherBroken(uint64_t stream) {
  if (parts_->matchers.erase(stream) > 0) parts_->router.RemoveMatcher(stream);
}

void AvailabilityNode::Serve(uint64_t stream, const std::vector<av::ServedPool>& pools) {
  parts_->router.Serve(stream, host.name(), pools);
}

void AvailabilityNode::Tell(uint64_t stream, const av::v1::DeliverRequest::ToAgent& message) {
  parts_->router.Tell(stream, message);
}

void AvailabilityNode::Answer(uint64_t stream, const av::v1::DeliverRequest::ActAnswer& answer) {
  parts_->router.Answer(stream, answer);
}

void AvailabilityNode::Follow(std::shared_ptr<Follower> follower) {
  followers_.push_back(follower);
  if (follower->cursor > 0) return TellFollowers();
  store_.Snapshot(follower->pool_id, absl::InfiniteFuture(),
                  [&](absl::StatusOr<av::PoolHistory> history) {
                    if (!history.ok()) return;
                    matcher::AgentSnapshot snapshot;
                    snapshot.revision = follower->cursor = history->revision;
                    for (const av::Agent& agent : history->agents) {
                      snapshot.agents.push_back(av::ToProto(agent));
                    }
                    follower->connection->ToClient(
                        [follower, snapshot] { follower->snapshot(snapshot, snapshot.revision); });
                  });
}

void AvailabilityNode::TellFollowers() {
  std::vector<std::weak_ptr<Follower>> there;
  for (const auto& weak : followers_) {
    auto follower = weak.lock();
    if (!follower || follower->generation != follower->connection->generation()) continue;
    there.push_back(follower);
    store_.Since(follower->pool_id, follower->cursor, absl::InfiniteFuture(),
                 [&](absl::StatusOr<av::PoolHistory> history) {
                   if (!history.ok() || history->revision <= follower->cursor) return;
                   follower->cursor = history->revision;
                   for (const auto& message : av::ToChanges(*history)) {
                     follower->connection->ToClient([follower, changes = message.changes()] {
                       follower->changes(changes, changes.revision());
                     });
                   }
                 });
  }
  followers_ = std::move(there);
}

}  // namespace muster::cell
