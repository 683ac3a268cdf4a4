#include "tests/simulation/cell/network.h"

#include <algorithm>

namespace muster::cell {
namespace {

// Until an end notices that the other is gone.
constexpr absl::Duration kNotice = absl::Milliseconds(20);
constexpr absl::Duration kNoticeCutOff = absl::Seconds(1);

}  // namespace

void Host::Start() {
  up_ = true;
  stopped_ = false;
  ++life_;
}

void Host::Kill() {
  up_ = stopped_ = false;
  ++life_;
  waiting_.clear();
  for (Connection* connection : connections_) connection->Break();
}

void Host::Continue() {
  stopped_ = false;
  std::deque<std::function<void()>> waiting;
  waiting.swap(waiting_);
  for (auto& what : waiting) Run(std::move(what));
}

void Host::Run(std::function<void()> what) {
  if (!up_) return;
  if (stopped_) return waiting_.push_back(std::move(what));
  what();
  if (up_) idle();
}

void Host::After(absl::Duration wait, std::function<void()> what) {
  timeline_.After(wait, [this, life = life_, what = std::move(what)] {
    if (life == life_) Run(what);
  });
}

Connection::Connection(Timeline& timeline, Chance& chance, Host& client, Host& server,
                       std::string name)
    : timeline_(timeline), chance_(chance), client_(client), server_(server), name_(name) {
  client_.connections_.push_back(this);
  server_.connections_.push_back(this);
}

void Connection::Open(End client, End server) {
  client_end_ = std::move(client);
  server_end_ = std::move(server);
  const uint64_t generation = ++generation_;
  const uint64_t life = client_.life();
  timeline_.After(Delay(), [this, generation, life] {
    if (generation != generation_ || life != client_.life()) return;
    if (!server_.up() || server_.stopped() || CutOff()) {
      client_.After(kNotice, client_end_.broken);
      return;
    }
    up_ = true;
    last_to_server_ = last_to_client_ = timeline_.now();
    server_.Run(server_end_.opened);
    client_.Run(client_end_.opened);
  });
}

void Connection::Carry(Host& to, absl::Time* last, std::function<void()> what) {
  if (!up_) return;
  *last = std::max(*last, timeline_.now() + Delay());
  timeline_.After(*last - timeline_.now(),
                  [this, generation = generation_, &to, what = std::move(what)] {
                    // What a partition swallows breaks the stream: TCP gives nothing out of order.
                    if (generation != generation_ || !up_) return;
                    if (CutOff()) return Break();
                    to.Run(what);
                  });
}

void Connection::Break() {
  if (!up_) return;
  up_ = false;
  ++generation_;
  const absl::Duration notice = CutOff() ? kNoticeCutOff : kNotice;
  if (client_.up()) client_.After(notice, client_end_.broken);
  if (server_.up()) server_.After(notice, server_end_.broken);
}

void Connection::Partition(absl::Duration length) { cut_off_until_ = timeline_.now() + length; }

}  // namespace muster::cell
