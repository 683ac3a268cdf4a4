// muster agent work ID: be an agent at a terminal. Offers appear, keys answer.
//
// Two threads: a reader that takes in what the platform says and tells it to the desk, and the main
// thread that waits for keys and for the desk's timers. The desk is under one mutex. When the link
// is lost, another one goes on where it was.
#include <algorithm>
#include <memory>
#include <mutex>
#include <thread>

#include "absl/time/clock.h"
#include "common/base/errors.h"
#include "common/base/ids.h"
#include "common/rpc/proto_time.h"
#include "muster/availability/v1/link.grpc.pb.h"
#include "services/cli/commands.h"
#include "services/cli/flags.h"
#include "services/cli/output.h"
#include "services/cli/session_place.h"
#include "services/cli/terminal.h"

namespace muster::cli {
namespace {

using availability::v1::AgentFrame;
using availability::v1::AgentLink;
using availability::v1::AssignmentConfirmed;
using availability::v1::OfferNotice;
using availability::v1::PlatformFrame;
using Stream = grpc::ClientReaderWriter<AgentFrame, PlatformFrame>;

constexpr absl::Duration kKeyWait = absl::Milliseconds(200);
constexpr absl::Duration kComeBackAfter = absl::Milliseconds(500);
constexpr char kKeys[] =
    "keys: [a]ccept [d]ecline  [w]rap up [c]omplete  [p]ause [o]nline  [q]uit\n";

struct WorkFlags {
  std::string id;
  std::string disposition = "solved";
  bool accept = false;
  std::string handle;
  int jobs = 0;
};

class Desk {
 public:
  Desk(const WorkFlags& flags, std::string pool) : flags_(flags), pool_(std::move(pool)) {}

  // A link is there: what is said goes there from now on.
  void Begin(Stream* stream) {
    std::lock_guard lock(mutex_);
    stream_ = stream;
    lost_ = false;
    Hello();
  }
  // It has ended, by itself or by Leave.
  void OnLinkEnded() {
    std::lock_guard lock(mutex_);
    lost_ = true;
    welcomed_ = false;
    hello_at_ = absl::InfiniteFuture();
  }
  bool lost() {
    std::lock_guard lock(mutex_);
    return lost_;
  }
  // Whether there is a reason to come back.
  bool was_welcomed() {
    std::lock_guard lock(mutex_);
    return !place_.session_id().empty();
  }

  void OnFrame(const PlatformFrame& frame) {
    std::lock_guard lock(mutex_);
    if (const std::string wrong = place_.Take(frame); !wrong.empty()) Say("out of turn: " + wrong);
    switch (frame.kind_case()) {
      case PlatformFrame::kWelcome:
        Welcome(frame.welcome());
        break;
      case PlatformFrame::kOffer:
        TakeOffer(frame.offer());
        break;
      case PlatformFrame::kOfferRevoked:
        offers_.erase(frame.offer_revoked().offer_id());
        Say("offer withdrawn: " + EnumText(frame.offer_revoked(), "reason"));
        break;
      case PlatformFrame::kAssignmentConfirmed:
        TakeAssignment(frame.assignment_confirmed());
        break;
      case PlatformFrame::kAssignmentEnded:
        EndAssignment(frame.assignment_ended());
        break;
      case PlatformFrame::kPresenceChanged:
        Say("you are now " + EnumText(frame.presence_changed(), "presence") + ": " +
            frame.presence_changed().reason());
        break;
      case PlatformFrame::kAnswer:
        HearAnswer(frame.answer());
        break;
      case PlatformFrame::kSessionReplaced:
        Say("another device has taken over");
        done_ = true;
        break;
      case PlatformFrame::kSnapshotComplete:
        LetGo();
        break;
      case PlatformFrame::kSessionEnded:
        Say("the session is over: " + frame.session_ended().reason());
        Hello();
        break;
      case PlatformFrame::KIND_NOT_SET:
        break;
    }
  }

