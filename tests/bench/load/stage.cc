#include "tests/bench/load/stage.h"

#include <unistd.h>
#include <algorithm>

#include <stdexcept>

#include "absl/strings/str_cat.h"
#include "common/db/pqxx_compat.h"
#include "common/rpc/channel.h"
#include "common/rpc/status_convert.h"
#include "muster/availability/v1/availability.grpc.pb.h"
#include "muster/matcher/v1/matcher.grpc.pb.h"
#include "tests/bench/load/call.h"
#include "tests/bench/load/usage.h"
#include "tests/support/eventually.h"

namespace muster::bench {
namespace {

constexpr absl::Duration kSetUpLimit = absl::Seconds(120);
constexpr int kCallsAtOnce = 200;
constexpr int kLogSegments = 32;  // of 16 MiB

void Demand(const grpc::Status& status, const char* what) {
  if (!status.ok()) throw std::runtime_error(absl::StrCat(what, ": ", status.error_message()));
}

std::string SkillId(int number) { return absl::StrCat("skill-", number); }

faults::CellOptions Direct(const StageOptions& wanted) {
  faults::CellOptions options;
  options.proxied = false;
  options.availabilities = wanted.availabilities;
  options.lease = wanted.lease;
  options.postgres_settings = {"shared_buffers=128MB"};
  return options;
}

std::string AvailabilityNode(int i) { return absl::StrCat("availability-", i + 1); }

}  // namespace

Stage::Stage(const StageOptions& options) : options_(options), cell_(Direct(options)) {
  for (int i = 0; i < options_.intake_channels; ++i) {
    intakes_.push_back(intake::v1::IntakeService::NewStub(
        MakeChannel(cell_.IntakeAddresses().front(), {.own_connection = true})));
  }
  WarmUp();
  MakePool();
  MakeAgents();
}

// A server that has been at work writes over segments of its log; a new one fills each with zeros
// first, while whoever commits waits for it. So it gets some, and a checkpoint that keeps them.
void Stage::WarmUp() {
  pqxx::connection connection(cell_.database_url());
  pqxx::nontransaction tx(connection);
  for (int i = 0; i < kLogSegments; ++i) {
    tx.exec("SELECT pg_logical_emit_message(false, '', ''), pg_switch_wal()");
  }
  tx.exec("CHECKPOINT");
}

std::string Stage::QueueId(int64_t number) const {
  return absl::StrCat("queue-", number % options_.skills);
}
std::string Stage::AgentId(int number) { return absl::StrCat("agent-", number); }

void Stage::MakePool() {
  intake::v1::ApplyPoolRequest request;
  request.mutable_pool()->set_pool_id(kPool);
  for (int i = 0; i < options_.skills; ++i) {
    intake::v1::Queue& queue = *request.add_queues();
    queue.set_queue_id(QueueId(i));
    queue.add_required_skills()->set_skill(SkillId(i));
    queue.set_most_waiting(1'000'000);
  }
  grpc::ClientContext call;
  intake::v1::ApplyPoolResponse response;
  Demand(intake().ApplyPool(&call, request, &response), "make the pool");
  auto matcher =
      matcher::v1::MatcherService::NewStub(MakeChannel(cell_.MatcherAddresses().front()));
  const auto served = [&] {
    matcher::v1::GetStatisticsRequest ask;
    ask.set_pool_id(kPool);
    grpc::ClientContext context;
    matcher::v1::Statistics statistics;
    return matcher->GetStatistics(&context, ask, &statistics).ok();
  };
  if (!Eventually(served, kSetUpLimit)) throw std::runtime_error("no matcher serves the pool");
}

void Stage::MakeAgents() {
  auto stub = availability::v1::AvailabilityService::NewStub(
      MakeChannel(cell_.AvailabilityAddresses().front()));
  Loop loop;
  int made = 0, begun = 0;
  std::function<void()> next = [&] {
    if (begun == options_.agents) return;
    availability::v1::CreateAgentRequest request;
    auto& agent = *request.mutable_agent();
    agent.set_pool_id(kPool);
    agent.set_agent_id(AgentId(begun));
    agent.set_display_name(agent.agent_id());
    for (int i = 0; i < options_.skills_each; ++i) {
      auto& skill = *agent.add_skills();
      skill.set_skill(SkillId((begun + i * 17) % options_.skills));
      skill.set_level(1 + (begun + i) % 5);
    }
    ++begun;
    Call(loop, *stub, &availability::v1::AvailabilityService::Stub::AsyncCreateAgent, request,
         [&](const grpc::Status& status, const availability::v1::Agent&) {
           Demand(status, "make an agent");
           ++made;
           next();
         });
  };
  for (int i = 0; i < kCallsAtOnce; ++i) next();
  loop.RunUntil([&] { return made == options_.agents; });
}

void Stage::Connect(Loop& loop, const LinkClient::Hear& hear) {
  welcomed_ = 0;
  const auto messages = options_.links < options_.agents ? LinkClient::Messages::kOfMany
                                                         : LinkClient::Messages::kOfOne;
  for (int i = 0; i < options_.links; ++i) {
    auto channel = MakeChannel(cell_.AvailabilityAddresses().front(), {.own_connection = true});
    links_.push_back(LinkClient::Open(
        loop, channel, messages, [this, hear](LinkClient& link, const LinkClient::Frame& frame) {
          if (frame.has_welcome()) {
            ++welcomed_;
          } else {
            hear(link, frame);
          }
        }));
  }
  for (int i = 0; i < options_.agents; ++i) {
    availability::v1::AgentFrame frame;
    frame.set_agent_id(AgentId(i));
    frame.mutable_hello()->set_pool_id(kPool);
    frame.mutable_hello()->set_client("bench");
    frame.mutable_hello()->set_presence(availability::v1::PRESENCE_ONLINE);
    links_[static_cast<size_t>(i) % links_.size()]->Send(std::move(frame));
  }
  if (!loop.RunFor(kSetUpLimit, [&] { return welcomed_ >= options_.agents; })) {
    throw std::runtime_error("not every agent was welcomed");
  }
}

void Stage::Disconnect(Loop& loop) {
  for (auto& link : links_) link->Close();
  loop.RunUntil([this] {
    return std::all_of(links_.begin(), links_.end(), [](const auto& l) { return l->closed(); });
  });
  links_.clear();
}

int64_t Stage::Ask(const std::string& sql) {
  pqxx::connection connection(cell_.database_url());
  return pqxx::nontransaction(connection).exec(sql)[0][0].as<int64_t>();
}

double Stage::ResidentMiB(const std::string& node) {
  return bench::ResidentMiB(cell_.node(node).pid());
}

double Stage::AvailabilityMiB() {
  double sum = 0;
  for (int i = 0; i < options_.availabilities; ++i) sum += ResidentMiB(AvailabilityNode(i));
  return sum;
}

CpuSeconds Stage::Cpu() {
  CpuSeconds cpu;
  cpu.intake = CpuSecondsOf(cell_.node("intake-1").pid());
  for (int i = 0; i < options_.availabilities; ++i) {
    cpu.availability += CpuSecondsOf(cell_.node(AvailabilityNode(i)).pid());
  }
  cpu.matcher = CpuSecondsOf(cell_.node("matcher-1").pid());
  for (pid_t pid : ChildrenOf(cell_.postgres().pid())) cpu.postgres += CpuSecondsOf(pid);
  cpu.load = CpuSecondsOf(getpid());
  return cpu;
}

}  // namespace muster::bench
