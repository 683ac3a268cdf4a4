#include "services/availability/session/membership.h"

#include <algorithm>
#include <utility>

#include "common/obs/log.h"

namespace muster::availability {

Membership::Membership(MembershipOptions options, Store& store, Sessions& sessions,
                       const Clock& steady)
    : options_(options), store_(store), sessions_(sessions), steady_(steady) {}

Membership::~Membership() { Stop(); }

void Membership::Start(Node self) {
  self_ = std::move(self);
  if (options_.own_thread) thread_ = std::thread([this] { Run(); });
}

void Membership::Stop() {
  {
    std::lock_guard lock(mutex_);
    if (std::exchange(stopping_, true)) return;
  }
  wake_.notify_all();
  if (!thread_.joinable()) return;
  thread_.join();
  const absl::Status left = store_.LeaveNode(self_.node_id);
  if (!left.ok())
    Log(Severity::kWarning).Msg("the lease of this node runs out by itself").Error(left);
}

void Membership::Run() {
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    lock.unlock();
    Renew();
    lock.lock();
    wake_.wait_for(lock, absl::ToChronoMicroseconds(options_.renew), [this] { return stopping_; });
  }
}

void Membership::Renew() {
  const absl::Time asked = steady_.Now();
  absl::StatusOr<NodeNews> news = store_.RenewNode(self_, options_.lease);
  if (!news.ok()) {
    Log(Severity::kWarning).Msg("the lease of this node is not renewed").Error(news.status());
    return;
  }
  const bool first = held_since_ == absl::InfiniteFuture();
  if (first || asked - renewed_ > options_.lease) held_since_ = asked;
  renewed_ = asked;
  if (news->taken_over || (!first && !news->was_known)) {
    Log(Severity::kWarning).Msg("others took this node for dead; its agents have to come anew");
    sessions_.LetGoOfAll();
  }
  for (const MovedSession& session : news->moved) sessions_.Moved(session);
  {
    std::lock_guard lock(mutex_);
    alive_ = std::move(news->alive);
  }
  if (asked - held_since_ < options_.lease) return;
  for (const std::string& node_id : news->silent) Bury(node_id);
}

// Round after round, until it has no sessions any more: nothing is lost if this node goes, too.
void Membership::Bury(const std::string& node_id) {
  absl::StatusOr<std::optional<std::vector<HeldSession>>> held = store_.TakeOverNode(node_id);
  if (!held.ok() || !*held) return;
  if ((*held)->empty()) {
    if (absl::Status status = store_.ForgetNode(node_id); !status.ok()) return;
    Log(Severity::kInfo).Msg("a node is gone").With("node_id", node_id);
    return;
  }
  if (sessions_.Recover(**held) == 0) return;
  Log(Severity::kWarning)
      .Msg("a node is silent: the grace of its sessions begins")
      .With("node_id", node_id)
      .With("sessions", (*held)->size());
}

std::vector<Node> Membership::Alive() const {
  std::lock_guard lock(mutex_);
  return alive_;
}

std::optional<std::string> Membership::AddressOf(const std::string& node_id) const {
  std::lock_guard lock(mutex_);
  auto it = std::find_if(alive_.begin(), alive_.end(),
                         [&](const Node& node) { return node.node_id == node_id; });
  if (it == alive_.end() || node_id == self_.node_id) return std::nullopt;
  return it->address;
}

bool Membership::alone() const {
  std::lock_guard lock(mutex_);
  return alive_.size() < 2;
}

}  // namespace muster::availability