  // False when the agent leaves.
  bool OnKey(char key) {
    std::lock_guard lock(mutex_);
    AgentFrame frame;
    switch (key) {
      case 'a':
        if (!offers_.empty()) Accept(offers_.begin()->first);
        break;
      case 'd':
        if (offers_.empty()) break;
        frame.mutable_decline_offer()->set_offer_id(offers_.begin()->first);
        frame.mutable_decline_offer()->set_reason("declined at the terminal");
        offers_.erase(offers_.begin());
        Act(frame);
        break;
      case 'w':
        if (work_.empty()) break;
        frame.mutable_start_wrap_up()->set_assignment_id(work_.begin()->first);
        Act(frame);
        break;
      case 'c':
        if (!work_.empty()) Complete(work_.begin()->first);
        break;
      case 'p':
        SetPresence(availability::v1::PRESENCE_PAUSED);
        break;
      case 'o':
        SetPresence(availability::v1::PRESENCE_ONLINE);
        break;
      case 'q':
        return false;
      default:
        Print(kKeys);
    }
    return true;
  }

  // Heartbeats, and with --handle the completion of work. False when there is nothing more to do.
  bool OnTime(absl::Time now) {
    std::lock_guard lock(mutex_);
    if (now >= hello_at_) Hello();
    if (welcomed_ && now - last_sent_ >= heartbeat_) {
      AgentFrame frame;
      place_.Fill(frame.mutable_heartbeat());
      Send(frame);
    }
    if (!flags_.handle.empty()) {
      const absl::Duration handle = ParseDuration(flags_.handle);
      for (auto& [id, begun] : work_) {
        if (begun.completing || now - begun.at < handle) continue;
        begun.completing = true;
        Complete(id);
      }
    }
    return !done_;
  }

  void Leave() {
    std::lock_guard lock(mutex_);
    done_ = true;
    if (lost_) return;
    SetPresence(availability::v1::PRESENCE_OFFLINE);
    stream_->WritesDone();
  }

 private:
  struct Work {
    absl::Time at;
    bool completing = false;
  };

  void Say(const std::string& text) {
    Print(absl::FormatTime("%H:%M:%S  ", absl::Now(), absl::LocalTimeZone()) + text + "\n");
  }

  // Not now: as it was. A link that comes back goes on with what it has.
  void Hello() {
    AgentFrame frame;
    hello_id_ = NewId("r");
    hello_at_ = absl::InfiniteFuture();
    frame.set_request_id(hello_id_);
    frame.mutable_hello()->set_pool_id(pool_);
    frame.mutable_hello()->set_client("muster agent work");
    if (place_.session_id().empty()) {
      frame.mutable_hello()->set_presence(availability::v1::PRESENCE_ONLINE);
    }
    place_.Fill(frame.mutable_hello());
    Send(frame);
  }

  void Welcome(const PlatformFrame::Welcome& welcome) {
    heartbeat_ = FromProtoDuration(welcome.heartbeat_interval());
    if (!welcome.resumed()) offers_.clear();
    if (std::exchange(here_before_, true)) {
      Say(welcome.resumed() ? "back where it was" : "back, in a new session");
    } else {
      Say("online as " + flags_.id + " in pool " + pool_);
      if (!flags_.accept) Print(kKeys);
    }
    welcomed_ = true;
  }

  void HearAnswer(const PlatformFrame::Answer& answer) {
    if (answer.status().code() == 0) return;
    const google::rpc::Status& said = answer.status();
    const absl::Status status = FromGrpc(grpc::Status(static_cast<grpc::StatusCode>(said.code()),
                                                      said.message(), said.SerializeAsString()));
    const bool again = absl::IsResourceExhausted(status) || absl::IsUnavailable(status) ||
                       absl::IsDeadlineExceeded(status);
    if (answer.request_id() == hello_id_ && again) {
      hello_at_ = absl::Now() + std::max(RetryDelay(status), kComeBackAfter);
      return;
    }
    Say("refused: " + said.message());
  }

  // What was not told by now is no more.
  void LetGo() {
    std::vector<std::string> gone;
    for (const auto& [id, work] : work_) {
      if (!place_.Has(id)) gone.push_back(id);
    }
    for (const std::string& id : gone) {
      work_.erase(id);
      Say("ended while away: " + id);
    }
  }

  void Send(AgentFrame& frame) {
    if (lost_) return;
    frame.set_agent_id(flags_.id);
    stream_->Write(frame);
    last_sent_ = absl::Now();
  }
  void Act(AgentFrame& frame) {
    frame.set_request_id(NewId("r"));
    Send(frame);
  }

  void TakeOffer(const OfferNotice& offer) {
    if (!offers_.emplace(offer.offer_id(), offer).second) return;
    AgentFrame frame;
    frame.mutable_receive_offer()->set_offer_id(offer.offer_id());
    Act(frame);
    Say("OFFER  " + offer.queue_id() + "  waited " + Text(offer.waited()) + "  answer within " +
        Text(offer.answer_within()) + "  " + offer.subject() +
        (offer.reason().empty() ? "" : "  (" + offer.reason() + ")"));
    if (flags_.accept) Accept(offer.offer_id());
  }

