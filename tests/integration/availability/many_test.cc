// AgentLink.ConnectMany: messages of many frames.
#include <algorithm>
#include <deque>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "services/availability/domain/limits.h"
#include "tests/integration/availability/harness.h"
#include "tests/support/catch.h"

namespace muster::availability {
namespace {

using v1::PlatformFrame;

// The frames of all messages, one after the other.
class ManyLink : public StreamClient<v1::AgentFrames, v1::PlatformFrames> {
 public:
  explicit ManyLink(Harness& h, bool read = true)
      : StreamClient([stub = h.LinkStub()](grpc::ClientContext* c) { return stub->ConnectMany(c); },
                     read) {}

  std::optional<PlatformFrame> Next() {
    if (waiting_.empty()) {
      std::optional<v1::PlatformFrames> message =
          Await([](const v1::PlatformFrames&) { return true; });
      if (!message) return std::nullopt;
      waiting_.assign(message->frames().begin(), message->frames().end());
      most_ = std::max(most_, waiting_.size());
    }
    PlatformFrame frame = std::move(waiting_.front());
    waiting_.pop_front();
    return frame;
  }
  size_t most() const { return most_; }  // frames in a message

 private:
  std::deque<PlatformFrame> waiting_;
  size_t most_ = 0;
};

v1::AgentFrames HellosOf(const std::vector<std::string>& agents) {
  v1::AgentFrames hellos;
  for (const std::string& id : agents) {
    v1::AgentFrame& frame = *hellos.add_frames();
    frame = FrameOf(id);
    frame.mutable_hello()->set_pool_id("p");
    frame.mutable_hello()->set_presence(v1::PRESENCE_ONLINE);
  }
  return hellos;
}

std::vector<std::string> CreateAgents(Harness& h, int count) {
  std::vector<std::string> agents;
  for (int i = 0; i < count; ++i) {
    agents.push_back(absl::StrCat("agent-", i));
    h.CreateAgent("p", agents.back());
  }
  return agents;
}

TEST_CASE(
    "a message of many frames: each is handled, in its order, and what is wrong is answered") {
  Harness h;
  const std::vector<std::string> agents = CreateAgents(h, 3);
  Matcher matcher(h, {"p"});
  ManyLink link(h);
  link.Send(HellosOf(agents));
  for (size_t i = 0; i < agents.size(); ++i) {
    const std::optional<PlatformFrame> welcome = link.Next();
    REQUIRE(welcome);
    CHECK(welcome->has_welcome());
  }

  v1::AgentFrames acts;
  for (const std::string& id : agents) {
    v1::AgentFrame& frame = *acts.add_frames();
    frame = FrameOf(id, "accept-" + id);
    frame.mutable_accept_offer()->set_offer_id("o-" + id);
    acts.add_frames()->set_agent_id("A B");
  }
  link.Send(acts);
  for (size_t i = 0; i < agents.size(); ++i) {
    const std::optional<PlatformFrame> wrong = link.Next();
    REQUIRE(wrong);
    CHECK(wrong->answer().status().code() == 3);
  }
  v1::DeliverRequest answers;
  for (const std::string& id : agents) {
    const std::optional<v1::DeliverResponse::Act> act = matcher.AwaitAct();
    REQUIRE(act);
    CHECK(act->agent_id() == id);
    CHECK(act->accept_offer().offer_id() == "o-" + id);
    v1::DeliverRequest::ActAnswer& answer = *answers.add_items()->mutable_act_answer();
    answer.set_act_id(act->act_id());
    answer.mutable_assignment_confirmed()->set_assignment_id("o-" + id);
  }
  matcher.Send(answers);
  for (const std::string& id : agents) {
    const std::optional<PlatformFrame> confirmed = link.Next();
    REQUIRE(confirmed);
    CHECK(confirmed->agent_id() == id);
    CHECK(confirmed->assignment_confirmed().assignment_id() == "o-" + id);
    CHECK(confirmed->sequence() == 1);
    const std::optional<PlatformFrame> answer = link.Next();
    REQUIRE(answer);
    CHECK(answer->answer().request_id() == "accept-" + id);
    CHECK(answer->answer().status().code() == 0);
  }
  CHECK(link.most() > 1);
}

TEST_CASE("a message of too many frames ends the stream, and none of them is handled") {
  Harness h;
  const std::vector<std::string> agents = CreateAgents(h, 1);
  ManyLink link(h);
  v1::AgentFrames message = HellosOf(agents);
  for (size_t i = 0; i < kMaxFramesPerMessage; ++i) message.add_frames()->mutable_heartbeat();
  link.Send(message);
  const std::optional<absl::Status> end = link.AwaitEnd();
  REQUIRE(end);
  CHECK(end->code() == absl::StatusCode::kInvalidArgument);
  CHECK(absl::StrContains(end->message(), "frames"));
  CHECK(link.messages().empty());
  CHECK(h.GetAgent("p", agents[0]).presence() == v1::PRESENCE_OFFLINE);
}

TEST_CASE("what is no message ends the stream") {
  Harness h;
  using Bytes = grpc::ByteBuffer;
  for (const char* method : {"Connect", "ConnectMany"}) {
    const std::string name = absl::StrCat("/", v1::AgentLink::service_full_name(), "/", method);
    grpc::ClientContext context;
    const std::unique_ptr<grpc::ClientReaderWriter<Bytes, Bytes>> stream(
        grpc::internal::ClientReaderWriterFactory<Bytes, Bytes>::Create(
            h.channel().get(),
            grpc::internal::RpcMethod(name.c_str(), grpc::internal::RpcMethod::BIDI_STREAMING),
            &context));
    const grpc::Slice noise(std::string("\x0a\x7f short of what it says", 24));
    stream->Write(Bytes(&noise, 1));
    Bytes answer;
    CHECK_FALSE(stream->Read(&answer));
    const absl::Status end = FromGrpc(stream->Finish());
    CHECK(end.code() == absl::StatusCode::kInvalidArgument);
    CHECK(absl::StrContains(end.message(), "frame"));
  }
}

TEST_CASE("who reads slowly gets at most a thousand frames and a mebibyte in a message") {
  Harness h;
  const std::vector<std::string> agents = CreateAgents(h, 1);
  ManyLink link(h, /*read=*/false);
  link.Send(HellosOf(agents));
  REQUIRE(h.AgentBecomes("p", agents[0], [](const v1::Agent& a) { return a.connected(); }));
  // Each frame is answered, by 100 bytes or so: more than the stream takes while nobody reads.
  v1::AgentFrames beats;
  for (size_t i = 0; i < kMaxFramesPerMessage; ++i) {
    v1::AgentFrame& frame = *beats.add_frames();
    frame = FrameOf(agents[0], absl::StrCat(std::string(100, 'x'), i));
    frame.mutable_heartbeat();
  }
  constexpr size_t kMessages = 15;
  for (size_t i = 0; i < kMessages; ++i) link.Send(beats);
  link.HalfClose();
  link.Read();
  const std::optional<absl::Status> end = link.AwaitEnd();
  REQUIRE(end);
  CHECK(end->ok());
  size_t answers = 0;
  for (const v1::PlatformFrames& message : link.messages()) {
    CHECK(message.frames_size() >= 1);
    CHECK(message.frames_size() <= static_cast<int>(kMaxFramesPerMessage));
    CHECK(message.ByteSizeLong() <= (size_t{1} << 20) + size_t{8} * kMaxFramesPerMessage);
    for (const PlatformFrame& frame : message.frames()) answers += frame.has_answer() ? 1 : 0;
  }
  CHECK(answers == kMessages * kMaxFramesPerMessage);
}

}  // namespace
}  // namespace muster::availability
