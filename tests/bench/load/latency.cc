#include <memory>
#include <mutex>
#include <stdexcept>
#include <string>
#include <unordered_map>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/time/clock.h"
#include "common/db/pqxx_compat.h"
#include "tests/bench/load/benches.h"
#include "tests/bench/load/call.h"
#include "tests/bench/load/pacer.h"
#include "tests/bench/load/percentiles.h"
#include "tests/bench/load/stage.h"

namespace muster::bench {
namespace {

using availability::v1::AgentFrame;
using availability::v1::PlatformFrame;
using intake::v1::IntakeService;

constexpr uint64_t kSeed = 1;
constexpr absl::Duration kWarmUp = absl::Seconds(2);
constexpr absl::Duration kLastLimit = absl::Seconds(20);

class Latency {
 public:
  explicit Latency(const LatencyOptions& options)
      : options_(options), stage_({.agents = options.agents, .links = options.links}) {}

  Figures Run() {
    stage_.Connect(loop_,
                   [this](LinkClient& link, const PlatformFrame& frame) { Hear(link, frame); });
    const absl::Time begin = absl::Now();
    measure_from_ = begin + kWarmUp;
    second_half_from_ = measure_from_ + options_.duration / 2;
    const Sizes before = Measure();
    const CpuSeconds cpu_before = stage_.Cpu();
    std::unique_ptr<pqxx::connection> holder;
    std::unique_ptr<pqxx::work> held;
    if (options_.hold_transaction) {
      holder = std::make_unique<pqxx::connection>(stage_.cell().database_url());
      held = std::make_unique<pqxx::work>(*holder);
      held->exec("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ");
      held->exec("SELECT count(*) FROM intake.ticket");
    }
    int64_t completed = 0;
    {
      Pacer pacer(options_.per_second, kSeed,
                  [this](int64_t number, absl::Time due) { Arrive(number, due); });
      loop_.RunFor(kWarmUp, [] { return false; });
      completed -= completed_;
      loop_.RunFor(options_.duration, [] { return false; });
      completed += completed_;
    }
    if (!loop_.RunFor(kLastLimit, [this] { return completed_ >= taken(); })) {
      throw std::runtime_error(absl::StrCat("latency: ", completed_, " of ", taken(),
                                            " tickets were completed; ", Errors()));
    }
    const int64_t stored = stage_.Ask("SELECT count(*) FROM matcher.ended_assignment");
    if (stored != taken() || errors_ != 0) {
      throw std::runtime_error(
          absl::StrCat("latency: ", stored, " of ", taken(), " are on record; ", Errors()));
    }
    const Sizes after = Measure();
    const CpuSeconds cpu = stage_.Cpu() - cpu_before;
    held = nullptr;
    stage_.Disconnect(loop_);
    const auto millis = [](Percentiles& times, double share) {
      return absl::ToDoubleMilliseconds(times.At(share));
    };
    Figures figures = {
        {"rate", static_cast<double>(offers_.count()) / absl::ToDoubleSeconds(options_.duration)},
        {"completed", static_cast<double>(completed) / absl::ToDoubleSeconds(options_.duration)},
        {"refused", static_cast<double>(refused_)},
        {"p50_ms", millis(offers_, 0.5)},
        {"p99_ms", millis(offers_, 0.99)},
        {"p99_first_half_ms", millis(first_half_, 0.99)},
        {"p99_second_half_ms", millis(second_half_, 0.99)},
        {"memory_growth_mib", after.resident_mib - before.resident_mib},
        {"database_bytes_each",
         (after.database_bytes - before.database_bytes) / static_cast<double>(stored)},
        {"live_table_mib", after.live_table_bytes / (1 << 20)},
        {"answer_p50_ms", millis(answers_, 0.5)},
        {"answer_p99_ms", millis(answers_, 0.99)},
        {"accept_p50_ms", millis(accepts_, 0.5)},
        {"accept_p99_ms", millis(accepts_, 0.99)}};
    AddCpuEach(cpu, static_cast<double>(stored), &figures);
    return figures;
  }

 private:
  // What grows: the services' memory, the database, and the tables that should stay small.
  struct Sizes {
    double resident_mib = 0, database_bytes = 0, live_table_bytes = 0;
  };
  Sizes Measure() {
    Sizes sizes;
    for (const char* node : {"intake-1", "availability-1", "matcher-1"}) {
      sizes.resident_mib += stage_.ResidentMiB(node);
    }
    sizes.database_bytes =
        static_cast<double>(stage_.Ask("SELECT pg_database_size(current_database())"));
    sizes.live_table_bytes =
        static_cast<double>(stage_.Ask("SELECT pg_total_relation_size('matcher.live_assignment') + "
                                       "pg_total_relation_size('matcher.agent_load')"));
    return sizes;
  }

