// One customer's WatchTicket over gRPC. Only the newest standing waits to be sent, so a slow phone
// costs one message of memory.
//
// Threading: owned by itself until gRPC says OnDone; the desk calls it from its own thread.
//
//   return StandingStream::Open(desk, request->ticket_id());
#pragma once

#include <grpcpp/grpcpp.h>

#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "services/intake/standing/standing_desk.h"

namespace muster::intake {

class StandingStream final : public grpc::ServerWriteReactor<v1::TicketStanding>,
                             public StandingSink,
                             public std::enable_shared_from_this<StandingStream> {
 public:
  static grpc::ServerWriteReactor<v1::TicketStanding>* Open(StandingDesk& desk,
                                                            const std::string& ticket_id);

  void Tell(const v1::TicketStanding& standing) override;
  void End(const absl::Status& status) override;

 private:
  explicit StandingStream(StandingDesk& desk) : desk_(desk) {}
  void OnWriteDone(bool ok) override;
  void OnCancel() override;
  void OnDone() override;
  void GoOnLocked();

  StandingDesk& desk_;
  std::mutex mutex_;
  std::shared_ptr<StandingStream> self_;
  std::optional<v1::TicketStanding> next_;
  v1::TicketStanding current_;  // being written
  std::optional<absl::Status> end_;
  bool writing_ = false;
  bool finished_ = false;
};

}  // namespace muster::intake
