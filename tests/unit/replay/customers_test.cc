#include "services/cli/replay/customers.h"

#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "common/base/errors.h"
#include "common/rpc/proto_time.h"
#include "tests/support/catch.h"

namespace muster::replay {
namespace {

absl::Duration Ms(int64_t ms) { return absl::Milliseconds(ms); }

// Keeps what customers ask for, and answers when the test says so.
class FakeDesk : public Desk {
 public:
  void Create(const intake::v1::CreateTicketRequest& request, Answer answer) override {
    creates.emplace_back(request, std::move(answer));
  }
  void Cancel(const intake::v1::CancelTicketRequest& request, Answer answer) override {
    cancels.emplace_back(request, std::move(answer));
  }
  void AnswerCreate(size_t i) {
    intake::v1::Ticket ticket = creates[i].first.ticket();
    ticket.set_ticket_id("t" + std::to_string(i));
    *ticket.mutable_create_time() = ToProtoTime(absl::FromUnixSeconds(7));
    creates[i].second(absl::OkStatus(), ticket);
  }
  void AnswerCancel(size_t i, const absl::Status& status) {
    intake::v1::Ticket ticket;
    *ticket.mutable_end_time() = ToProtoTime(absl::FromUnixSeconds(9));
    cancels[i].second(status, ticket);
  }

  std::vector<std::pair<intake::v1::CreateTicketRequest, Answer>> creates;
  std::vector<std::pair<intake::v1::CancelTicketRequest, Answer>> cancels;
};

struct Fixture {
  Timers timers;
  FakeDesk desk;
  OfferWatch watch;
  Troubles troubles;
  Trace trace;
  Customers customers;

  explicit Fixture(std::optional<double> patience_s)
      : trace(TraceOf(patience_s)),
        customers(timers, desk, watch, troubles, trace, Pace(0, 100), {"p", Ms(900), Ms(10)},
                  [](const std::string&) { return std::vector<const OfferWatch::Skills*>(); }) {}

  static Trace TraceOf(std::optional<double> patience_s) {
    TraceTicket ticket;
    ticket.queue = "q";
    ticket.customer = "c";
    ticket.subject = "s";
    ticket.priority = 2;
    ticket.patience_s = patience_s;
    return {ticket};
  }
};

TEST_CASE("A customer sends its ticket, and leaves when its patience ends") {
  Fixture f(5);  // 50 ms
  f.customers.Arrive(0, Ms(0));
  REQUIRE(f.desk.creates.size() == 1);
  const auto& request = f.desk.creates[0].first;
  CHECK(request.ticket().pool_id() == "p");
  CHECK(request.ticket().queue_id() == "q");
  CHECK(request.ticket().customer_id() == "c");
  CHECK(request.ticket().subject() == "s");
  CHECK(request.ticket().attributes().at(kPlaceAttribute) == "0");
  CHECK(FromProtoDuration(request.ticket().priority_ahead()) == Ms(1800));
  CHECK_FALSE(request.request_id().empty());
  CHECK_FALSE(f.customers.Settled());
  f.desk.AnswerCreate(0);
  CHECK(f.customers.waiting() == 1);
  f.timers.Advance(Ms(49));
  CHECK(f.desk.cancels.empty());
  f.timers.Advance(Ms(50));
  REQUIRE(f.desk.cancels.size() == 1);
  CHECK(f.desk.cancels[0].first.ticket_id() == "t0");
  CHECK_FALSE(f.customers.Settled());
  f.desk.AnswerCancel(0, absl::OkStatus());
  CHECK(f.customers.Settled());
  CHECK(f.customers.waiting() == 0);
  const ToldTicket told = f.customers.Told().at(0);
  CHECK(told.id == "t0");
  CHECK(told.created == absl::FromUnixSeconds(7));
  CHECK(told.cancel == ToldTicket::Cancel::kDone);
  CHECK(told.cancelled == absl::FromUnixSeconds(9));
  CHECK(f.troubles.count() == 0);
}

TEST_CASE("A customer who is being served does not leave") {
  Fixture f(5);
  f.customers.Arrive(0, Ms(0));
  f.desk.AnswerCreate(0);
  f.customers.TakenUp(0);
  CHECK(f.customers.Settled());
  f.timers.Advance(Ms(100));
  CHECK(f.desk.cancels.empty());
  CHECK(f.customers.waiting() == 0);
}

TEST_CASE("An agent may have the ticket before its customer hears of its creation") {
  Fixture f(0);
  f.customers.Arrive(0, Ms(0));
  f.customers.TakenUp(0);
  f.timers.Advance(Ms(100));
  f.desk.AnswerCreate(0);
  CHECK(f.desk.cancels.empty());
  CHECK(f.customers.Settled());
  CHECK(f.customers.Told().size() == 1);
}

TEST_CASE("Patience has a floor in real time, and counts from when the customer was to come") {
  Fixture f(0);
  f.timers.Advance(Ms(103));
  f.customers.Arrive(0, Ms(100));
  f.desk.AnswerCreate(0);
  f.timers.Advance(Ms(109));
  CHECK(f.desk.cancels.empty());
  f.timers.Advance(Ms(110));
  CHECK(f.desk.cancels.size() == 1);
}

TEST_CASE("Patience that ends before the ticket is acknowledged waits for the answer") {
  Fixture f(1);
  f.customers.Arrive(0, Ms(0));
  f.timers.Advance(Ms(50));
  CHECK(f.desk.cancels.empty());
  f.desk.AnswerCreate(0);
  CHECK(f.desk.cancels.size() == 1);
}

TEST_CASE("A cancellation that comes too late is a refusal, another error is trouble") {
  Fixture late(1);
  late.customers.Arrive(0, Ms(0));
  late.desk.AnswerCreate(0);
  late.timers.Advance(Ms(50));
  late.desk.AnswerCancel(0, FailedPrecondition("TICKET_ASSIGNED", "too late"));
  CHECK(late.customers.Told().at(0).cancel == ToldTicket::Cancel::kRefused);
  CHECK(late.customers.Settled());
  CHECK(late.troubles.count() == 0);

  Fixture wrong(1);
  wrong.customers.Arrive(0, Ms(0));
  wrong.desk.AnswerCreate(0);
  wrong.timers.Advance(Ms(50));
  wrong.desk.AnswerCancel(0, NotFound("ticket", "t0"));
  CHECK(wrong.troubles.count() == 1);
  CHECK(wrong.customers.Settled());
}

TEST_CASE("A ticket that is refused for good was never told of") {
  Fixture f(5);
  f.customers.Arrive(0, Ms(0));
  f.desk.creates[0].second(InvalidField("ticket.subject", "too long"), {});
  CHECK(f.customers.Told().empty());
  CHECK(f.troubles.count() == 1);
  CHECK(f.customers.Settled());
  f.timers.Advance(Ms(100));
  CHECK(f.desk.cancels.empty());
}

TEST_CASE("Customers without patience do not hold up the end") {
  Fixture f(std::nullopt);
  f.customers.Arrive(0, Ms(0));
  CHECK_FALSE(f.customers.Settled());
  f.desk.AnswerCreate(0);
  CHECK(f.customers.Settled());
  CHECK(f.customers.waiting() == 1);
}

}  // namespace
}  // namespace muster::replay
