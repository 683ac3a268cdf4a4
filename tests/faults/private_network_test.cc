// Each case has a thread of its own: a namespace is a thread's, and goes with it.
#include "tests/faults/private_network.h"

#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <functional>
#include <thread>

#include "tests/support/catch.h"

namespace muster::faults {
namespace {

constexpr int kSoonMs = 300, kInTimeMs = 10'000;

sockaddr_in Loopback(int port) {
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

class Listener {
 public:
  Listener() : fd_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address = Loopback(0);
    socklen_t size = sizeof(address);
    bind(fd_, reinterpret_cast<sockaddr*>(&address), size);
    listen(fd_, 8);
    getsockname(fd_, reinterpret_cast<sockaddr*>(&address), &size);
    port_ = ntohs(address.sin_port);
  }
  ~Listener() { close(fd_); }
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;
  int port() const { return port_; }

 private:
  const int fd_;
  int port_ = 0;
};

class Caller {
 public:
  explicit Caller(int port) : fd_(socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)) {
    const sockaddr_in address = Loopback(port);
    connect(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof(address));
  }
  ~Caller() { close(fd_); }
  Caller(const Caller&) = delete;
  Caller& operator=(const Caller&) = delete;
  bool ConnectedWithin(int milliseconds) const {
    pollfd wait = {.fd = fd_, .events = POLLOUT, .revents = 0};
    return poll(&wait, 1, milliseconds) == 1 && (wait.revents & POLLERR) == 0;
  }

 private:
  const int fd_;
};

void InPrivate(const std::function<void(PrivateNetwork&)>& test) {
  absl::Status refused;
  std::thread([&] {
    auto network = PrivateNetwork::Enter();
    if (network.ok()) {
      test(**network);
    } else {
      refused = network.status();
    }
  }).join();
  if (!refused.ok()) WARN("not run: " << refused.message());
}

TEST_CASE("packets are lost until the network is healed, and only of the port that was named") {
  bool before = false, other = false, lost = true, healed = false;
  bool run = false;
  InPrivate([&](PrivateNetwork& network) {
    run = true;
    const Listener hit, spared;
    before = Caller(hit.port()).ConnectedWithin(kInTimeMs);
    if (!network.Lose(hit.port(), 100).ok()) return;
    const Caller caller(hit.port());
    lost = !caller.ConnectedWithin(kSoonMs);
    other = Caller(spared.port()).ConnectedWithin(kInTimeMs);
    healed = network.Heal().ok() && caller.ConnectedWithin(kInTimeMs);
  });
  if (!run) return;
  CHECK(before);
  CHECK(lost);
  CHECK(other);
  CHECK(healed);
}

}  // namespace
}  // namespace muster::faults
