// One node of intake in this process, on a database of its own or one that nodes share, and those
// who use it.
//
// Threading: a Node may be used from any thread once it is started; a Reader by one thread.
//
//   Node node;
//   node.ApplyPool("p", {"q"});
//   v1::Ticket ticket = node.CreateTicket("p", "q", "ann");
//   Reader<v1::WatchTicketsResponse> feed = node.WatchTickets("p");
#pragma once

#include <grpcpp/grpcpp.h>

#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/clock.h"
#include "common/rpc/status_convert.h"
#include "muster/intake/v1/intake.grpc.pb.h"
#include "services/intake/app.h"
#include "tests/support/eventually.h"
#include "tests/support/postgres.h"

namespace muster::intake {

using Stub = v1::IntakeService::Stub;

// The client's end of a stream from the server; a thread of its own reads.
template <class Message>
class Reader {
 public:
  using Open = std::function<std::unique_ptr<grpc::ClientReader<Message>>(grpc::ClientContext*)>;

  // With `read` false nothing is read before Read() is called.
  explicit Reader(const Open& open, bool read = true) : stream_(open(&context_)) {
    if (read) Read();
  }
  ~Reader() {
    context_.TryCancel();
    if (thread_.joinable()) thread_.join();
  }

  void Read() {
    thread_ = std::thread([this] { ReadAll(); });
  }

  // The next message; nothing if the stream ends or `limit` passes without.
  std::optional<Message> Next(absl::Duration limit = kEventually) {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, absl::ToChronoMilliseconds(limit),
                      [&] { return next_ < messages_.size() || end_; });
    if (next_ >= messages_.size()) return std::nullopt;
    return messages_[next_++];
  }
  // The first that fits, from the next on.
  std::optional<Message> Await(const std::function<bool(const Message&)>& fits) {
    while (std::optional<Message> message = Next()) {
      if (fits(*message)) return message;
    }
    return std::nullopt;
  }
  // How the server ended the stream; nothing if it has not within `limit`.
  std::optional<absl::Status> End(absl::Duration limit = kEventually) {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, absl::ToChronoMilliseconds(limit), [&] { return end_.has_value(); });
    return end_;
  }

 private:
  void ReadAll() {
    Message message;
    while (stream_->Read(&message)) {
      std::lock_guard lock(mutex_);
      messages_.push_back(message);
      changed_.notify_all();
    }
    const absl::Status end = FromGrpc(stream_->Finish());
    std::lock_guard lock(mutex_);
    end_ = end;
    changed_.notify_all();
  }

  grpc::ClientContext context_;
  std::unique_ptr<grpc::ClientReader<Message>> stream_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<Message> messages_;
  size_t next_ = 0;
  std::optional<absl::Status> end_;
  std::thread thread_;
};

class Node {
 public:
  // `change` may set what a test wants otherwise. Waits until it serves.
  explicit Node(const std::function<void(Config&)>& change = nullptr);
  explicit Node(const std::string& database_url);

  const Config& config() const { return config_; }
  Stub& stub() { return *stub_; }
  // As a process would at SIGTERM.
  void Stop() { app_.reset(); }
  // What the process says of its health.
  bool Serving();

  template <class Request, class Response>
  absl::StatusOr<Response> Call(grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&,
                                                             Response*),
                                const Request& request, absl::Duration limit = kEventually) {
    grpc::ClientContext context;
    context.set_deadline(absl::ToChronoTime(absl::Now() + limit));
    Response response;
    absl::Status status = FromGrpc(((*stub_).*method)(&context, request, &response));
    if (!status.ok()) return status;
    return response;
  }

  void ApplyPool(const std::string& pool_id, const std::vector<std::string>& queue_ids);
  absl::StatusOr<v1::Ticket> TryCreateTicket(const std::string& pool_id,
                                             const std::string& queue_id,
                                             const std::string& customer_id,
                                             const std::string& request_id = "");
  v1::Ticket CreateTicket(const std::string& pool_id, const std::string& queue_id,
                          const std::string& customer_id);
  v1::Ticket GetTicket(const std::string& ticket_id);
  v1::Ticket CancelTicket(const std::string& ticket_id);
  // Tells progress of one ticket, which must be applied.
  void Record(const std::string& pool_id, v1::ProgressEntry entry);
  void Assign(const v1::Ticket& ticket, const std::string& agent_id);
  void Resolve(const v1::Ticket& ticket);

  std::unique_ptr<Reader<v1::WatchTicketsResponse>> WatchTickets(const std::string& pool_id,
                                                                 int64_t after = 0,
                                                                 bool read = true);
  std::unique_ptr<Reader<v1::TicketStanding>> WatchTicket(const std::string& ticket_id);

 private:
  void Start();

  Config config_;
  std::unique_ptr<App> app_;
  std::shared_ptr<grpc::Channel> channel_;
  std::unique_ptr<Stub> stub_;
};

}  // namespace muster::intake
