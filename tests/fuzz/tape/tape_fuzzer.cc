// Tapes under libFuzzer; see tape_input.h.
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string_view>

#include "services/matcher/tape/tape.h"
#include "tests/fuzz/tape/tape_input.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  // A fuzzer cannot guess check sums: the frame is made here, and what is inside is the input.
  muster::tape::BlockWriter blocks;
  std::string file = blocks.Begin({"bank", "fuzz", {}});
  file += blocks.Events(bytes);
  file += blocks.End(muster::tape::EndReason::kCurrent);
  for (const std::string_view wrong : {muster::fuzz::TryTape(bytes), muster::fuzz::TryEvents(bytes),
                                       muster::fuzz::TryTape(file)}) {
    if (wrong.empty()) continue;
    std::fprintf(stderr, "%.*s\n", static_cast<int>(wrong.size()), wrong.data());
    std::abort();
  }
  return 0;
}
