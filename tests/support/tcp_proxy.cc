#include "tests/support/tcp_proxy.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <stdexcept>
#include <utility>
#include <vector>

#include "absl/time/clock.h"

namespace muster {
namespace {

constexpr int kBacklog = 512;
constexpr int kEventsAtOnce = 64;
constexpr size_t kReadBytes = 64 * 1024;

sockaddr_in Loopback(int port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(static_cast<uint16_t>(port));
  return address;
}

int Socket() { return socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0); }

void NoDelay(int fd) {
  const int on = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
}

// The other side sees "connection reset", as from a machine that has gone.
int CloseWithReset(int fd) {
  const linger at_once = {.l_onoff = 1, .l_linger = 0};
  setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
  return close(fd);
}

}  // namespace

TcpProxy::TcpProxy(int target_port) : target_port_(target_port) {
  listener_ = Socket();
  sockaddr_in address = Loopback(0);
  socklen_t length = sizeof(address);
  auto* raw = reinterpret_cast<sockaddr*>(&address);
  if (listener_ < 0 || bind(listener_, raw, length) != 0 || listen(listener_, kBacklog) != 0 ||
      getsockname(listener_, raw, &length) != 0) {
    throw std::runtime_error("the proxy cannot listen on 127.0.0.1");
  }
  port_ = ntohs(address.sin_port);
  epoll_ = epoll_create1(EPOLL_CLOEXEC);
  wake_ = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  for (int fd : {listener_, wake_}) {
    epoll_event event{.events = EPOLLIN, .data = {.fd = fd}};
    if (epoll_ctl(epoll_, EPOLL_CTL_ADD, fd, &event) != 0) {
      throw std::runtime_error("the proxy cannot watch its sockets");
    }
  }
  thread_ = std::thread([this] { Run(); });
}

TcpProxy::~TcpProxy() {
  Order([this] {
    ResetIf([](const Pair&) { return true; });
    stop_ = true;
  });
  thread_.join();
  for (int fd : {listener_, epoll_, wake_}) close(fd);
}

void TcpProxy::Order(std::function<void()> order) {
  std::unique_lock lock(mutex_);
  orders_.push_back(std::move(order));
  const uint64_t number = ++ordered_;
  const uint64_t one = 1;
  (void)!write(wake_, &one, sizeof(one));
  done_.wait(lock, [&] { return carried_out_ >= number; });
}

void TcpProxy::RunOrders() {
  uint64_t ignored;
  (void)!read(wake_, &ignored, sizeof(ignored));
  std::unique_lock lock(mutex_);
  while (!orders_.empty()) {
    std::function<void()> order = std::move(orders_.front());
    orders_.pop_front();
    lock.unlock();
    order();
    lock.lock();
    ++carried_out_;
  }
  done_.notify_all();
}

void TcpProxy::Cut() {
  Order([this] { ResetIf([](const Pair&) { return true; }); });
}

void TcpProxy::CutAnswerTo(std::string marker) {
  Order([this, marker] {
    marker_ = marker;
    armed_ = true;
  });
}

void TcpProxy::Delay(absl::Duration delay) {
  Order([this, delay] { delay_ = delay; });
}

void TcpProxy::Drop(Way way) {
  Order([this, way] { (way == Way::kToServer ? drop_to_server_ : drop_to_client_) = true; });
}

void TcpProxy::Refuse() {
  Order([this] {
    refuse_ = true;
    ResetIf([](const Pair&) { return true; });
  });
}

void TcpProxy::Heal() {
  Order([this] {
    refuse_ = armed_ = drop_to_server_ = drop_to_client_ = false;
    delay_ = absl::ZeroDuration();
    ResetIf([](const Pair& pair) { return pair.lossy || pair.marked; });
  });
}

int64_t TcpProxy::answers_cut() const {
  std::lock_guard lock(mutex_);
  return answers_cut_;
}

int64_t TcpProxy::accepted() const {
  std::lock_guard lock(mutex_);
  return accepted_;
}

