// The matcher over gRPC, between a fake intake and a fake availability: feeds that break, streams
// that end, progress that is not taken. The records are in memory.
#include <algorithm>
#include <future>

#include "absl/time/clock.h"
#include "common/base/errors.h"
#include "services/matcher/storage/fake_store.h"
#include "services/matcher/wire/matcher.h"
#include "tests/integration/matcher/core/fake_peers.h"
#include "tests/support/catch.h"
#include "tests/support/eventually.h"

namespace muster::matcher {

namespace in = intake::v1;
namespace av = availability::v1;

namespace {

constexpr absl::Duration kTolerance = absl::Milliseconds(50);

class WireTester {
 public:
  explicit WireTester(absl::Duration feed_silence = absl::Seconds(20),
                      absl::Duration lease = absl::Seconds(5)) {
    MatcherOptions options;
    options.node_id = "m-1";
    options.directory.interval = absl::Milliseconds(20);
    options.directory.timeout = absl::Milliseconds(500);
    options.feed_silence = feed_silence;
    options.ownership.lease = lease;
    options.ownership.renew_interval = absl::Milliseconds(50);
    options.ownership.settle = absl::Milliseconds(100);
    options.lease_margin = lease / 10;
    options.health_tolerance = kTolerance;
    options.node_poll = absl::Milliseconds(20);
    MatcherParts parts{.intake = intake.Channel(),
                       .availability = availability.Channel(),
                       .store = *store,
                       .metrics = metrics,
                       .clock = SystemClock(),
                       .records = [] { return absl::OkStatus(); },
                       .on_health = [this](const absl::Status& status) { OnHealth(status); }};
    matcher = std::make_shared<Matcher>(options, parts);
    intake.AddPool("bank");
    matcher->Start("127.0.0.1:1");
  }
  ~WireTester() {
    matcher->Stop();
    store.reset();
  }

  // With an agent, and the pool open.
  void Open() {
    availability.Put(availability.NewAgent("ann"));
    REQUIRE(Well());
  }
  bool Well() {
    return AwaitHealth([](const absl::Status& status) { return status.ok(); });
  }
  bool NotWell(const std::string& part) {
    return AwaitHealth([&part](const absl::Status& status) {
      return std::string(status.message()).rfind(part, 0) == 0;
    });
  }
  void QueueTicket(const std::string& id) {
    intake.Put(intake.NewTicket(id));
    REQUIRE(availability.Await([&] { return availability.Offered(id); }));
  }
  std::string LastOffer() {
    std::lock_guard lock(availability.mutex);
    return availability.LastOffer();
  }
  uint64_t Accept(const std::string& agent_id) {
    std::string offer = LastOffer();
    return availability.Send(agent_id, [&](FakeAvailability::Act& act) {
      act.mutable_accept_offer()->set_offer_id(offer);
    });
  }
  av::DeliverRequest::ActAnswer AnswerTo(uint64_t act) {
    REQUIRE(availability.Await([&] { return availability.answers.count(act) > 0; }));
    std::lock_guard lock(availability.mutex);
    return availability.answers[act];
  }
  bool AwaitKnown(const std::string& ticket_id) {
    return Eventually([&] {
      std::promise<bool> known;
      matcher->Inspect("bank", [&](const absl::StatusOr<PoolView>& view) {
        known.set_value(view.ok() && view->engine.Ticket(ticket_id).has_value());
      });
      return known.get_future().get();
    });
  }
  bool AwaitProgress(size_t count) {
    return intake.Await([&] { return intake.progress.size() >= count; });
  }

  std::optional<FakeStore> store{std::in_place};
  FakeIntake intake;
  FakeAvailability availability;
  Metrics registry;
  MatcherMetrics metrics{registry};
  std::shared_ptr<Matcher> matcher;

