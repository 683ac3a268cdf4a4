#include "services/availability/service/link.h"

#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>
#include <grpcpp/impl/codegen/proto_utils.h>

#include <deque>
#include <memory>
#include <type_traits>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_cat.h"
#include "common/base/errors.h"
#include "common/base/ids.h"
#include "common/base/status_macros.h"
#include "common/obs/log.h"
#include "common/rpc/call_context.h"
#include "common/rpc/fingerprint.h"
#include "services/availability/convert/acts.h"
#include "services/availability/convert/convert.h"
#include "services/availability/domain/validate.h"
#include "services/availability/session/bidi_stream.h"

namespace muster::availability {
namespace {

using google::protobuf::io::CodedOutputStream;
using google::protobuf::io::StringOutputStream;
using grpc::ByteBuffer;
using v1::AgentFrame;
using v1::AgentFrames;
using v1::PlatformFrame;
using v1::PlatformFrames;

constexpr size_t kMaxMessageBytes = size_t{1} << 20;  // of more than one frame
constexpr uint32_t kFramesTag = PlatformFrames::kFramesFieldNumber << 3 | 2;  // a length, and bytes

// A stream whose messages are AgentFrame and PlatformFrame, or AgentFrames and PlatformFrames.
template <class In>
class LinkStream final : public BidiStream<ByteBuffer, ByteBuffer>, public LinkSink {
 public:
  LinkStream(grpc::CallbackServerContext* context, const LinkParts& parts)
      : BidiStream(context),
        parts_(parts),
        peer_(context->peer()),
        link_(parts.router.NewStreamId()) {}

  static LinkStream* Open(grpc::CallbackServerContext* context, const LinkParts& parts) {
    auto stream = std::make_shared<LinkStream>(context, parts);
    Log(Severity::kInfo)
        .Msg("link opened")
        .With("link", stream->link_)
        .With("peer", stream->peer_)
        .Call(CorrelationIdOf(*context));
    stream->Begin();
    parts.router.AddLink(stream->link_, stream);
    if (!parts.ready) stream->End(Unavailable("STARTING", "the service is starting"));
    return stream.get();
  }

  void Enqueue(EncodedFrame frame) override {
    std::lock_guard lock(mutex());
    if (ending_locked()) return;
    queued_bytes_ += frame->size();
    queue_.push_back(std::move(frame));
    if (queue_.size() <= parts_.options.max_queued_frames &&
        queued_bytes_ <= parts_.options.max_queued_bytes) {
      return;
    }
    if (!std::exchange(overflown_, true)) parts_.counts.slow_readers.Increment();
    OverflowLocked();
  }

  void Flush() override { WriteQueued(); }

  void Release(const std::string& agent_id, const std::string& session_id) override {
    std::lock_guard lock(mutex());
    auto it = agents_.find(agent_id);
    if (it != agents_.end() && (session_id.empty() || it->second == session_id)) agents_.erase(it);
  }

  void End(absl::Status status) override { EndStream(std::move(status)); }

 private:
  std::shared_ptr<LinkStream> Self() {
    return std::static_pointer_cast<LinkStream>(shared_from_this());
  }

  bool NextLocked(ByteBuffer* out) override {
    if (queue_.empty()) return false;
    grpc::Slice slice(kMany ? FramesLocked() : *TakeLocked());
    *out = ByteBuffer(&slice, 1);
    return true;
  }

  // A PlatformFrames of what waits.
  std::string FramesLocked() {
    std::string message;
    StringOutputStream stream(&message);
    CodedOutputStream out(&stream);
    size_t count = 0, bytes = 0;
    do {
      const EncodedFrame frame = TakeLocked();
      out.WriteTag(kFramesTag);
      out.WriteVarint32(static_cast<uint32_t>(frame->size()));
      out.WriteString(*frame);
      bytes += frame->size();
    } while (!queue_.empty() && ++count < kMaxFramesPerMessage &&
             bytes + queue_.front()->size() <= kMaxMessageBytes);
    out.Trim();
    return message;
  }

  EncodedFrame TakeLocked() {
    EncodedFrame frame = std::move(queue_.front());
    queue_.pop_front();
    queued_bytes_ -= frame->size();
    return frame;
  }

  void ClearLocked() override {
    queue_.clear();
    queued_bytes_ = 0;
  }

  void OnEnded() override {
    Log(Severity::kInfo).Msg("link ended").With("link", link_).With("peer", peer_);
    parts_.sessions.LinkEnded(link_);
  }

