#include <atomic>
#include <mutex>
#include <stdexcept>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "tests/bench/load/benches.h"
#include "tests/bench/load/call.h"
#include "tests/bench/load/pacer.h"
#include "tests/bench/load/percentiles.h"
#include "tests/bench/load/stage.h"

namespace muster::bench {
namespace {

using intake::v1::IntakeService;

constexpr uint64_t kSeed = 1;
constexpr int64_t kMostInFlight = 100'000;
constexpr absl::Duration kWarmUp = absl::Seconds(2);
constexpr absl::Duration kLook = absl::Milliseconds(250);
constexpr absl::Duration kRecoveryLimit = absl::Seconds(60);
constexpr absl::Duration kLastLimit = absl::Seconds(30);

// What was answered in a stretch of time, and what that took.
struct Tally {
  int64_t served = 0, shed = 0, late = 0;
  Percentiles served_in, shed_in;
  CpuSeconds cpu;
};

class Overload {
 public:
  explicit Overload(const OverloadOptions& options)
      : options_(options), stage_({.agents = 0, .intake_channels = 4}) {}

  Figures Run() {
    const Tally calm = FindPeak();
    const double seconds = absl::ToDoubleSeconds(options_.duration);
    const double peak = static_cast<double>(calm.served) / seconds;
    Tally crowd = RunAt(peak * options_.times);
    const absl::Duration recovery = Recover(peak, absl::Now());
    const double peak_after = static_cast<double>(FindPeak().served) / seconds;
    if (!loop_.RunFor(kLastLimit, [this] { return in_flight_ == 0; })) {
      throw std::runtime_error("overload: calls were not answered");
    }
    const int64_t stored = stage_.Ask("SELECT count(*) FROM intake.ticket");
    // A call whose time was up may have been served all the same.
    if (stored < served_ever_ || stored > served_ever_ + late_ever_) {
      throw std::runtime_error(absl::StrCat("overload: ", stored, " tickets are on record, and ",
                                            served_ever_, " were acknowledged"));
    }
    return {{"peak", peak},
            {"peak_after", peak_after},
            {"goodput", static_cast<double>(crowd.served) / seconds},
            {"share", static_cast<double>(crowd.served) / seconds / peak},
            {"offered", static_cast<double>(crowd.served + crowd.shed + crowd.late) / seconds},
            {"shed", static_cast<double>(crowd.shed) / seconds},
            {"late", static_cast<double>(crowd.late) / seconds},
            {"p50_ms", absl::ToDoubleMilliseconds(crowd.served_in.At(0.5))},
            {"p99_ms", absl::ToDoubleMilliseconds(crowd.served_in.At(0.99))},
            {"peak_cores_intake", calm.cpu.intake / seconds},
            {"peak_cores_postgres", calm.cpu.postgres / seconds},
            {"peak_cores_matcher", calm.cpu.matcher / seconds},
            {"peak_cores_load", calm.cpu.load / seconds},
            {"cores_intake", crowd.cpu.intake / seconds},
            {"cores_postgres", crowd.cpu.postgres / seconds},
            {"cores_matcher", crowd.cpu.matcher / seconds},
            {"cores_load", crowd.cpu.load / seconds},
            {"shed_p99_ms", absl::ToDoubleMilliseconds(crowd.shed_in.At(0.99))},
            {"recovery_s", absl::ToDoubleSeconds(recovery)}};
  }

 private:
  // What is well served when each answer brings the next call.
  Tally FindPeak() {
    again_ = true;
    for (int i = 0; i < options_.in_flight; ++i) Arrive();
    Tally tally = Watch();
    again_ = false;
    return tally;
  }

  Tally Watch() {
    loop_.RunFor(kWarmUp, [] { return false; });
    tally_ = {};
    const CpuSeconds begin = stage_.Cpu();
    loop_.RunFor(options_.duration, [] { return false; });
    tally_.cpu = stage_.Cpu() - begin;
    return std::exchange(tally_, {});
  }

  Tally RunAt(double rate) {
    Pacer pacer(rate / options_.batch, kSeed, [this](int64_t, absl::Time) { Arrive(); });
    return Watch();
  }

  // Until a look finds nobody shed or late.
  absl::Duration Recover(double peak, absl::Time over) {
    Pacer pacer(peak / 2 / options_.batch, kSeed, [this](int64_t, absl::Time) { Arrive(); });
    while (absl::Now() - over < kRecoveryLimit) {
      tally_ = {};
      loop_.RunFor(kLook, [] { return false; });
      if (tally_.served > 0 && tally_.shed == 0 && tally_.late == 0) break;
    }
    return absl::Now() - over;
  }

  void Arrive() {  // on the pacer's thread, or on the loop's while there is none
    if (in_flight_ >= kMostInFlight) return;
    ++in_flight_;
    intake::v1::BatchCreateTicketsRequest request;
    request.set_pool_id(Stage::kPool);
    for (int i = 0; i < options_.batch; ++i) {
      auto& ticket = *request.add_requests()->mutable_ticket();
      const int64_t number = created_++;
      ticket.set_pool_id(Stage::kPool);
      ticket.set_queue_id(stage_.QueueId(number));
      ticket.set_customer_id(absl::StrCat("customer-", number));
    }
    Call(
        loop_, stage_.intake(), &IntakeService::Stub::AsyncBatchCreateTickets, request,
        [this, begin = absl::Now()](const grpc::Status& status,
                                    const intake::v1::BatchCreateTicketsResponse& answer) {
          --in_flight_;
          Count(status, answer, absl::Now() - begin);
          if (again_) Arrive();
        },
        options_.patience);
  }

  void Count(const grpc::Status& status, const intake::v1::BatchCreateTicketsResponse& answer,
             absl::Duration took) {
    for (int i = 0; i < options_.batch; ++i) {
      const int code = status.ok() ? answer.results(i).code() : status.error_code();
      if (code == grpc::StatusCode::OK) {
        ++tally_.served;
        ++served_ever_;
      } else if (code == grpc::StatusCode::RESOURCE_EXHAUSTED) {
        ++tally_.shed;
      } else {
        ++tally_.late;
        ++late_ever_;
      }
    }
    if (status.ok()) tally_.served_in.Add(took);
    if (status.error_code() == grpc::StatusCode::RESOURCE_EXHAUSTED) tally_.shed_in.Add(took);
  }

  const OverloadOptions options_;
  Stage stage_;
  Loop loop_;
  Tally tally_;
  std::atomic<int64_t> in_flight_{0};  // calls
  bool again_ = false;
  int64_t created_ = 0;  // the pacers', of which there is one at a time
  int64_t served_ever_ = 0, late_ever_ = 0;
};

}  // namespace

Figures RunOverload(const OverloadOptions& options) { return Overload(options).Run(); }

}  // namespace muster::bench
