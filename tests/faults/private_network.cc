#include "tests/faults/private_network.h"

#include <net/if.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <exception>

#include "absl/strings/str_cat.h"
#include "tests/support/process.h"

namespace muster::faults {
namespace {

constexpr char kNft[] = "/usr/sbin/nft";

absl::Status SystemError(const char* what) {
  return absl::UnavailableError(absl::StrCat(what, ": ", std::strerror(errno)));
}

// A new namespace has a loopback, but it is down.
absl::Status RaiseLoopback() {
  const int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return SystemError("cannot make a socket");
  ifreq request = {};
  std::strncpy(request.ifr_name, "lo", IFNAMSIZ - 1);
  const bool raised = ioctl(fd, SIOCGIFFLAGS, &request) == 0 &&
                      (request.ifr_flags |= IFF_UP, ioctl(fd, SIOCSIFFLAGS, &request) == 0);
  const absl::Status status = raised ? absl::OkStatus() : SystemError("cannot raise the loopback");
  close(fd);
  return status;
}

absl::Status RunNft(const std::string& script) {
  try {
    ProcessOptions options;
    options.input = script;
    Process nft(kNft, {"-f", "-"}, options);
    if (nft.Wait() == 0) return absl::OkStatus();
    return absl::UnavailableError(absl::StrCat("nft: ", nft.Stderr()));
  } catch (const std::exception& error) {
    return absl::UnavailableError(error.what());
  }
}

}  // namespace

absl::StatusOr<std::unique_ptr<PrivateNetwork>> PrivateNetwork::Enter() {
  if (unshare(CLONE_NEWNET) != 0) return SystemError("cannot make a network namespace");
  if (absl::Status status = RaiseLoopback(); !status.ok()) return status;
  absl::Status status = RunNft(
      "add table inet chaos\n"
      "add chain inet chaos arriving { type filter hook input priority 0; policy accept; }\n");
  if (!status.ok()) return status;
  return std::unique_ptr<PrivateNetwork>(new PrivateNetwork);
}

absl::Status PrivateNetwork::Lose(int port, int percent) {
  const auto rule = [&](const char* side) {
    return absl::StrCat("add rule inet chaos arriving tcp ", side, " ", port,
                        " numgen random mod 100 <= ", percent - 1, " drop\n");
  };
  return RunNft(rule("dport") + rule("sport"));
}

absl::Status PrivateNetwork::Heal() { return RunNft("flush chain inet chaos arriving\n"); }

}  // namespace muster::faults
