// The file by which clock_shim.cc is told how far a process's wall clock is off.
//
//   ClockOffset offset("/tmp/run/intake-1.clock");   // zero
//   options.env = offset.Environment(shim_path);
//   offset.Set(absl::Hours(1));
//
// Threading: thread-safe.
#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <string>

#include "absl/time/time.h"

namespace muster::faults {

class ClockOffset {
 public:
  // Makes the file; throws std::runtime_error when it cannot.
  explicit ClockOffset(const std::string& path);
  ~ClockOffset();
  ClockOffset(const ClockOffset&) = delete;
  ClockOffset& operator=(const ClockOffset&) = delete;

  void Set(absl::Duration offset) { *micros_ = absl::ToInt64Microseconds(offset); }
  std::map<std::string, std::string> Environment(const std::string& shim) const {
    return {{"LD_PRELOAD", shim}, {"MUSTER_CLOCK_SHIM", path_}};
  }

 private:
  const std::string path_;
  std::atomic<int64_t>* micros_ = nullptr;
};

}  // namespace muster::faults