void TcpProxy::Run() {
  epoll_event events[kEventsAtOnce];
  while (!stop_) {
    const int count = epoll_wait(epoll_, events, kEventsAtOnce, MillisUntilRipe());
    for (int i = 0; i < count; ++i) {
      const int fd = events[i].data.fd;
      if (fd == wake_) {
        RunOrders();
      } else if (fd == listener_) {
        Accept();
      } else {
        HandleEvent(fd, events[i].events);
      }
    }
    WriteRipe();
  }
}

int TcpProxy::MillisUntilRipe() const {
  absl::Time first = absl::InfiniteFuture();
  for (const auto& [fd, pair] : by_fd_) {
    for (const Lane* lane : {&pair->to_server, &pair->to_client}) {
      if (!lane->chunks.empty()) first = std::min(first, lane->chunks.front().ripe);
    }
  }
  const absl::Time now = absl::Now();
  // What is ripe already waits for its socket to take it.
  if (first == absl::InfiniteFuture() || first <= now) return -1;
  return static_cast<int>(absl::ToInt64Milliseconds(first - now)) + 1;
}

void TcpProxy::Accept() {
  while (true) {
    const int client = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (client < 0) return;
    {
      std::lock_guard lock(mutex_);
      ++accepted_;
    }
    const int server = Socket();
    const sockaddr_in target = Loopback(target_port_);
    const bool wanted =
        !refuse_ && by_fd_.size() < 2 * kMaxConnections && server >= 0 &&
        (connect(server, reinterpret_cast<const sockaddr*>(&target), sizeof(target)) == 0 ||
         errno == EINPROGRESS);
    if (!wanted) {
      CloseWithReset(client);
      if (server >= 0) close(server);
      continue;
    }
    NoDelay(client);
    NoDelay(server);
    auto pair = std::make_shared<Pair>();
    pair->client = client;
    pair->server = server;
    for (int fd : {client, server}) {
      by_fd_[fd] = pair;
      epoll_event event{.events = EPOLLIN, .data = {.fd = fd}};
      epoll_ctl(epoll_, EPOLL_CTL_ADD, fd, &event);
    }
  }
}

void TcpProxy::HandleEvent(int fd, uint32_t events) {
  const auto at = by_fd_.find(fd);
  if (at == by_fd_.end()) return;  // reset by an earlier event of this round
  const std::shared_ptr<Pair> pair = at->second;
  const bool is_client = fd == pair->client;
  const Way reads = is_client ? Way::kToServer : Way::kToClient;
  const Way writes = is_client ? Way::kToClient : Way::kToServer;
  if ((events & EPOLLERR) != 0) return Reset(*pair);
  if ((events & (EPOLLIN | EPOLLHUP)) != 0 && !Read(*pair, reads)) return;
  if ((events & EPOLLOUT) != 0 && !Write(*pair, writes)) return;
  if (!Write(*pair, reads)) return;
  Watch(*pair);
}

bool TcpProxy::Read(Pair& pair, Way way) {
  Lane& lane = way == Way::kToServer ? pair.to_server : pair.to_client;
  const int from = way == Way::kToServer ? pair.client : pair.server;
  std::string buffer(kReadBytes, '\0');
  while (!lane.ended && lane.held < kMaxHeld) {
    const ssize_t n = read(from, buffer.data(), buffer.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0 && errno == EAGAIN) return true;
    if (n < 0) {
      Reset(pair);
      return false;
    }
    if (n == 0) {
      lane.ended = true;
    } else if (!Take(pair, way, buffer.substr(0, static_cast<size_t>(n)))) {
      return false;
    }
  }
  return true;
}

