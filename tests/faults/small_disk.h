// A file system of a few hundred MB in memory, to be filled up. It is mounted in a mount namespace
// of this process alone, and so is gone when the process is.
//
//   absl::StatusOr<std::unique_ptr<SmallDisk>> disk = SmallDisk::Mount(folder, 400);
//   (*disk)->Fill();  …  (*disk)->Free();
//
// Mount comes before the process starts its first thread: threads and children inherit the
// namespace.
//
// Threading: Fill and Free from one thread at a time.
#pragma once

#include <memory>
#include <string>

#include "absl/status/statusor.h"

namespace muster::faults {

class SmallDisk {
 public:
  // Over the folder, which is there; UNAVAILABLE, saying why, where that is not allowed.
  static absl::StatusOr<std::unique_ptr<SmallDisk>> Mount(const std::string& folder, int megabytes);
  ~SmallDisk();
  SmallDisk(const SmallDisk&) = delete;
  SmallDisk& operator=(const SmallDisk&) = delete;

  const std::string& folder() const { return folder_; }
  // Not a byte is left.
  void Fill();
  void Free();

 private:
  explicit SmallDisk(std::string folder) : folder_(std::move(folder)) {}
  std::string Filler() const { return folder_ + "/filler"; }

  const std::string folder_;
};

}  // namespace muster::faults
