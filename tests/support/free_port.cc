#include "tests/support/free_port.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <mutex>
#include <set>
#include <stdexcept>

namespace muster {
namespace {

int Ask() {
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t length = sizeof(address);
  auto* raw = reinterpret_cast<sockaddr*>(&address);
  bool good = fd >= 0 && bind(fd, raw, length) == 0 && getsockname(fd, raw, &length) == 0;
  if (fd >= 0) close(fd);
  if (!good) throw std::runtime_error("no free port on 127.0.0.1");
  return ntohs(address.sin_port);
}

}  // namespace

int FreePort() {
  static std::mutex mutex;
  static std::set<int>* given = new std::set<int>;
  std::lock_guard lock(mutex);
  while (true) {
    int port = Ask();
    if (given->insert(port).second) return port;
  }
}

}  // namespace muster
