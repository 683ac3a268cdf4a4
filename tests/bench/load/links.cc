#include <algorithm>
#include <stdexcept>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "common/base/errors.h"
#include "common/rpc/channel.h"
#include "common/rpc/proto_time.h"
#include "common/rpc/status_convert.h"
#include "tests/bench/load/benches.h"
#include "tests/bench/load/stage.h"
#include "tests/support/process.h"

namespace muster::bench {
namespace {

using availability::v1::AgentFrame;

constexpr absl::Duration kWelcomeLimit = absl::Seconds(180);
constexpr absl::Duration kSettle = absl::Seconds(3);
constexpr double kReturned = 0.9;  // of all agents: what the aim speaks of
constexpr absl::Duration kFirstPause = absl::Milliseconds(100), kLongestPause = absl::Seconds(2);
// All connect at once, and each connection waits for its turn at the server: given up and begun
// again by the hundred, none would come to its end.
constexpr absl::Duration kConnectTimeout = absl::Seconds(60);
// gRPC's own: while a hundred thousand come at once, an answer to a ping may well take 5 s.
constexpr absl::Duration kPingTimeout = absl::Seconds(20);
constexpr int kPhases = 100;      // in which hearts beat
constexpr char kLease[] = "30s";  // heartbeats are a third of it apart

// Many agents, each on a stream of its own.
class Crowd {
 public:
  // Connections to the addresses in turn.
  Crowd(Loop& loop, std::vector<std::string> addresses, const LinkOptions& options)
      : loop_(loop), addresses_(std::move(addresses)), options_(options) {}
  ~Crowd() { Cut(); }

  void Connect() {
    begin_ = absl::Now();
    welcomed_ = 0;
    for (int i = 0; i < options_.agents; ++i) {
      if (i % options_.streams_each == 0) {
        const std::string& address = addresses_[channels_.size() % addresses_.size()];
        channels_.push_back(MakeChannel(address, {.keepalive_timeout = kPingTimeout,
                                                  .connect_timeout = kConnectTimeout,
                                                  .own_connection = true}));
      }
      members_.push_back(std::make_unique<Member>());
      Open(*members_.back(), i, channels_.back());
    }
  }
  void Cut() {
    cut_ = true;
    for (auto& member : members_) member->link->Close();
    loop_.RunUntil([this, closed = size_t{0}]() mutable {  // asked after each event
      while (closed < members_.size() && members_[closed]->link->closed()) ++closed;
      return closed == members_.size();
    });
    members_.clear();
    channels_.clear();
    cut_ = false;
  }
  // How long it took until this share of all was welcomed, since Connect.
  absl::Duration WaitFor(double share) {
    const auto wanted = static_cast<int>(share * options_.agents);
    if (!loop_.RunFor(kWelcomeLimit, [&] {
          Look();
          return welcomed_ >= wanted;
        })) {
      throw std::runtime_error(
          absl::StrCat("links: ", welcomed_, " of ", options_.agents, " agents were welcomed"));
    }
    return absl::Now() - begin_;
  }
  // Nothing but heartbeats. Throws if anybody's stream ends meanwhile.
  void Stay(absl::Duration lasts) {
    const int before = broken_;
    loop_.RunFor(lasts, [this] {
      Look();
      return false;
    });
    if (broken_ != before) throw std::runtime_error("links: streams of idle agents ended");
  }
  // Hellos that were told to come later, and streams that ended before or after their welcome.
  int turned_away() const { return turned_away_; }
  int broken() const { return broken_; }
  int64_t heartbeats() const { return heartbeats_; }

 private:
  struct Member {
    std::unique_ptr<LinkClient> link;
    std::shared_ptr<grpc::Channel> channel;
    bool welcomed = false;
    absl::Time again;                              // not before
    absl::Time hello_at = absl::InfiniteFuture();  // on the same stream, as it was told
    absl::Duration pause = kFirstPause;
    absl::Time beat_at = absl::InfiniteFuture();
    absl::Duration beat_every;
  };

  void Open(Member& member, int number, std::shared_ptr<grpc::Channel> channel) {
    member.channel = std::move(channel);
    member.link = LinkClient::Open(
        loop_, member.channel, LinkClient::Messages::kOfOne,
        [this, &member, number](LinkClient&, const LinkClient::Frame& frame) {
          if (frame.has_answer()) return ComeLater(member, frame.answer().status());
          if (!frame.has_welcome() || std::exchange(member.welcomed, true)) return;
          ++welcomed_;
          StartToBeat(member, number, FromProtoDuration(frame.welcome().heartbeat_interval()));
        });
    SayHello(member, number);
  }

  void SayHello(Member& member, int number) {
    AgentFrame hello;
    hello.set_agent_id(Stage::AgentId(number));
    hello.mutable_hello()->set_pool_id(Stage::kPool);
    hello.mutable_hello()->set_client("bench");
    hello.mutable_hello()->set_presence(availability::v1::PRESENCE_PAUSED);
    member.link->Send(std::move(hello));
  }

  void ComeLater(Member& member, const google::rpc::Status& refused) {
    const absl::Status status =
        FromGrpc(grpc::Status(static_cast<grpc::StatusCode>(refused.code()), refused.message(),
                              refused.SerializeAsString()));
    member.hello_at = absl::Now() + RetryDelay(status);
    ++turned_away_;
  }