  void OnMessage(ByteBuffer& bytes) override {
    if (!grpc::SerializationTraits<In>::Deserialize(&bytes, &message_).ok()) {
      return EndStream(InvalidField(kMany ? "frames" : "frame", "cannot be read as one"));
    }
    if constexpr (kMany) {
      if (message_.frames_size() > static_cast<int>(kMaxFramesPerMessage)) {
        return EndStream(
            InvalidField("frames", absl::StrCat("must be at most ", kMaxFramesPerMessage)));
      }
      for (const AgentFrame& frame : message_.frames()) HandleOrAnswer(frame);
    } else {
      HandleOrAnswer(message_);
    }
    Flush();
    parts_.router.Flush();
  }

  void HandleOrAnswer(const AgentFrame& frame) {
    absl::Status status = Handle(frame);
    if (!status.ok()) Answer(frame.agent_id(), frame.request_id(), status, /*always=*/true);
  }

  // A status is the answer to a frame that was wrong.
  absl::Status Handle(const AgentFrame& frame) {
    MUSTER_RETURN_IF_ERROR(ValidateRequestId(frame.request_id()));
    if (frame.has_heartbeat() && frame.agent_id().empty()) {
      parts_.table.SeenAll(link_, parts_.steady.Now());
      Answer("", frame.request_id(), absl::OkStatus());
      return absl::OkStatus();
    }
    MUSTER_RETURN_IF_ERROR(ValidateId(frame.agent_id(), "agent_id"));
    if (frame.has_hello()) return HandleHello(frame);
    AgentKey key;
    std::string session_id;
    MUSTER_RETURN_IF_ERROR(FindSession(frame.agent_id(), &key, &session_id));
    parts_.table.Seen(key, link_, parts_.steady.Now());
    if (frame.has_heartbeat()) {
      if (frame.heartbeat().last_sequence() > 0) {
        parts_.sessions.Seen(key, link_, frame.heartbeat().last_sequence());
      }
      Answer(frame.agent_id(), frame.request_id(), absl::OkStatus());
      return absl::OkStatus();
    }
    if (frame.has_presence_change()) return HandlePresence(frame, key, session_id);
    return HandleAct(frame, key);
  }

  absl::Status FindSession(const std::string& agent_id, AgentKey* key, std::string* session_id) {
    std::lock_guard lock(mutex());
    auto it = agents_.find(agent_id);
    if (it == agents_.end()) {
      return FailedPrecondition("NO_SESSION", "the agent has no session on this stream: say hello");
    }
    *key = {pool_id_, agent_id};
    *session_id = it->second;
    return absl::OkStatus();
  }

  absl::Status HandleHello(const AgentFrame& frame) {
    const AgentFrame::Hello& hello = frame.hello();
    MUSTER_RETURN_IF_ERROR(ValidateId(hello.pool_id(), "hello.pool_id"));
    MUSTER_RETURN_IF_ERROR(
        ValidateCharacters(hello.client(), 0, kMaxClientCharacters, "hello.client"));
    MUSTER_RETURN_IF_ERROR(ValidatePresence(hello.presence(), "hello.presence", true));
    std::optional<ResumePoint> resume;
    if (hello.has_resume()) {
      MUSTER_RETURN_IF_ERROR(ValidateCharacters(
          hello.resume().session_id(), 1, kMaxSessionIdCharacters, "hello.resume.session_id"));
      if (hello.resume().last_sequence() < 0) {
        return InvalidField("hello.resume.last_sequence", "must not be negative");
      }
      resume = {hello.resume().session_id(), hello.resume().last_sequence()};
    }
    MUSTER_RETURN_IF_ERROR(CheckPlace(frame));
    MUSTER_RETURN_IF_ERROR(parts_.sessions.Admit());
    HelloRequest request{{hello.pool_id(), frame.agent_id()},
                         link_,
                         std::move(resume),
                         static_cast<Presence>(hello.presence()),
                         frame.request_id()};
    const absl::Time deadline = Deadline();
    parts_.sessions.Choose(&request, deadline);
    {
      std::lock_guard lock(mutex());
      pool_id_ = hello.pool_id();
      agents_[frame.agent_id()] = request.session_id;
    }
    Log(Severity::kDebug)
        .Msg("hello")
        .With("pool_id", hello.pool_id())
        .With("agent_id", frame.agent_id())
        .With("client", hello.client())
        .With("resumes", request.resumes)
        .With("link", link_);
    parts_.sessions.Hello(request, deadline, [self = Self(), request](const absl::Status& status) {
      self->Release(request.key.agent_id, request.session_id);
      self->Answer(request.key.agent_id, request.request_id, status, true);
      self->Flush();
    });
    return absl::OkStatus();
  }

