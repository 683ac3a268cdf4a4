// Shuts sockets down at their deadline, since libpqxx and libpq wait for a stalled server for ever.
//
// One thread for the whole process. Threading: thread-safe.
//
//   { Watchdog::Guard guard(fd, deadline); ...blocking calls on the socket... }
//
// The descriptor handed in should be a dup() of the real one: libpq closes its own socket when it
// sees an error, and the number might belong to somebody else by the time the watchdog barks.
#pragma once

#include <cstdint>

#include "absl/time/time.h"

namespace muster {

class Watchdog {
 public:
  // Watches `fd` until destroyed.
  class Guard {
   public:
    Guard(int fd, absl::Time deadline);
    ~Guard();
    Guard(const Guard&) = delete;
    Guard& operator=(const Guard&) = delete;

    // Whether the deadline came, and the socket was shut.
    bool fired() const;

   private:
    uint64_t id_;
  };
};

}  // namespace muster
