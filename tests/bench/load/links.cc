#include <algorithm>
#include <stdexcept>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "common/base/errors.h"
#include "common/rpc/channel.h"
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

// Many agents, each on a stream of its own.
class Crowd {
 public:
  Crowd(Loop& loop, std::string address, const LinkOptions& options)
      : loop_(loop), address_(std::move(address)), options_(options) {}
  ~Crowd() { Cut(); }

  void Connect() {
    begin_ = absl::Now();
    welcomed_ = 0;
    for (int i = 0; i < options_.agents; ++i) {
      if (i % options_.streams_each == 0) {
        channels_.push_back(MakeChannel(address_, {.own_connection = true}));
      }
      members_.push_back(std::make_unique<Member>());
      Open(*members_.back(), i, channels_.back());
    }
  }
  void Cut() {
    cut_ = true;
    for (auto& member : members_) member->link->Close();
    loop_.RunUntil([this] {
      return std::all_of(members_.begin(), members_.end(),
                         [](const auto& m) { return m->link->closed(); });
    });
    members_.clear();
    channels_.clear();
    cut_ = false;
  }
  // How long it took until this share of all was welcomed, since Connect.
  absl::Duration WaitFor(double share) {
    const auto wanted = static_cast<int>(share * options_.agents);
    if (!loop_.RunFor(kWelcomeLimit, [&] {
          Reopen();
          return welcomed_ >= wanted;
        })) {
      throw std::runtime_error(
          absl::StrCat("links: ", welcomed_, " of ", options_.agents, " agents were welcomed"));
    }
    return absl::Now() - begin_;
  }
  int refused() const { return refused_; }

 private:
  struct Member {
    std::unique_ptr<LinkClient> link;
    std::shared_ptr<grpc::Channel> channel;
    bool welcomed = false;
    absl::Time again;                              // not before
    absl::Time hello_at = absl::InfiniteFuture();  // on the same stream, as it was told
    absl::Duration pause = kFirstPause;
  };

  void Open(Member& member, int number, std::shared_ptr<grpc::Channel> channel) {
    member.channel = std::move(channel);
    member.link = std::make_unique<LinkClient>(
        loop_, member.channel, [this, &member](LinkClient&, const LinkClient::Frame& frame) {
          if (frame.has_answer()) return ComeLater(member, frame.answer().status());
          if (!frame.has_welcome() || std::exchange(member.welcomed, true)) return;
          ++welcomed_;
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
    ++refused_;
  }

  // Who was turned away comes again when it was told to; whose stream ended, later each time.
  void Reopen() {
    if (cut_ || absl::Now() < next_look_) return;
    next_look_ = absl::Now() + kFirstPause;
    for (size_t i = 0; i < members_.size(); ++i) {
      Member& member = *members_[i];
      if (!member.welcomed && !member.link->closed() && absl::Now() >= member.hello_at) {
        member.hello_at = absl::InfiniteFuture();
        SayHello(member, static_cast<int>(i));
      }
      if (member.welcomed || !member.link->closed() || absl::Now() < member.again) continue;
      ++refused_;
      Open(member, static_cast<int>(i), member.channel);
      member.again = absl::Now() + member.pause;
      member.pause = std::min(2 * member.pause, kLongestPause);
    }
  }

  Loop& loop_;
  const std::string address_;
  const LinkOptions options_;
  std::vector<std::shared_ptr<grpc::Channel>> channels_;
  std::vector<std::unique_ptr<Member>> members_;
  absl::Time begin_, next_look_;
  int welcomed_ = 0, refused_ = 0;
  bool cut_ = false;
};

double KiBEach(double mib_before, double mib_after, int count) {
  return (mib_after - mib_before) * 1024 / count;
}

double BareKiBEach(const LinkOptions& options) {
  ProcessOptions process;
  process.keep_stdin_open = true;
  Process server("/proc/self/exe", {"bare-server"}, process);
  const std::optional<std::string> line = server.WaitForLine("port ");
  if (!line.has_value()) throw std::runtime_error("links: the bare server does not start");
  Loop loop;
  const double before = ResidentMiB(server.pid());
  Crowd crowd(loop, absl::StrCat("127.0.0.1:", line->substr(5)), options);
  crowd.Connect();
  crowd.WaitFor(1);
  loop.RunFor(kSettle, [] { return false; });
  return KiBEach(before, ResidentMiB(server.pid()), options.agents);
}

}  // namespace

Figures RunLinks(const LinkOptions& options) {
  const double bare = BareKiBEach(options);
  Stage stage({.skills = 1, .agents = options.agents, .skills_each = 1, .links = 0});
  Loop loop;
  const double before = stage.ResidentMiB("availability-1");
  Crowd crowd(loop, stage.cell().AvailabilityAddresses().front(), options);
  crowd.Connect();
  const absl::Duration came = crowd.WaitFor(1);
  loop.RunFor(kSettle, [] { return false; });
  const double each = KiBEach(before, stage.ResidentMiB("availability-1"), options.agents);
  crowd.Cut();
  crowd.Connect();
  const absl::Duration most = crowd.WaitFor(kReturned);
  const absl::Duration all = crowd.WaitFor(1);
  const int64_t there =
      stage.Ask("SELECT count(*) FROM availability.agent WHERE connected AND presence = 3");
  if (there != options.agents) {
    throw std::runtime_error(
        absl::StrCat("links: ", there, " of ", options.agents, " agents are there by the record"));
  }
  return {{"agents", static_cast<double>(options.agents)},
          {"kib_each", each},
          {"bare_kib_each", bare},
          {"times_bare", each / bare},
          {"came_s", absl::ToDoubleSeconds(came)},
          {"most_returned_s", absl::ToDoubleSeconds(most)},
          {"all_returned_s", absl::ToDoubleSeconds(all)},
          {"turned_away", static_cast<double>(crowd.refused())}};
}

}  // namespace muster::bench
