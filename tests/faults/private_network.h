// A loopback of this process's own, on which packets can be lost: the kernel drops them, so that
// connections hang and try again as they would over a broken cable. It is a network namespace, and
// so is gone when the process is.
//
//   absl::StatusOr<std::unique_ptr<PrivateNetwork>> network = PrivateNetwork::Enter();
//   (*network)->Lose(node.port(), 30);  …  (*network)->Heal();
//
// Enter comes before the process starts its first thread: threads and children inherit the
// namespace. Needs root and the program `nft`.
//
// Threading: Lose and Heal from one thread at a time.
#pragma once

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace muster::faults {

class PrivateNetwork {
 public:
  // For the calling thread; UNAVAILABLE, saying why, where that is not allowed.
  static absl::StatusOr<std::unique_ptr<PrivateNetwork>> Enter();
  PrivateNetwork(const PrivateNetwork&) = delete;
  PrivateNetwork& operator=(const PrivateNetwork&) = delete;

  // That share of the TCP packets to and from whoever listens on `port`, 1 to 100 %, until Heal.
  absl::Status Lose(int port, int percent);
  absl::Status Heal();

 private:
  PrivateNetwork() = default;
};

}  // namespace muster::faults