  // The first one after a part of the interval, so that all who came at once do not beat at once.
  void StartToBeat(Member& member, int number, absl::Duration every) {
    if (every <= absl::ZeroDuration()) return;  // the bare server says nothing of it
    member.beat_every = every;
    member.beat_at = absl::Now() + every * (number % kPhases) / kPhases;
  }

  void Beat(Member& member, size_t number, absl::Time now) {
    if (now < member.beat_at || member.link->closed()) return;
    AgentFrame frame;
    frame.set_agent_id(Stage::AgentId(static_cast<int>(number)));
    frame.mutable_heartbeat();
    member.link->Send(std::move(frame));
    member.beat_at = now + member.beat_every;
    ++heartbeats_;
  }

  // Heartbeats. Who was turned away comes again when it was told to; whose stream ended, later each
  // time.
  void Look() {
    const absl::Time now = absl::Now();
    if (cut_ || now < next_look_) return;
    next_look_ = now + kFirstPause;
    for (size_t i = 0; i < members_.size(); ++i) {
      Member& member = *members_[i];
      Beat(member, i, now);
      if (member.welcomed && member.link->closed()) {
        member.welcomed = false;
        --welcomed_;
      }
      if (!member.welcomed && !member.link->closed() && absl::Now() >= member.hello_at) {
        member.hello_at = absl::InfiniteFuture();
        SayHello(member, static_cast<int>(i));
      }
      if (member.welcomed || !member.link->closed() || absl::Now() < member.again) continue;
      ++broken_;
      Open(member, static_cast<int>(i), member.channel);
      member.again = absl::Now() + member.pause;
      member.pause = std::min(2 * member.pause, kLongestPause);
    }
  }

  Loop& loop_;
  const std::vector<std::string> addresses_;
  const LinkOptions options_;
  std::vector<std::shared_ptr<grpc::Channel>> channels_;
  std::vector<std::unique_ptr<Member>> members_;
  absl::Time begin_, next_look_;
  int welcomed_ = 0, turned_away_ = 0, broken_ = 0;
  int64_t heartbeats_ = 0;
  bool cut_ = false;
};

double KiBEach(double mib_before, double mib_after, int count) {
  return (mib_after - mib_before) * 1024 / count;
}

double BareKiBEach(LinkOptions options) {
  options.agents /= options.nodes;
  ProcessOptions process;
  process.keep_stdin_open = true;
  Process server("/proc/self/exe", {"bare-server"}, process);
  const std::optional<std::string> line = server.WaitForLine("port ");
  if (!line.has_value()) throw std::runtime_error("links: the bare server does not start");
  Loop loop;
  const double before = ResidentMiB(server.pid());
  Crowd crowd(loop, {absl::StrCat("127.0.0.1:", line->substr(5))}, options);
  crowd.Connect();
  crowd.WaitFor(1);
  crowd.Stay(kSettle);
  return KiBEach(before, ResidentMiB(server.pid()), options.agents);
}

void DemandThere(Stage& stage, int agents, const char* when) {
  const int64_t there =
      stage.Ask("SELECT count(*) FROM availability.agent WHERE connected AND presence = 3");
  if (there == agents) return;
  throw std::runtime_error(
      absl::StrCat("links: ", there, " of ", agents, " agents are there by the record ", when));
}

}  // namespace

Figures RunLinks(const LinkOptions& options) {
  const double bare = BareKiBEach(options);
  Stage stage({.skills = 1,
               .agents = options.agents,
               .skills_each = 1,
               .links = 0,
               .availabilities = options.nodes,
               .lease = kLease});
  Loop loop;
  const double before = stage.AvailabilityMiB();
  Crowd crowd(loop, stage.cell().AvailabilityAddresses(), options);
  crowd.Connect();
  const absl::Duration came = crowd.WaitFor(1);
  crowd.Stay(kSettle);
  const double each = KiBEach(before, stage.AvailabilityMiB(), options.agents);
  const double cpu_before = stage.Cpu().availability;
  const int64_t beats_before = crowd.heartbeats();
  crowd.Stay(options.stay);
  const auto beats = static_cast<double>(crowd.heartbeats() - beats_before);
  const double cpu = stage.Cpu().availability - cpu_before;
  DemandThere(stage, options.agents, "after their heartbeats");
  crowd.Cut();
  crowd.Connect();
  const absl::Duration most = crowd.WaitFor(kReturned);
  const absl::Duration all = crowd.WaitFor(1);
  DemandThere(stage, options.agents, "after their return");
  return {{"agents", static_cast<double>(options.agents)},
          {"kib_each", each},
          {"bare_kib_each", bare},
          {"times_bare", each / bare},
          {"came_s", absl::ToDoubleSeconds(came)},
          {"heartbeats_a_second", beats / absl::ToDoubleSeconds(options.stay)},
          {"cpu_us_heartbeat", cpu * 1e6 / std::max(beats, 1.0)},
          {"most_returned_s", absl::ToDoubleSeconds(most)},
          {"all_returned_s", absl::ToDoubleSeconds(all)},
          {"turned_away", static_cast<double>(crowd.turned_away())},
          {"streams_broken", static_cast<double>(crowd.broken())}};
}

}  // namespace muster::bench
