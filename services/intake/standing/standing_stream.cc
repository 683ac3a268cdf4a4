#include "services/intake/standing/standing_stream.h"

#include <utility>

#include "common/rpc/status_convert.h"

namespace muster::intake {

grpc::ServerWriteReactor<v1::TicketStanding>* StandingStream::Open(StandingDesk& desk,
                                                                   const std::string& ticket_id) {
  std::shared_ptr<StandingStream> stream(new StandingStream(desk));
  stream->self_ = stream;
  desk.Watch(ticket_id, stream);
  return stream.get();
}

void StandingStream::Tell(const v1::TicketStanding& standing) {
  std::lock_guard lock(mutex_);
  if (end_) return;
  next_ = standing;
  GoOnLocked();
}

void StandingStream::End(const absl::Status& status) {
  std::lock_guard lock(mutex_);
  if (!end_) end_ = status;
  GoOnLocked();
}

// Writes what is next; finishes once nothing is.
void StandingStream::GoOnLocked() {
  if (writing_ || finished_) return;
  if (next_) {
    current_ = *std::exchange(next_, std::nullopt);
    writing_ = true;
    StartWrite(&current_);
  } else if (end_) {
    finished_ = true;
    Finish(ToGrpc(*end_));
  }
}

void StandingStream::OnWriteDone(bool ok) {
  std::lock_guard lock(mutex_);
  writing_ = false;
  if (!ok) {
    next_.reset();
    if (!end_) end_ = absl::CancelledError("the client left");
  }
  GoOnLocked();
}

void StandingStream::OnCancel() {
  std::lock_guard lock(mutex_);
  next_.reset();
  if (!end_) end_ = absl::CancelledError("the client left");
  GoOnLocked();
}

void StandingStream::OnDone() {
  desk_.Unwatch(shared_from_this());
  std::shared_ptr<StandingStream> self;  // outlives the lock
  {
    std::lock_guard lock(mutex_);
    self = std::move(self_);
  }
}

}  // namespace muster::intake
