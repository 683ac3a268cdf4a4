#include <stdexcept>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "tests/bench/load/benches.h"
#include "tests/bench/load/call.h"
#include "tests/bench/load/percentiles.h"
#include "tests/bench/load/stage.h"

namespace muster::bench {
namespace {

using intake::v1::IntakeService;

class Intake {
 public:
  explicit Intake(const IntakeOptions& options)
      : options_(options), stage_({.agents = 0, .intake_channels = options.channels}) {}

  Figures Run() {
    const CpuSeconds cpu_begin = stage_.Cpu();
    const absl::Time begin = absl::Now();
    for (int i = 0; i < options_.in_flight; ++i) Create();
    loop_.RunUntil([this] { return answered_ >= options_.tickets; });
    const absl::Duration took = absl::Now() - begin;
    const CpuSeconds cpu = stage_.Cpu() - cpu_begin;
    const int64_t stored = stage_.Ask("SELECT count(*) FROM intake.ticket");
    if (stored != options_.tickets || errors_ != 0) {
      throw std::runtime_error(absl::StrCat("intake: ", stored, " of ", options_.tickets,
                                            " tickets are on record; ", errors_,
                                            " errors, the last: ", last_error_));
    }
    const auto count = static_cast<double>(options_.tickets);
    Figures figures = {{"rate", count / absl::ToDoubleSeconds(took)},
                       {"p50_ms", absl::ToDoubleMilliseconds(times_.At(0.5))},
                       {"p99_ms", absl::ToDoubleMilliseconds(times_.At(0.99))}};
    AddCpuEach(cpu, count, &figures);
    return figures;
  }

 private:
  void Create() {
    if (created_ >= options_.tickets) return;
    intake::v1::CreateTicketRequest request;
    auto& ticket = *request.mutable_ticket();
    ticket.set_pool_id(Stage::kPool);
    ticket.set_queue_id(stage_.QueueId(created_));
    ticket.set_customer_id(absl::StrCat("customer-", created_));
    ticket.set_subject("Where is my card?");
    ++created_;
    Call(loop_, stage_.intake(), &IntakeService::Stub::AsyncCreateTicket, request,
         [this, begin = absl::Now()](const grpc::Status& status, const intake::v1::Ticket&) {
           times_.Add(absl::Now() - begin);
           if (!status.ok()) {
             ++errors_;
             last_error_ = status.error_message();
           }
           ++answered_;
           Create();
         });
  }

  const IntakeOptions options_;
  Stage stage_;
  Loop loop_;
  Percentiles times_;
  int64_t created_ = 0, answered_ = 0, errors_ = 0;
  std::string last_error_;
};

}  // namespace

Figures RunIntake(const IntakeOptions& options) { return Intake(options).Run(); }

}  // namespace muster::bench
