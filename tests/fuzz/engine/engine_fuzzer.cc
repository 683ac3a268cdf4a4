// The engine under libFuzzer: the bytes drive the world of world.h, and what its ledger finds ends
// the program, with the last events on stderr.
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>

#include "tests/fuzz/engine/world.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string bytes(reinterpret_cast<const char*>(data), size);
  if (muster::fuzz::World(muster::fuzz::Bug::kNone, bytes).Run().empty()) return 0;
  muster::fuzz::World again(muster::fuzz::Bug::kNone, bytes);
  again.KeepLog();
  const std::string wrong = again.Run();
  std::fprintf(stderr, "%s%s\n", again.Tail().c_str(), wrong.c_str());
  std::abort();
}
