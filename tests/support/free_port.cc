#include "tests/support/free_port.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <fstream>
#include <mutex>
#include <random>
#include <set>
#include <stdexcept>

namespace muster {
namespace {

constexpr int kLowest = 10'000;
constexpr int kMostTries = 1'000;

// The kernel gives these to whoever connects: one of them could be taken at any moment.
int LowestOfClients() {
  int lowest = 0;
  std::ifstream("/proc/sys/net/ipv4/ip_local_port_range") >> lowest;
  return lowest > kLowest + 1'000 ? lowest : 32'768;  // Linux's default
}

bool IsFree(int port) {
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(static_cast<uint16_t>(port));
  bool free = fd >= 0 && bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof(address)) == 0;
  if (fd >= 0) close(fd);
  return free;
}

}  // namespace

int FreePort() {
  static std::mutex mutex;
  static std::mt19937 random{std::random_device()()};
  static std::set<int>* given = new std::set<int>;
  std::lock_guard lock(mutex);
  std::uniform_int_distribution<int> any(kLowest, LowestOfClients() - 1);
  for (int i = 0; i < kMostTries; ++i) {
    int port = any(random);
    if (!given->contains(port) && IsFree(port)) return *given->insert(port).first;
  }
  throw std::runtime_error("no free port on 127.0.0.1");
}

}  // namespace muster