 private:
  void OnHealth(const absl::Status& status) {
    std::lock_guard lock(mutex_);
    health_ = status;
    ++reports_;
    changed_.notify_all();
  }
  // Of the reports from now on: an older one may tell of before.
  bool AwaitHealth(const std::function<bool(const absl::Status&)>& condition) {
    std::unique_lock lock(mutex_);
    const int seen = reports_;
    return changed_.wait_for(lock, std::chrono::seconds(15),
                             [&] { return reports_ > seen + 1 && condition(health_); });
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  absl::Status health_ = absl::UnknownError("not told yet");
  int reports_ = 0;
};

}  // namespace

TEST_CASE("a ticket comes in, is offered, accepted and completed, and everybody hears of it") {
  WireTester wire;
  wire.Open();
  wire.QueueTicket("t-1");
  av::DeliverRequest::ActAnswer accepted = wire.AnswerTo(wire.Accept("ann"));
  CHECK(accepted.status().code() == 0);
  CHECK(accepted.assignment_confirmed().ticket().ticket_id() == "t-1");
  REQUIRE(wire.AwaitProgress(1));
  CHECK(wire.intake.progress[0].assigned().agent_id() == "ann");
  CHECK(wire.intake.progress[0].assigned().agent_display_name() == "Agent ann");
  uint64_t act = wire.availability.Send("ann", [&](FakeAvailability::Act& a) {
    a.mutable_complete_assignment()->set_assignment_id(
        accepted.assignment_confirmed().assignment_id());
    a.mutable_complete_assignment()->set_disposition("solved");
  });
  CHECK(wire.AnswerTo(act).status().code() == 0);
  REQUIRE(wire.AwaitProgress(2));
  CHECK(wire.intake.progress[1].resolved().disposition() == "solved");
  CHECK(wire.matcher->Pools() == std::vector<std::string>{"bank"});
}

TEST_CASE("a refusal says why, in the words of the API") {
  WireTester wire;
  wire.Open();
  uint64_t act = wire.availability.Send(
      "ann", [](FakeAvailability::Act& a) { a.mutable_accept_offer()->set_offer_id("bank/1/99"); });
  av::DeliverRequest::ActAnswer answer = wire.AnswerTo(act);
  CHECK(answer.status().code() == grpc::StatusCode::NOT_FOUND);
  REQUIRE(answer.status().details_size() > 0);
  CHECK(answer.status().details(0).type_url() == "type.googleapis.com/google.rpc.ErrorInfo");
  act = wire.availability.Send("ann", [](FakeAvailability::Act& a) {
    a.set_pool_id("elsewhere");
    a.mutable_accept_offer()->set_offer_id("elsewhere/1/1");
  });
  CHECK(wire.AnswerTo(act).status().code() == grpc::StatusCode::UNAVAILABLE);
}

TEST_CASE("a feed that breaks is resumed where it was") {
  WireTester wire;
  wire.Open();
  wire.QueueTicket("t-1");
  CHECK(wire.AnswerTo(wire.Accept("ann")).status().code() == 0);
  wire.intake.Cut();
  REQUIRE(wire.intake.Await([&] { return wire.intake.watched_after.size() == 2; }));
  CHECK(wire.intake.watched_after[0] == 0);
  CHECK(wire.intake.watched_after[1] == 2);
  wire.availability.Put(wire.availability.NewAgent("bob"));
  wire.QueueTicket("t-2");
}

TEST_CASE("a revision that is not told any more leads to a new snapshot") {
  WireTester wire;
  wire.Open();
  wire.QueueTicket("t-1");
  std::string offer = wire.LastOffer();
  {
    std::lock_guard lock(wire.intake.mutex);
    wire.intake.oldest_revision = 100;
  }
  in::Ticket left = wire.intake.NewTicket("t-1");
  left.set_state(in::TICKET_STATE_CANCELLED);
  wire.intake.Down();
  wire.intake.Put(left);  // while nobody follows: the snapshot will be without it
  wire.intake.Up();
  REQUIRE(wire.intake.Await([&] {
    return !wire.intake.watched_after.empty() && wire.intake.watched_after.size() >= 3 &&
           wire.intake.watched_after.back() == 0;
  }));
  REQUIRE(wire.availability.Await(
      [&] { return wire.availability.told.back().offer_revoked().offer_id() == offer; }));
}

TEST_CASE("a feed that says nothing is begun anew") {
  WireTester wire(/*feed_silence=*/absl::Milliseconds(200));
  {
    std::lock_guard lock(wire.intake.mutex);
    wire.intake.silent = true;
  }
  wire.intake.Cut();
  REQUIRE(wire.intake.Await([&] { return wire.intake.watched_after.size() >= 3; }));
  {
    std::lock_guard lock(wire.intake.mutex);
    wire.intake.silent = false;
  }
  wire.availability.Put(wire.availability.NewAgent("ann"));
  wire.QueueTicket("t-1");
}

TEST_CASE("without intake matching goes on with what is known, and progress is told later") {
  WireTester wire;
  REQUIRE(wire.Well());
  wire.intake.Put(wire.intake.NewTicket("t-1"));
  REQUIRE(wire.AwaitKnown("t-1"));
  wire.intake.Down();
  CHECK(wire.NotWell("intake"));
  wire.availability.Put(wire.availability.NewAgent("ann"));
  REQUIRE(wire.availability.Await([&] { return wire.availability.Offered("t-1"); }));
  CHECK(wire.AnswerTo(wire.Accept("ann")).status().code() == 0);
  CHECK(wire.intake.progress.empty());
  wire.intake.Up();
  CHECK(wire.AwaitProgress(1));
  CHECK(wire.Well());
}

TEST_CASE("without a delivery stream nothing is offered; on its return offers are made anew") {
  WireTester wire;
  wire.Open();
  wire.QueueTicket("t-1");
  std::string first = wire.LastOffer();
  wire.availability.Down();
  CHECK(wire.NotWell("agents of bank"));
  wire.availability.Up();
  REQUIRE(wire.availability.Await(
      [&] { return wire.availability.streams >= 2 && wire.availability.LastOffer() != first; }));
  CHECK(wire.Well());
  CHECK(wire.AnswerTo(wire.Accept("ann")).status().code() == 0);
}

TEST_CASE("each node of availability hears of its own agents, and its acts are answered there") {
  WireTester wire;
  FakeAvailability second;
  {
    std::lock_guard lock(wire.availability.mutex);
    wire.availability.others["n-2"] = second.address();
  }
  REQUIRE(wire.Well());
  av::Agent bob = wire.availability.NewAgent("bob");
  bob.set_node_id("n-2");
  wire.availability.Put(bob);
  wire.intake.Put(wire.intake.NewTicket("t-1"));
  REQUIRE(second.Await([&] { return second.Offered("t-1"); }));
  std::string offer;
  {
    std::lock_guard lock(second.mutex);
    offer = second.LastOffer();
    CHECK(second.all == std::vector<std::string>{"s-bob"});
  }
  const uint64_t act = second.Send(
      "bob", [&](FakeAvailability::Act& a) { a.mutable_accept_offer()->set_offer_id(offer); });
  REQUIRE(second.Await([&] { return second.answers.count(act) > 0; }));
  {
    std::lock_guard lock(wire.availability.mutex);
    CHECK(wire.availability.told.empty());
  }

  // The node goes: its agents get nothing more, and the matcher is well all the same.
  {
    std::lock_guard lock(wire.availability.mutex);
    wire.availability.others.clear();
  }
  second.Down();
  CHECK(wire.Well());
  wire.intake.Put(wire.intake.NewTicket("t-2"));
  wire.availability.Put(wire.availability.NewAgent("ann"));
  REQUIRE(wire.availability.Await([&] { return wire.availability.Offered("t-2"); }));

  // Bob comes to the other node: all that he has is told there.
  bob.set_node_id("n-1");
  bob.set_session_id("s-2");
  wire.availability.Put(bob);
  REQUIRE(wire.availability.Await([&] {
    return std::count(wire.availability.all.begin(), wire.availability.all.end(), "s-2") == 1;
  }));
  std::lock_guard lock(wire.availability.mutex);
  CHECK(std::any_of(wire.availability.told.begin(), wire.availability.told.end(),
                    [&](const auto& message) {
                      return message.assignment_confirmed().assignment_id() == offer;
                    }));
}

TEST_CASE("an offer that could not be shown goes to another agent") {
  WireTester wire;
  wire.Open();
  wire.QueueTicket("t-1");
  std::string first = wire.LastOffer();
  wire.availability.Put(wire.availability.NewAgent("bob"));
  wire.availability.SendUndelivered("ann", first);
  REQUIRE(wire.availability.Await([&] {
    return wire.availability.told.back().agent_id() == "bob" &&
           wire.availability.told.back().has_offer();
  }));
}

TEST_CASE("progress is repeated until it is taken, in order") {
  WireTester wire;
  wire.Open();
  {
    std::lock_guard lock(wire.intake.mutex);
    wire.intake.refusal = {grpc::StatusCode::UNAVAILABLE, "not now"};
  }
  wire.QueueTicket("t-1");
  av::DeliverRequest::ActAnswer accepted = wire.AnswerTo(wire.Accept("ann"));
  uint64_t act = wire.availability.Send("ann", [&](FakeAvailability::Act& a) {
    a.mutable_complete_assignment()->set_assignment_id(
        accepted.assignment_confirmed().assignment_id());
  });
  CHECK(wire.AnswerTo(act).status().code() == 0);
  REQUIRE(wire.intake.Await([&] { return wire.intake.told.size() >= 3; }));
  {
    std::lock_guard lock(wire.intake.mutex);
    wire.intake.refusal = grpc::Status::OK;
  }
  REQUIRE(wire.AwaitProgress(2));
  std::lock_guard lock(wire.intake.mutex);
  CHECK(wire.intake.progress[0].has_assigned());
  CHECK(wire.intake.progress[1].has_resolved());
  CHECK(wire.intake.progress[0].progress_revision() < wire.intake.progress[1].progress_revision());
}

TEST_CASE("an entry that intake cannot understand does not hold up the others") {
  WireTester wire;
  wire.Open();
  {
    std::lock_guard lock(wire.intake.mutex);
    wire.intake.poison = "t-1";
  }
  wire.QueueTicket("t-1");
  CHECK(wire.AnswerTo(wire.Accept("ann")).status().code() == 0);
  wire.availability.Put(wire.availability.NewAgent("bob"));
  wire.QueueTicket("t-2");
  CHECK(wire.AnswerTo(wire.Accept("bob")).status().code() == 0);
  REQUIRE(wire.AwaitProgress(1));
  CHECK(wire.intake.progress[0].ticket_id() == "t-2");
}

TEST_CASE("a cancel that raced the acceptance is one truth for all") {
  WireTester wire;
  wire.Open();
  wire.QueueTicket("t-1");
  {
    // Intake has it on record; its feed has not said so yet.
    std::lock_guard lock(wire.intake.mutex);
    wire.intake.refusal = {grpc::StatusCode::UNAVAILABLE, "not now"};
  }
  CHECK(wire.AnswerTo(wire.Accept("ann")).status().code() == 0);
  in::Ticket left = wire.intake.NewTicket("t-1");
  left.set_state(in::TICKET_STATE_CANCELLED);
  wire.intake.Put(left);
  {
    std::lock_guard lock(wire.intake.mutex);
    wire.intake.refusal = grpc::Status::OK;
  }
  REQUIRE(wire.availability.Await([&] {
    return wire.availability.told.back().assignment_ended().reason() ==
           av::ASSIGNMENT_END_REASON_CUSTOMER_LEFT;
  }));
}

TEST_CASE("pools come and go, and the delivery stream is told which are served") {
  WireTester wire;
  REQUIRE(wire.Well());
  wire.intake.AddPool("shop");
  REQUIRE(wire.availability.Await([&] {
    return wire.availability.served.back() == std::vector<std::string>{"bank", "shop"};
  }));
  wire.intake.RemovePool("bank");
  REQUIRE(wire.availability.Await(
      [&] { return wire.availability.served.back() == std::vector<std::string>{"shop"}; }));
  std::optional<absl::Status> refused;
  wire.matcher->Requeue({.pool_id = "bank", .ticket_id = "t-1"},
                        [&](const absl::StatusOr<OperationResult>& r) { refused = r.status(); });
  REQUIRE(refused.has_value());
  CHECK(absl::IsUnavailable(*refused));
  CHECK(wire.Well());
}

TEST_CASE("a pool in other hands is left to them, and taken again when it is free") {
  WireTester wire;
  wire.Open();
  wire.QueueTicket("t-1");
  const std::string first = wire.LastOffer();
  const Member other{.member_id = "m-2", .address = "elsewhere:1", .takes = false};
  LeaseStore& leases = wire.store->leases();
  REQUIRE(leases.Join(other, absl::Minutes(1), absl::InfiniteFuture()).ok());
  wire.store->leases().Seize("bank", "m-2");
  CHECK(wire.AnswerTo(wire.Accept("ann")).status().code() == grpc::StatusCode::UNAVAILABLE);
  REQUIRE(wire.availability.Await([&] { return wire.availability.served.back().empty(); }));
  REQUIRE(Eventually([&] { return wire.matcher->AddressOf("bank") == "elsewhere:1"; }));
  CHECK(wire.Well());
  // Nothing was served meanwhile; then the other one goes.
  REQUIRE(leases.Leave("m-2", absl::InfiniteFuture()).ok());
  REQUIRE(wire.availability.Await(
      [&] { return wire.availability.served.back() == std::vector<std::string>{"bank"}; }));
  REQUIRE(wire.availability.Await([&] { return wire.availability.LastOffer() != first; }));
  CHECK(wire.AnswerTo(wire.Accept("ann")).status().code() == 0);
}

TEST_CASE("without a lease nothing is offered; what nobody has taken meanwhile goes on") {
  WireTester wire(absl::Seconds(20), /*lease=*/absl::Milliseconds(600));
  wire.Open();
  wire.QueueTicket("t-1");
  const std::string first = wire.LastOffer();
  wire.store->leases().FailWith(Unavailable("DATABASE_UNAVAILABLE", "no database"));
  // Revoked before the lease on record ends.
  REQUIRE(wire.availability.Await(
      [&] { return wire.availability.told.back().offer_revoked().offer_id() == first; }));
  CHECK(wire.NotWell("lease"));
  wire.store->leases().FailWith(absl::OkStatus());
  REQUIRE(wire.availability.Await([&] {
    return wire.availability.LastOffer() != first && wire.availability.LastOffer() != "";
  }));
  // The same hold: an offer's id names its epoch.
  CHECK(wire.LastOffer().rfind("bank/1/", 0) == 0);
  CHECK(wire.AnswerTo(wire.Accept("ann")).status().code() == 0);
}

TEST_CASE("another matcher that joins gets its share, handed over with nothing left to tell") {
  WireTester wire;
  wire.Open();
  wire.intake.AddPool("shop");
  REQUIRE(wire.availability.Await([&] { return wire.availability.served.back().size() == 2; }));
  LeaseStore& leases = wire.store->leases();
  const Member other{.member_id = "m-2", .address = "elsewhere:1"};
  REQUIRE(leases.Join(other, absl::Minutes(1), absl::InfiniteFuture()).ok());
  REQUIRE(wire.availability.Await([&] { return wire.availability.served.back().size() == 1; }));
  CHECK(wire.Well());
  REQUIRE(Eventually([&] {
    auto taken = leases.Take("m-2", {"shop"}, absl::InfiniteFuture());
    return taken.ok() && taken->size() == 1;
  }));
  REQUIRE(Eventually([&] { return wire.matcher->AddressOf("shop") == "elsewhere:1"; }));
  std::optional<absl::Status> refused;
  wire.matcher->Requeue({.pool_id = "shop", .ticket_id = "t-1"},
                        [&](const absl::StatusOr<OperationResult>& r) { refused = r.status(); });
  CHECK(ErrorReason(*refused) == "POOL_NOT_SERVED");
  CHECK(ErrorMetadataOf(*refused)["address"] == "elsewhere:1");
}

TEST_CASE("what waits for one write goes out in one batch, within the contract's limit") {
  constexpr int kAgents = 1'500;
  WireTester wire;
  REQUIRE(wire.Well());
  for (int i = 0; i < kAgents; ++i) {
    wire.intake.Put(wire.intake.NewTicket("t-" + std::to_string(i)));
  }
  // The first word is being written while all others come up.
  wire.availability.Cut();
  for (int i = 0; i < kAgents; ++i) {
    wire.availability.Put(wire.availability.NewAgent("a-" + std::to_string(i)));
  }
  REQUIRE(wire.availability.Await([&] {
    std::set<std::string> offered;
    for (const auto& message : wire.availability.told) {
      if (message.has_offer()) offered.insert(message.offer().ticket_id());
    }
    return offered.size() == kAgents;
  }));
  std::lock_guard lock(wire.availability.mutex);
  CHECK(wire.availability.largest_batch <= 1'000);
}

TEST_CASE("who leaves makes no offers, and tells what has happened before it goes") {
  WireTester wire;
  wire.Open();
  {
    std::lock_guard lock(wire.intake.mutex);
    wire.intake.refusal = {grpc::StatusCode::UNAVAILABLE, "not now"};
  }
  wire.QueueTicket("t-1");
  CHECK(wire.AnswerTo(wire.Accept("ann")).status().code() == 0);
  SECTION("intake listens in time") {
    {
      std::lock_guard lock(wire.intake.mutex);
      wire.intake.refusal = grpc::Status::OK;
    }
    wire.matcher->Drain(absl::Seconds(10));
    std::lock_guard lock(wire.intake.mutex);
    CHECK(wire.intake.progress.size() == 1);
  }
  SECTION("intake does not: it leaves all the same") {
    absl::Time start = absl::Now();
    wire.matcher->Drain(absl::Milliseconds(200));
    CHECK(absl::Now() - start < absl::Seconds(10));
    CHECK(wire.intake.progress.empty());
  }
}

}  // namespace muster::matcher
