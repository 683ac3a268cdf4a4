// The streams of RecordRun: the tape of a pool's run, block by block, as a file would hold it.
//
// A slow client holds nothing up: the next part is read after the last one was written. Ends with
// the tape's last block when the tape is over, or when it was followed long enough; with an error
// when the pool is no longer served, and at EndAll.
//
// Threading: thread-safe.
//
//   TapeStreams tapes(operations, clock);
//   return tapes.Open(query);             // in the handler
//   server.OnDrain([&] { tapes.EndAll(); });
#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <mutex>

#include "common/base/clock.h"
#include "muster/matcher/v1/matcher.grpc.pb.h"
#include "services/matcher/core/operations.h"
#include "services/matcher/service/requests.h"

namespace muster::matcher {

inline constexpr size_t kMaxTapeStreams = 16;

class TapeStreams {
 public:
  using Reactor = grpc::ServerWriteReactor<v1::RecordRunResponse>;

  TapeStreams(PoolOperations& operations, const Clock& clock);
  ~TapeStreams();

  // A status that is not OK ends the stream at once.
  Reactor* Open(absl::StatusOr<TapeQuery> query);

  // Ends all streams with UNAVAILABLE, and those that come later.
  void EndAll();
  size_t open() const;

 private:
  class Stream;
  struct Registry;  // outlives what the last streams still do

  PoolOperations& operations_;
  const Clock& clock_;
  std::shared_ptr<Registry> registry_;
};

}  // namespace muster::matcher