bool TcpProxy::Take(Pair& pair, Way way, std::string bytes) {
  if (way == Way::kToClient && pair.marked) {
    {
      std::lock_guard lock(mutex_);
      ++answers_cut_;
    }
    Reset(pair);
    return false;
  }
  if (way == Way::kToServer && armed_) {
    pair.tail += bytes;
    if (pair.tail.find(marker_) != std::string::npos) {
      pair.marked = true;
      armed_ = false;
    }
    const size_t keep = marker_.empty() ? 0 : marker_.size() - 1;
    if (pair.tail.size() > keep) pair.tail.erase(0, pair.tail.size() - keep);
  }
  if (way == Way::kToServer ? drop_to_server_ : drop_to_client_) {
    pair.lossy = true;
    return true;
  }
  Lane& lane = way == Way::kToServer ? pair.to_server : pair.to_client;
  lane.held += bytes.size();
  const absl::Time ripe =
      delay_ > absl::ZeroDuration() ? absl::Now() + delay_ : absl::InfinitePast();
  lane.chunks.push_back({std::move(bytes), ripe});
  return true;
}

bool TcpProxy::Write(Pair& pair, Way way) {
  Lane& lane = way == Way::kToServer ? pair.to_server : pair.to_client;
  const int to = way == Way::kToServer ? pair.server : pair.client;
  while (!lane.chunks.empty()) {
    Chunk& chunk = lane.chunks.front();
    if (chunk.ripe != absl::InfinitePast() && chunk.ripe > absl::Now()) return true;
    const ssize_t n =
        send(to, chunk.bytes.data() + lane.offset, chunk.bytes.size() - lane.offset, MSG_NOSIGNAL);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0 && (errno == EAGAIN || errno == ENOTCONN)) return true;  // or still connecting
    if (n < 0) {
      Reset(pair);
      return false;
    }
    lane.offset += static_cast<size_t>(n);
    lane.held -= static_cast<size_t>(n);
    if (lane.offset < chunk.bytes.size()) return true;
    lane.chunks.pop_front();
    lane.offset = 0;
  }
  if (lane.ended && !lane.end_passed_on) {
    lane.end_passed_on = true;
    shutdown(to, SHUT_WR);
  }
  if (pair.to_server.end_passed_on && pair.to_client.end_passed_on) {
    Release(pair, close);
    return false;
  }
  return true;
}

void TcpProxy::WriteRipe() {
  std::vector<std::shared_ptr<Pair>> pairs;
  for (const auto& [fd, pair] : by_fd_) {
    const bool holds = !pair->to_server.chunks.empty() || !pair->to_client.chunks.empty();
    if (fd == pair->client && holds) pairs.push_back(pair);
  }
  for (const std::shared_ptr<Pair>& pair : pairs) {
    if (Write(*pair, Way::kToServer) && Write(*pair, Way::kToClient)) Watch(*pair);
  }
}

void TcpProxy::Watch(Pair& pair) {
  const absl::Time now = absl::Now();
  auto set = [&](int fd, const Lane& in, const Lane& out) {
    epoll_event event{.events = 0, .data = {.fd = fd}};
    if (!in.ended && in.held < kMaxHeld) event.events |= EPOLLIN;
    if (!out.chunks.empty() && out.chunks.front().ripe <= now) event.events |= EPOLLOUT;
    epoll_ctl(epoll_, EPOLL_CTL_MOD, fd, &event);
  };
  set(pair.client, pair.to_server, pair.to_client);
  set(pair.server, pair.to_client, pair.to_server);
}

void TcpProxy::Reset(Pair& pair) { Release(pair, CloseWithReset); }

void TcpProxy::Release(Pair& pair, int (*close_fd)(int)) {
  const std::shared_ptr<Pair> keep = by_fd_[pair.client];
  for (int fd : {pair.client, pair.server}) {
    by_fd_.erase(fd);
    close_fd(fd);
  }
}

void TcpProxy::ResetIf(const std::function<bool(const Pair&)>& chosen) {
  std::vector<std::shared_ptr<Pair>> pairs;
  for (const auto& [fd, pair] : by_fd_) {
    if (fd == pair->client && chosen(*pair)) pairs.push_back(pair);
  }
  for (const std::shared_ptr<Pair>& pair : pairs) Reset(*pair);
}

}  // namespace muster
