#include "tests/faults/small_disk.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "absl/strings/str_cat.h"

namespace muster::faults {

absl::StatusOr<std::unique_ptr<SmallDisk>> SmallDisk::Mount(const std::string& folder,
                                                            int megabytes) {
  const std::string size = absl::StrCat("size=", megabytes, "m,mode=0777");
  if (unshare(CLONE_NEWNS) != 0 || mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0 ||
      mount("tmpfs", folder.c_str(), "tmpfs", 0, size.c_str()) != 0) {
    return absl::UnavailableError(
        absl::StrCat("cannot mount a small file system: ", std::strerror(errno)));
  }
  return std::unique_ptr<SmallDisk>(new SmallDisk(folder));
}

SmallDisk::~SmallDisk() { umount2(folder_.c_str(), MNT_DETACH); }

void SmallDisk::Fill() {
  const int fd = open(Filler().c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
  if (fd < 0) return;
  // In ever smaller pieces, until not even the smallest fits.
  std::string piece(1 << 20, 'x');
  while (!piece.empty()) {
    if (write(fd, piece.data(), piece.size()) <= 0) piece.resize(piece.size() / 2);
  }
  close(fd);
}

void SmallDisk::Free() { unlink(Filler().c_str()); }

}  // namespace muster::faults