  // Who was refused for too much load is not owed anything; all others are.
  int64_t taken() {
    std::lock_guard lock(mutex_);
    return arrived_ - refused_;
  }

  void Arrive(int64_t number, absl::Time due) {  // on the pacer's thread
    intake::v1::CreateTicketRequest request;
    auto& ticket = *request.mutable_ticket();
    ticket.set_pool_id(Stage::kPool);
    ticket.set_queue_id(stage_.QueueId(number));
    ticket.set_customer_id(absl::StrCat("customer-", number));
    ticket.set_subject(absl::StrCat(number));  // it comes with the offer
    {
      std::lock_guard lock(mutex_);
      ++arrived_;
      due_[number] = due;
    }
    Call(loop_, stage_.intake(), &IntakeService::Stub::AsyncCreateTicket, request,
         [this, number, due](const grpc::Status& status, const intake::v1::Ticket&) {
           if (status.error_code() == grpc::StatusCode::RESOURCE_EXHAUSTED) return Refused(number);
           if (!status.ok()) Fail(absl::StrCat("a create: ", status.error_message()));
           if (due >= measure_from_) answers_.Add(absl::Now() - due);
         });
  }

  void Refused(int64_t number) {
    std::lock_guard lock(mutex_);
    ++refused_;
    due_.erase(number);
  }

  void Hear(LinkClient& link, const PlatformFrame& frame) {
    AgentFrame act;
    act.set_agent_id(frame.agent_id());
    if (frame.has_offer()) {
      Offered(frame.offer());
      act.mutable_accept_offer()->set_offer_id(frame.offer().offer_id());
      accepted_at_[frame.offer().offer_id()] = absl::Now();
      link.Send(std::move(act));
    } else if (frame.has_assignment_confirmed()) {
      Confirmed(frame.assignment_confirmed().assignment_id());
      auto& complete = *act.mutable_complete_assignment();
      complete.set_assignment_id(frame.assignment_confirmed().assignment_id());
      complete.set_disposition("solved");
      link.Send(std::move(act));
    } else if (frame.has_assignment_ended()) {
      ++completed_;
    } else if (frame.has_answer() && frame.answer().status().code() != 0) {
      Fail(absl::StrCat("an answer: ", frame.answer().status().message()));
    }
  }

  void Fail(absl::string_view what) {
    if (errors_++ > 0) return;
    const absl::Duration since = absl::Now() - (measure_from_ - kWarmUp);
    first_error_ = absl::StrCat(", the first after ", absl::ToInt64Seconds(since), " s, by ", what);
  }
  std::string Errors() const { return absl::StrCat(errors_, " errors", first_error_); }

  void Offered(const availability::v1::OfferNotice& offer) {
    const absl::Time now = absl::Now();
    int64_t number = -1;
    std::lock_guard lock(mutex_);
    if (!absl::SimpleAtoi(offer.subject(), &number) || due_.count(number) == 0) {
      Fail("an offer of a ticket that was not asked for, or was offered before");
      return;
    }
    const absl::Time due = due_[number];
    due_.erase(number);
    if (due < measure_from_) return;
    offers_.Add(now - due);
    (due < second_half_from_ ? first_half_ : second_half_).Add(now - due);
  }

  // An assignment has the id of its offer.
  void Confirmed(const std::string& assignment_id) {
    const auto accepted = accepted_at_.find(assignment_id);
    if (accepted == accepted_at_.end()) return Fail("an assignment that was not accepted");
    if (accepted->second >= measure_from_) accepts_.Add(absl::Now() - accepted->second);
    accepted_at_.erase(accepted);
  }

  const LatencyOptions options_;
  Stage stage_;
  Loop loop_;
  absl::Time measure_from_, second_half_from_;
  std::mutex mutex_;
  std::unordered_map<int64_t, absl::Time> due_;
  int64_t arrived_ = 0, refused_ = 0;
  Percentiles offers_, first_half_, second_half_, answers_;
  // Of the loop's thread.
  std::unordered_map<std::string, absl::Time> accepted_at_;  // not confirmed yet
  Percentiles accepts_;
  int64_t completed_ = 0, errors_ = 0;
  std::string first_error_;
};

}  // namespace

Figures RunLatency(const LatencyOptions& options) { return Latency(options).Run(); }

}  // namespace muster::bench
