#include <stdexcept>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "common/base/errors.h"
#include "common/rpc/status_convert.h"
#include "tests/bench/load/benches.h"
#include "tests/bench/load/call.h"
#include "tests/bench/load/percentiles.h"
#include "tests/bench/load/stage.h"

namespace muster::bench {
namespace {

using availability::v1::AgentFrame;
using availability::v1::PlatformFrame;
using intake::v1::IntakeService;

constexpr absl::Duration kLimit = absl::Minutes(10);
constexpr int64_t kWarmUpShare = 10;  // the first tenth is not measured
constexpr absl::Duration kSettleLimit = absl::Seconds(60);

class Lifecycle {
 public:
  explicit Lifecycle(const LifecycleOptions& options)
      : options_(options),
        stage_({.skills = options.skills, .agents = options.agents, .links = options.links}) {}

  Figures Run() {
    stage_.Connect(loop_,
                   [this](LinkClient& link, const PlatformFrame& frame) { Hear(link, frame); });
    Create();
    if (!loop_.RunFor(kLimit, [this] { return completed_ >= options_.tickets; })) {
      throw std::runtime_error(absl::StrCat("lifecycle: ", completed_, " of ", options_.tickets,
                                            " completed in time; ", errors_, " errors"));
    }
    const absl::Duration took = absl::Now() - begin_;
    const CpuSeconds cpu = stage_.Cpu() - cpu_begin_;
    const double count = static_cast<double>(completed_ - measured_from_);
    CheckRecords();
    stage_.Disconnect(loop_);
    Figures figures = {{"rate", count / absl::ToDoubleSeconds(took)}};
    AddCpuEach(cpu, count, &figures);
    return figures;
  }

 private:
  void Create() {
    while (created_ < options_.tickets &&
           created_ - completed_ + options_.batch <= options_.most_open) {
      const auto count =
          static_cast<int>(std::min<int64_t>(options_.batch, options_.tickets - created_));
      options_.batch == 1 ? CreateOne(created_) : CreateBatch(count);
      created_ += count;
    }
  }

  void Fill(intake::v1::Ticket& ticket, int64_t number) {
    ticket.set_pool_id(Stage::kPool);
    ticket.set_queue_id(stage_.QueueId(number));
    ticket.set_customer_id(absl::StrCat("customer-", number));
    ticket.set_subject("Where is my card?");
  }

  // What is too much at once comes again when it was told to.
  void CreateOne(int64_t number) {
    intake::v1::CreateTicketRequest request;
    Fill(*request.mutable_ticket(), number);
    Call(loop_, stage_.intake(), &IntakeService::Stub::AsyncCreateTicket, request,
         [this, number](const grpc::Status& status, const intake::v1::Ticket&) {
           if (status.error_code() == grpc::StatusCode::RESOURCE_EXHAUSTED) {
             loop_.After(RetryDelay(FromGrpc(status)), [this, number] { CreateOne(number); });
           } else if (!status.ok()) {
             ++errors_;
           }
         });
  }

  void CreateBatch(int count) {
    intake::v1::BatchCreateTicketsRequest request;
    request.set_pool_id(Stage::kPool);
    for (int i = 0; i < count; ++i) Fill(*request.add_requests()->mutable_ticket(), created_ + i);
    Call(loop_, stage_.intake(), &IntakeService::Stub::AsyncBatchCreateTickets, request,
         [this](const grpc::Status& status, const intake::v1::BatchCreateTicketsResponse& answer) {
           if (!status.ok()) ++errors_;
           for (const auto& result : answer.results()) errors_ += result.code() == 0 ? 0 : 1;
         });
  }

  void Hear(LinkClient& link, const PlatformFrame& frame) {
    AgentFrame act;
    act.set_agent_id(frame.agent_id());
    if (frame.has_offer()) {
      act.mutable_accept_offer()->set_offer_id(frame.offer().offer_id());
      link.Send(std::move(act));
    } else if (frame.has_assignment_confirmed()) {
      auto& complete = *act.mutable_complete_assignment();
      complete.set_assignment_id(frame.assignment_confirmed().assignment_id());
      complete.set_disposition("solved");
      link.Send(std::move(act));
    } else if (frame.has_assignment_ended()) {
      Completed();
    } else if (frame.has_answer() && frame.answer().status().code() != 0) {
      ++errors_;
    }
  }

  void Completed() {
    ++completed_;
    if (completed_ == options_.tickets / kWarmUpShare) {
      measured_from_ = completed_;
      begin_ = absl::Now();
      cpu_begin_ = stage_.Cpu();
    }
    Create();
  }

  void CheckRecords() {
    const absl::Time until = absl::Now() + kSettleLimit;
    const auto resolved = [this] {
      return stage_.Ask("SELECT count(*) FROM intake.ticket WHERE state = 3");
    };
    while (resolved() < options_.tickets && absl::Now() < until) {
      loop_.RunFor(absl::Milliseconds(200), [] { return false; });
    }
    const int64_t completed = stage_.Ask(
        "SELECT count(DISTINCT ticket_id) FROM matcher.ended_assignment WHERE state = 3");
    if (resolved() != options_.tickets || completed != options_.tickets || errors_ != 0) {
      throw std::runtime_error(absl::StrCat("lifecycle: of ", options_.tickets, " tickets ",
                                            resolved(), " are resolved and ", completed,
                                            " completed on record; ", errors_, " errors"));
    }
  }

  const LifecycleOptions options_;
  Stage stage_;
  Loop loop_;
  int64_t created_ = 0, completed_ = 0, measured_from_ = 0, errors_ = 0;
  absl::Time begin_;
  CpuSeconds cpu_begin_;
};

}  // namespace

Figures RunLifecycle(const LifecycleOptions& options) { return Lifecycle(options).Run(); }

}  // namespace muster::bench