  void TakeAssignment(const AssignmentConfirmed& confirmed) {
    offers_.erase(confirmed.assignment_id());
    if (!work_.emplace(confirmed.assignment_id(), Work{absl::Now()}).second) return;
    Say("YOURS  " + confirmed.ticket().ticket_id() + "  customer " +
        confirmed.ticket().customer_id() + "  " + confirmed.ticket().subject());
    if (!confirmed.ticket().text().empty()) Print("          " + confirmed.ticket().text() + "\n");
  }

  void EndAssignment(const availability::v1::AssignmentEnded& ended) {
    if (work_.erase(ended.assignment_id()) == 0) return;
    ++ended_;
    Say("ended: " + EnumText(ended, "reason"));
    if (flags_.jobs > 0 && ended_ >= flags_.jobs) done_ = true;
  }

  void Accept(const std::string& offer_id) {
    AgentFrame frame;
    frame.mutable_accept_offer()->set_offer_id(offer_id);
    Act(frame);
  }

  void Complete(const std::string& assignment_id) {
    AgentFrame frame;
    frame.mutable_complete_assignment()->set_assignment_id(assignment_id);
    frame.mutable_complete_assignment()->set_disposition(flags_.disposition);
    Act(frame);
  }

  void SetPresence(availability::v1::Presence presence) {
    AgentFrame frame;
    frame.mutable_presence_change()->set_presence(presence);
    Act(frame);
  }

  const WorkFlags flags_;
  const std::string pool_;
  std::mutex mutex_;
  Stream* stream_ = nullptr;
  bool lost_ = true;
  bool welcomed_ = false;
  bool here_before_ = false;
  SessionPlace place_;
  std::string hello_id_;
  absl::Time hello_at_ = absl::InfiniteFuture();  // when to say it again
  std::map<std::string, OfferNotice> offers_;
  std::map<std::string, Work> work_;
  absl::Duration heartbeat_ = absl::Seconds(1);
  absl::Time last_sent_ = absl::InfinitePast();
  int ended_ = 0;
  bool done_ = false;
};

absl::Status WorkAs(Context& context, const WorkFlags& flags) {
  auto pool = context.Pool();
  if (!pool.ok()) return pool.status();
  auto stub = AgentLink::NewStub(context.ChannelTo(context.options().availability));
  Desk desk(flags, *pool);
  Keys keys;
  while (true) {
    grpc::ClientContext call;
    auto stream = stub->Connect(&call);
    desk.Begin(stream.get());
    std::thread reader([&] {
      PlatformFrame frame;
      while (stream->Read(&frame)) desk.OnFrame(frame);
      desk.OnLinkEnded();
    });
    bool here = true;
    while (here && !Interrupted() && !desk.lost() && desk.OnTime(absl::Now())) {
      if (keys.ended() && !flags.accept) here = false;
      if (std::optional<char> key = keys.Next(kKeyWait); key && here) here = desk.OnKey(*key);
    }
    const bool comes_back = here && !Interrupted() && desk.lost() && desk.was_welcomed();
    if (!comes_back) desk.Leave();
    reader.join();
    const absl::Status end = FromGrpc(stream->Finish());
    if (!comes_back) return end;
    Print("the link is lost; coming back\n");
    keys.Next(kComeBackAfter);
  }
}

}  // namespace

void AddWorkCommand(CLI::App& agent, Context& context) {
  auto flags = std::make_shared<WorkFlags>();
  CLI::App* verb = agent.add_subcommand("work", "Be an agent at this terminal");
  verb->add_option("AGENT", flags->id, "the agent's id")->required();
  verb->add_option("--disposition", flags->disposition, "what is said on completion")
      ->capture_default_str();
  verb->add_flag("--accept", flags->accept, "accept every offer at once");
  verb->add_option("--handle", flags->handle, "complete work by itself after this long")
      ->check(IsDuration());
  verb->add_option("--jobs", flags->jobs, "leave after this many; 0: stay")
      ->check(CLI::NonNegativeNumber);
  verb->callback([=, &context] { context.Run([=, &context] { return WorkAs(context, *flags); }); });
}

}  // namespace muster::cli
