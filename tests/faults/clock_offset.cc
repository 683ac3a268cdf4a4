#include "tests/faults/clock_offset.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <stdexcept>

namespace muster::faults {

ClockOffset::ClockOffset(const std::string& path) : path_(path) {
  const int fd = open(path.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  void* at = MAP_FAILED;
  if (fd >= 0 && ftruncate(fd, sizeof(int64_t)) == 0) {
    at = mmap(nullptr, sizeof(int64_t), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  }
  if (fd >= 0) close(fd);
  if (at == MAP_FAILED) throw std::runtime_error("cannot make " + path);
  micros_ = static_cast<std::atomic<int64_t>*>(at);
}

ClockOffset::~ClockOffset() {
  munmap(micros_, sizeof(int64_t));
  unlink(path_.c_str());
}

}  // namespace muster::faults
