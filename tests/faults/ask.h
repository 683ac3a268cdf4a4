// A unary call of a client that means it: tried again at one node after the other, always with the
// same request id, until the answer settles it; every try is an entry of the history.
//
// Threading: the event loop's thread.
//
//   Ask(world, stubs, &IntakeService::Stub::AsyncCreateTicket, request, entry,
//       [](const Entry& last, const Ticket& ticket) { … });
#pragma once

#include <grpcpp/client_context.h>
#include <grpcpp/support/async_unary_call.h>

#include <functional>
#include <memory>
#include <utility>
#include <vector>

#include "absl/time/clock.h"
#include "common/base/backoff.h"
#include "common/base/errors.h"
#include "common/rpc/status_convert.h"
#include "services/cli/replay/event_loop.h"
#include "services/cli/replay/troubles.h"
#include "tests/faults/history.h"
#include "tests/faults/random.h"

namespace muster::faults {

inline constexpr absl::Duration kTryFor = absl::Seconds(3);
inline constexpr int kMostTries = 400;
inline constexpr BackoffOptions kBetweenTries = {.initial = absl::Milliseconds(20),
                                                 .max = absl::Milliseconds(800)};

// What all clients of a run share.
struct World {
  replay::EventLoop& loop;
  History& history;
  Random& random;
  bool closing = false;  // no new tickets, no declines: what is there is brought to its end
  bool over = false;     // nothing is asked any more
  int open_asks = 0;     // that may still be tried again

  void After(absl::Duration delay, std::function<void()> task) {
    loop.timers().After(delay, std::move(task));
  }
};

inline int64_t NowMicros() { return absl::ToUnixMicros(absl::Now()); }

// Yes, a clear No, or neither.
inline Told ToldBy(const absl::Status& status) {
  if (status.ok()) return Told::kYes;
  // A handler that threw answers UNKNOWN or INTERNAL: that settles nothing.
  const bool unclear =
      replay::IsPassing(status) || absl::IsUnknown(status) || absl::IsInternal(status);
  return unclear ? Told::kUnknown : Told::kNo;
}

template <class Stub, class Request, class Response>
class Asking : public std::enable_shared_from_this<Asking<Stub, Request, Response>> {
 public:
  using Method = std::unique_ptr<grpc::ClientAsyncResponseReader<Response>> (Stub::*)(
      grpc::ClientContext*, const Request&, grpc::CompletionQueue*);
  using Fill = std::function<void(const Response&, Entry&)>;
  using Settled = std::function<void(const Entry&, const Response&)>;

  Asking(World& world, const std::vector<std::unique_ptr<Stub>>& stubs, Method method,
         Request request, Entry entry, Fill fill, Settled settled)
      : world_(world),
        stubs_(stubs),
        method_(method),
        request_(std::move(request)),
        entry_(std::move(entry)),
        fill_(std::move(fill)),
        settled_(std::move(settled)),
        node_(world.random.Below(static_cast<int>(stubs.size()))),
        backoff_(kBetweenTries, world.random.Seed()) {
    ++world_.open_asks;
  }

  void Try() {
    if (world_.over || ++tries_ > kMostTries) {
      --world_.open_asks;
      return;
    }
    context_ = std::make_unique<grpc::ClientContext>();
    context_->set_deadline(absl::ToChronoTime(absl::Now() + kTryFor));
    entry_.asked_us = NowMicros();
    Stub& stub = *stubs_[static_cast<size_t>(node_++) % stubs_.size()];
    reader_ = (stub.*method_)(context_.get(), request_, world_.loop.queue());
    reader_->Finish(
        &response_, &status_,
        replay::EventLoop::Tag([self = this->shared_from_this()](bool) { self->Done(); }));
  }

 private:
  void Done() {
    const absl::Status status = FromGrpc(status_);
    Entry entry = entry_;
    entry.answered_us = NowMicros();
    entry.told = ToldBy(status);
    if (status.ok()) {
      fill_(response_, entry);
    } else {
      entry.error = Describe(status);
    }
    world_.history.Add(entry);
    if (entry.told == Told::kUnknown) {
      world_.After(backoff_.Next(), [self = this->shared_from_this()] { self->Try(); });
      return;
    }
    --world_.open_asks;
    settled_(entry, response_);
  }

  World& world_;
  const std::vector<std::unique_ptr<Stub>>& stubs_;
  const Method method_;
  const Request request_;
  Entry entry_;
  const Fill fill_;
  const Settled settled_;
  int node_;
  int tries_ = 0;
  Backoff backoff_;
  std::unique_ptr<grpc::ClientContext> context_;
  std::unique_ptr<grpc::ClientAsyncResponseReader<Response>> reader_;
  Response response_;
  grpc::Status status_;
};

// `fill` notes in the entry of a Yes what it said; `settled` is told the Yes or No that came at
// last. A run that ends first tells neither.
template <class Stub, class Request, class Response>
void Ask(World& world, const std::vector<std::unique_ptr<Stub>>& stubs,
         std::unique_ptr<grpc::ClientAsyncResponseReader<Response>> (Stub::*method)(
             grpc::ClientContext*, const Request&, grpc::CompletionQueue*),
         const Request& request, Entry entry, std::function<void(const Response&, Entry&)> fill,
         std::function<void(const Entry&, const Response&)> settled) {
  std::make_shared<Asking<Stub, Request, Response>>(world, stubs, method, request, std::move(entry),
                                                    std::move(fill), std::move(settled))
      ->Try();
}

}  // namespace muster::faults