  // Whether the stream can carry this agent.
  absl::Status CheckPlace(const AgentFrame& hello) {
    std::lock_guard lock(mutex());
    if (!agents_.empty() && pool_id_ != hello.hello().pool_id()) {
      return InvalidField("hello.pool_id", "must be the same in all hellos of a stream");
    }
    if (agents_.size() >= kMaxAgentsPerLink && !agents_.contains(hello.agent_id())) {
      return ResourceExhausted("TOO_MANY_AGENTS", "the stream carries too many agents");
    }
    return absl::OkStatus();
  }

  absl::Status HandlePresence(const AgentFrame& frame, const AgentKey& key,
                              const std::string& session_id) {
    const AgentFrame::PresenceChange& change = frame.presence_change();
    MUSTER_RETURN_IF_ERROR(ValidatePresence(change.presence(), "presence_change.presence"));
    MUSTER_RETURN_IF_ERROR(
        ValidateBytes(change.reason(), kMaxReasonBytes, "presence_change.reason"));
    RequestMark mark;
    if (!frame.request_id().empty()) {
      // Agents number their frames without knowing of each other.
      mark = {absl::StrCat("link/", key.pool_id, "/", key.agent_id, "/", frame.request_id()),
              Fingerprint(change)};
    }
    parts_.sessions.SetPresenceOnLink(
        key, link_, session_id, static_cast<Presence>(change.presence()), change.reason(), mark,
        Deadline(),
        [self = Self(), agent_id = key.agent_id,
         request_id = frame.request_id()](const absl::StatusOr<Outcome>& outcome) {
          self->Answer(agent_id, request_id, outcome.status(), !outcome.ok());
          self->Flush();
        });
    return absl::OkStatus();
  }

  absl::Status HandleAct(const AgentFrame& frame, const AgentKey& key) {
    MUSTER_ASSIGN_OR_RETURN(v1::DeliverResponse::Act act, ActOf(frame));
    act.set_pool_id(key.pool_id);
    act.set_agent_id(key.agent_id);
    act.set_request_id(frame.request_id().empty() ? NewId("r") : frame.request_id());
    parts_.router.Act(std::move(act), parts_.clock.Now() + parts_.options.act_timeout,
                      [self = Self(), agent_id = key.agent_id, request_id = frame.request_id()](
                          const absl::Status& status, const v1::AssignmentConfirmed*) {
                        self->Answer(agent_id, request_id, status, !status.ok());
                        self->parts_.router.FlushLater(self->link_);
                      });
    return absl::OkStatus();
  }

  // Frames without a request id are answered only when they were wrong. It goes out with a Flush.
  void Answer(const std::string& agent_id, const std::string& request_id,
              const absl::Status& status, bool always = false) {
    if (request_id.empty() && !always) return;
    PlatformFrame frame;
    // What is no good is not repeated.
    if (IsValidId(agent_id)) frame.set_agent_id(agent_id);
    if (IsValidRequestId(request_id)) frame.mutable_answer()->set_request_id(request_id);
    *frame.mutable_answer()->mutable_status() = ToRpcStatus(status);
    Enqueue(Encode(frame));
  }

  absl::Time Deadline() const { return parts_.clock.Now() + kDefaultDeadline; }

  static constexpr bool kMany = std::is_same_v<In, AgentFrames>;

  const LinkParts parts_;
  const std::string peer_;
  const LinkId link_;
  In message_;  // the reading's
  // Under mutex().
  std::deque<EncodedFrame> queue_;
  size_t queued_bytes_ = 0;
  bool overflown_ = false;
  std::string pool_id_;                                   // of the agents; the same for all
  absl::flat_hash_map<std::string, std::string> agents_;  // who said hello: their sessions
};

}  // namespace

LinkService::Reactor* LinkService::Connect(grpc::CallbackServerContext* context) {
  return LinkStream<AgentFrame>::Open(context, parts_);
}

LinkService::Reactor* LinkService::ConnectMany(grpc::CallbackServerContext* context) {
  return LinkStream<AgentFrames>::Open(context, parts_);
}

}  // namespace muster::availability
