#include "tests/support/tcp_proxy.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <list>
#include <optional>

#include "absl/time/clock.h"
#include "tests/support/catch.h"
#include "tests/support/eventually.h"

namespace muster {
namespace {

sockaddr_in Loopback(int port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(static_cast<uint16_t>(port));
  return address;
}

// Answers every read with the same bytes, and counts them.
class Echo {
 public:
  Echo() : listener_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address = Loopback(0);
    socklen_t length = sizeof(address);
    auto* raw = reinterpret_cast<sockaddr*>(&address);
    REQUIRE(bind(listener_, raw, length) == 0);
    REQUIRE(listen(listener_, 16) == 0);
    REQUIRE(getsockname(listener_, raw, &length) == 0);
    port_ = ntohs(address.sin_port);
    acceptor_ = std::thread([this] {
      int fd;
      while ((fd = accept(listener_, nullptr, nullptr)) >= 0) {
        servers_.emplace_back([this, fd] { Serve(fd); });
      }
    });
  }
  ~Echo() {
    shutdown(listener_, SHUT_RDWR);
    acceptor_.join();
    for (std::thread& server : servers_) server.join();
    close(listener_);
  }
  int port() const { return port_; }
  size_t received() const { return received_; }

 private:
  void Serve(int fd) {
    char buffer[4096];
    ssize_t n;
    while ((n = read(fd, buffer, sizeof(buffer))) > 0) {
      received_ += static_cast<size_t>(n);
      if (send(fd, buffer, static_cast<size_t>(n), MSG_NOSIGNAL) != n) break;
    }
    close(fd);
  }

  int listener_;
  int port_ = 0;
  std::atomic<size_t> received_{0};
  std::thread acceptor_;
  std::list<std::thread> servers_;
};

class Client {
 public:
  explicit Client(int port) : fd_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    const sockaddr_in address = Loopback(port);
    connected_ = connect(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0;
    const timeval limit{.tv_sec = 20, .tv_usec = 0};
    setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
  }
  ~Client() { close(fd_); }
  bool connected() const { return connected_; }
  bool Send(const std::string& text) {
    return send(fd_, text.data(), text.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(text.size());
  }
  // What came until `size` bytes are there; nothing if the connection ended before.
  std::optional<std::string> Receive(size_t size) {
    std::string text(size, '\0');
    size_t got = 0;
    while (got < size) {
      const ssize_t n = read(fd_, text.data() + got, size - got);
      if (n <= 0) return std::nullopt;
      got += static_cast<size_t>(n);
    }
    return text;
  }
  std::optional<std::string> Ask(const std::string& text) {
    return Send(text) ? Receive(text.size()) : std::nullopt;
  }
  void EndSending() { shutdown(fd_, SHUT_WR); }

 private:
  int fd_;
  bool connected_ = false;
};

TEST_CASE("bytes pass both ways, in order, and so does the end") {
  Echo echo;
  TcpProxy proxy(echo.port());
  Client client(proxy.port());
  REQUIRE(client.Ask("hello") == "hello");
  std::string much;
  for (int i = 0; i < 200'000; ++i) much += std::to_string(i);
  std::thread sender([&] { client.Send(much); });
  CHECK(client.Receive(much.size()) == much);
  sender.join();
  client.EndSending();
  CHECK_FALSE(client.Receive(1).has_value());
  CHECK(proxy.accepted() == 1);
}

TEST_CASE("a cut ends what stands, and new connections work") {
  Echo echo;
  TcpProxy proxy(echo.port());
  Client client(proxy.port());
  REQUIRE(client.Ask("a") == "a");
  proxy.Cut();
  CHECK_FALSE(client.Ask("b").has_value());
  Client next(proxy.port());
  CHECK(next.Ask("c") == "c");
}

TEST_CASE("the answer to a marked request is cut once the server has given it") {
  Echo echo;
  TcpProxy proxy(echo.port());
  Client client(proxy.port()), other(proxy.port());
  proxy.CutAnswerTo("COMMIT");
  CHECK(client.Ask("BEGIN") == "BEGIN");
  CHECK(client.Ask("xxCOM") == "xxCOM");  // a marker may come in two reads
  CHECK_FALSE(client.Ask("MIT").has_value());
  CHECK(echo.received() == 13);
  CHECK(proxy.answers_cut() == 1);
  CHECK(other.Ask("COMMIT") == "COMMIT");  // once only
}

TEST_CASE("an empty marker is any request") {
  Echo echo;
  TcpProxy proxy(echo.port());
  Client client(proxy.port());
  proxy.CutAnswerTo("");
  CHECK_FALSE(client.Ask("a").has_value());
  CHECK(echo.received() == 1);
}

TEST_CASE("delayed bytes come late, and all of them") {
  Echo echo;
  TcpProxy proxy(echo.port());
  Client client(proxy.port());
  proxy.Delay(absl::Milliseconds(60));
  const absl::Time start = absl::Now();
  CHECK(client.Ask("slow") == "slow");
  CHECK(absl::Now() - start >= absl::Milliseconds(120));
  proxy.Heal();
  CHECK(client.Ask("again") == "again");  // nothing was lost: the connection stands
}

TEST_CASE("one way is lost while the other works; healing cuts what has a hole") {
  Echo echo;
  TcpProxy proxy(echo.port());
  SECTION("to the server") {
    Client client(proxy.port()), idle(proxy.port());
    REQUIRE(client.Ask("a") == "a");
    REQUIRE(idle.Ask("b") == "b");
    proxy.Drop(TcpProxy::Way::kToServer);
    REQUIRE(client.Send("lost"));
    // The proxy takes orders and bytes on one thread: two orders later the bytes are gone.
    Client late(proxy.port());
    REQUIRE(late.Send("lost, too"));
    REQUIRE(Eventually([&] { return proxy.accepted() == 3; }));
    proxy.Delay(absl::ZeroDuration());
    CHECK(echo.received() == 2);
    proxy.Heal();
    CHECK(idle.Ask("c") == "c");
  }
  SECTION("to the client") {
    Client client(proxy.port());
    REQUIRE(client.Ask("a") == "a");
    proxy.Drop(TcpProxy::Way::kToClient);
    REQUIRE(client.Send("heard"));
    CHECK(Eventually([&] { return echo.received() == 6; }));
    // The answer may still be on its way into the proxy; then it arrives whole once healed.
    proxy.Heal();
    const std::optional<std::string> answer = client.Receive(5);
    CHECK((!answer.has_value() || answer == "heard"));
  }
}

TEST_CASE("who is refused is reset, until it is healed") {
  Echo echo;
  TcpProxy proxy(echo.port());
  Client client(proxy.port());
  REQUIRE(client.Ask("a") == "a");
  proxy.Refuse();
  CHECK_FALSE(client.Ask("b").has_value());
  Client refused(proxy.port());
  CHECK_FALSE(refused.Ask("c").has_value());
  proxy.Heal();
  Client next(proxy.port());
  CHECK(next.Ask("d") == "d");
}

TEST_CASE("a server that is not there looks like one that refuses") {
  int port = 0;
  {
    Echo gone;
    port = gone.port();
  }
  TcpProxy proxy(port);
  Client client(proxy.port());
  CHECK_FALSE(client.Ask("a").has_value());
}

}  // namespace
}  // namespace muster
