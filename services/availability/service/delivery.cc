#include "services/availability/service/delivery.h"

#include <deque>
#include <memory>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/base/errors.h"
#include "common/base/ids.h"
#include "common/base/status_macros.h"
#include "common/obs/log.h"
#include "common/rpc/unary.h"
#include "services/availability/domain/limits.h"
#include "services/availability/domain/validate.h"
#include "services/availability/session/bidi_stream.h"

namespace muster::availability {
namespace {

using v1::DeliverRequest;
using v1::DeliverResponse;

constexpr int kMaxMatcherIdCharacters = 64;

class DeliveryStream final : public BidiStream<DeliverRequest, DeliverResponse>,
                             public MatcherSink {
 public:
  DeliveryStream(grpc::CallbackServerContext* context, const DeliveryParts& parts)
      : BidiStream(context),
        parts_(parts),
        peer_(context->peer()),
        stream_(parts.router.NewStreamId()) {}

  static DeliveryStream* Open(grpc::CallbackServerContext* context, const DeliveryParts& parts) {
    auto stream = std::make_shared<DeliveryStream>(context, parts);
    stream->Begin();
    parts.router.AddMatcher(stream->stream_, stream);
    if (!parts.ready) stream->End(Unavailable("STARTING", "the service is starting"));
    return stream.get();
  }

  void Enqueue(DeliverResponse::Item item) override {
    std::lock_guard lock(mutex());
    if (ending_locked()) return;
    queue_.push_back(std::move(item));
    if (queue_.size() <= parts_.max_queued_items) return;
    if (!std::exchange(overflown_, true)) parts_.counts.slow_readers.Increment();
    OverflowLocked();
  }

  void Flush() override { WriteQueued(); }
  void End(absl::Status status) override { EndStream(std::move(status)); }

 private:
  // All that waits, up to the limit, goes in one message.
  bool NextLocked(DeliverResponse* out) override {
    out->Clear();
    while (!queue_.empty() && out->items_size() < static_cast<int>(kMaxDeliverItems)) {
      *out->add_items() = std::move(queue_.front());
      queue_.pop_front();
    }
    return out->items_size() > 0;
  }

  void ClearLocked() override { queue_.clear(); }

  void OnEnded() override {
    Log(Severity::kWarning)
        .Msg("matcher's stream ended")
        .With("matcher_id", matcher_id_)
        .With("peer", peer_);
    parts_.router.RemoveMatcher(stream_);
  }

  void OnMessage(DeliverRequest& request) override {
    absl::Status status = Handle(request);
    parts_.router.Flush();
    if (!status.ok()) EndStream(std::move(status));
  }

  // A status ends the stream: the matcher is a part of the system, and does not err twice.
  absl::Status Handle(DeliverRequest& request) {
    if (request.items_size() > static_cast<int>(kMaxDeliverItems)) {
      return InvalidField("items", absl::StrCat("must be at most ", kMaxDeliverItems));
    }
    for (int i = 0; i < request.items_size(); ++i) {
      MUSTER_RETURN_IF_ERROR(HandleItem(*request.mutable_items(i), i));
    }
    return absl::OkStatus();
  }

  absl::Status HandleItem(DeliverRequest::Item& item, int number) {
    const auto path = [number](absl::string_view field) {
      return absl::StrCat("items[", number, "].", field);
    };
    if (item.has_serve()) return Serve(item.serve(), path("serve"));
    if (!serves_) {
      return FailedPrecondition("NOT_SERVING", "the first item must be `serve`");
    }
    if (item.has_act_answer()) {
      parts_.router.Answer(stream_, std::move(*item.mutable_act_answer()));
      return absl::OkStatus();
    }
    if (!item.has_to_agent() || item.to_agent().kind_case() == 0) {
      return InvalidField(path("kind"), "must be set, to something that this version knows");
    }
    if (!IsValidId(item.to_agent().pool_id())) {
      return ValidateId(item.to_agent().pool_id(), path("to_agent.pool_id"));
    }
    if (!IsValidId(item.to_agent().agent_id())) {
      return ValidateId(item.to_agent().agent_id(), path("to_agent.agent_id"));
    }
    parts_.router.Tell(stream_, std::move(*item.mutable_to_agent()));
    return absl::OkStatus();
  }

  absl::Status Serve(const DeliverRequest::Serve& serve, const std::string& path) {
    MUSTER_RETURN_IF_ERROR(
        ValidateCharacters(serve.matcher_id(), 1, kMaxMatcherIdCharacters, path + ".matcher_id"));
    if (serve.pool_ids_size() > static_cast<int>(kMaxPoolsPerMatcher)) {
      return InvalidField(path + ".pool_ids",
                          absl::StrCat("must be at most ", kMaxPoolsPerMatcher));
    }
    for (int i = 0; i < serve.pool_ids_size(); ++i) {
      MUSTER_RETURN_IF_ERROR(
          ValidateId(serve.pool_ids(i), absl::StrCat(path, ".pool_ids[", i, "]")));
    }
    serves_ = true;
    matcher_id_ = serve.matcher_id();
    Log(Severity::kInfo)
        .Msg("matcher serves")
        .With("matcher_id", matcher_id_)
        .With("pools", serve.pool_ids_size())
        .With("peer", peer_);
    std::vector<ServedPool> pools;
    for (int i = 0; i < serve.pool_ids_size(); ++i) {
      pools.push_back({serve.pool_ids(i), i < serve.epochs_size() ? serve.epochs(i) : 0});
    }
    parts_.router.Serve(stream_, parts_.node_id, pools);
    return absl::OkStatus();
  }

  const DeliveryParts parts_;
  const std::string peer_;
  const StreamId stream_;
  bool serves_ = false;  // these two belong to the reading
  std::string matcher_id_;
  // Under mutex().
  std::deque<DeliverResponse::Item> queue_;
  bool overflown_ = false;
};

}  // namespace

grpc::ServerBidiReactor<DeliverRequest, DeliverResponse>* DeliveryService::Deliver(
    grpc::CallbackServerContext* context) {
  return DeliveryStream::Open(context, parts_);
}

grpc::ServerUnaryReactor* DeliveryService::ListNodes(grpc::CallbackServerContext* context,
                                                     const v1::ListNodesRequest*,
                                                     v1::ListNodesResponse* response) {
  return HandleUnary(context, "availability.ListNodes",
                     [&](const CallContext&, const UnaryDone& done) {
                       const std::vector<Node> nodes = parts_.membership.Alive();
                       if (nodes.empty())
                         return done(Unavailable("STARTING", "the service is starting"));
                       for (const Node& node : nodes) {
                         v1::Node& added = *response->add_nodes();
                         added.set_node_id(node.node_id);
                         added.set_address(node.address);
                       }
                       done(absl::OkStatus());
                     });
}

}  // namespace muster::availability
