#include "services/matcher/wire/pause_sender.h"

#include <grpcpp/grpcpp.h>

#include <condition_variable>
#include <map>
#include <mutex>
#include <string>
#include <utility>

#include "common/base/errors.h"
#include "common/obs/log.h"
#include "common/rpc/call_context.h"
#include "common/rpc/grpc_time.h"
#include "common/rpc/status_convert.h"
#include "muster/availability/v1/availability.grpc.pb.h"
#include "services/matcher/wire/retry_timer.h"

namespace muster::matcher {

namespace av = availability::v1;

class PauseSender::Impl : public std::enable_shared_from_this<Impl> {
 public:
  Impl(const std::shared_ptr<grpc::Channel>& channel, PauseOptions options)
      : stub_(av::AvailabilityService::NewStub(channel)), options_(options) {}

  void Pause(av::PauseAgentRequest request) {
    const Key key(request.pool_id(), request.agent_id());
    std::lock_guard lock(mutex_);
    if (stopping_) return;
    if (auto known = agents_.find(key); known != agents_.end()) {
      known->second->request = std::move(request);
      known->second->tries = 0;
      return;
    }
    if (agents_.size() >= options_.max_agents) return;
    auto agent = std::make_shared<Agent>(options_.backoff);
    agent->request = std::move(request);
    agents_[key] = agent;
    CallLocked(agent);
  }

  void Stop() {
    std::unique_lock lock(mutex_);
    stopping_ = true;
    for (auto& [key, agent] : agents_) {
      agent->timer.Cancel();
      if (agent->call) agent->call->context.TryCancel();
    }
    idle_.wait(lock, [this] { return calls_ == 0; });
    agents_.clear();
    stub_.reset();
  }

 private:
  using Key = std::pair<std::string, std::string>;
  struct Call {
    grpc::ClientContext context;
    av::PauseAgentRequest request;
    av::PauseAgentResponse response;
  };
  struct Agent {
    explicit Agent(const BackoffOptions& options) : backoff(options, RandomSeed()) {}
    av::PauseAgentRequest request;
    std::unique_ptr<Call> call;
    int tries = 0;
    Backoff backoff;
    RetryTimer timer;
  };
  using AgentPtr = std::shared_ptr<Agent>;

  void CallLocked(const AgentPtr& agent) {
    agent->call = std::make_unique<Call>();
    Call* call = agent->call.get();
    call->request = agent->request;
    call->context.set_deadline(GrpcTimeIn(options_.timeout));
    ++agent->tries;
    ++calls_;
    stub_->async()->PauseAgent(&call->context, &call->request, &call->response,
                               [self = shared_from_this(), agent](grpc::Status status) {
                                 self->OnAnswer(agent, FromGrpc(status));
                               });
  }

  void OnAnswer(const AgentPtr& agent, const absl::Status& status) {
    std::lock_guard lock(mutex_);
    std::unique_ptr<Call> call = std::move(agent->call);
    const bool transient = absl::IsUnavailable(status) || absl::IsDeadlineExceeded(status) ||
                           absl::IsResourceExhausted(status) || absl::IsAborted(status);
    if (!stopping_ && !status.ok() && transient && agent->tries < options_.max_tries) {
      agent->timer.Start(agent->backoff.Next(), [weak = weak_from_this(), agent] {
        if (auto self = weak.lock()) self->Again(agent);
      });
    } else {
      if (!stopping_ && !status.ok()) {
        Log(Severity::kWarning)
            .Msg("an agent could not be paused")
            .With("pool_id", agent->request.pool_id())
            .With("agent_id", agent->request.agent_id())
            .Error(status);
      }
      agents_.erase({agent->request.pool_id(), agent->request.agent_id()});
    }
    if (--calls_ == 0) idle_.notify_all();
  }

  void Again(const AgentPtr& agent) {
    std::lock_guard lock(mutex_);
    if (!stopping_ && !agent->call) CallLocked(agent);
  }

  std::unique_ptr<av::AvailabilityService::Stub> stub_;  // until it is stopped
  const PauseOptions options_;
  std::mutex mutex_;
  std::condition_variable idle_;
  std::map<Key, AgentPtr> agents_;  // that wait for an answer
  int calls_ = 0;
  bool stopping_ = false;
};

PauseSender::PauseSender(std::shared_ptr<grpc::Channel> channel, PauseOptions options)
    : channel_(std::move(channel)), impl_(std::make_shared<Impl>(channel_, options)) {}

PauseSender::~PauseSender() { Stop(); }

void PauseSender::Pause(av::PauseAgentRequest request) { impl_->Pause(std::move(request)); }
void PauseSender::Stop() { impl_->Stop(); }

}  // namespace muster::matcher
