#include <functional>

#include "common/base/errors.h"
#include "google/protobuf/util/json_util.h"
#include "services/intake/convert/answer.h"
#include "services/intake/convert/from_proto.h"
#include "services/intake/convert/rules.h"
#include "services/intake/convert/to_proto.h"
#include "tests/support/catch.h"

namespace muster::intake {
namespace {

const absl::Time kNow = absl::FromUnixMicros(1'700'000'000'123'456);

Ticket FullTicket() {
  Ticket ticket;
  ticket.ticket_id = "t-1";
  ticket.pool_id = "p";
  ticket.queue_id = "q";
  ticket.customer_id = "c";
  ticket.channel = Channel::kVideo;
  ticket.language = "sv";
  ticket.extra_skills = {{"a", 2}, {"b", 5}};
  ticket.priority_ahead = absl::Milliseconds(1'001);
  ticket.subject = "subject";
  ticket.text = "text";
  ticket.preferred_agent_id = "ann";
  ticket.attributes = {{"k", "v"}};
  ticket.origin = Origin{"bot", "why", {{"bot", "hi", kNow}, {"customer", "no", std::nullopt}}};
  ticket.state = TicketState::kResolved;
  ticket.create_time = kNow;
  ticket.expire_time = kNow + absl::Hours(1);
  ticket.assign_time = kNow + absl::Microseconds(1);
  ticket.end_time = kNow + absl::Seconds(9);
  ticket.agent_id = "bo";
  ticket.agent_display_name = "Bo";
  ticket.assignment_id = "p/1/2";
  ticket.end_reason = "solved";
  ticket.requeue_count = 3;
  ticket.hold_time = kNow + absl::Seconds(4);
  ticket.refusal_count = 12;
  ticket.interrupted = true;
  ticket.revision = 77;
  ticket.progress_revision = int64_t{5} << 40;
  ticket.request_id = "r";
  return ticket;
}

TEST_CASE("what is stored comes back the same", "[convert]") {
  CHECK(ParseTicket(SerializeTicket(FullTicket())).value() == FullTicket());
  CHECK(ParseTicket(SerializeTicket(Ticket{.create_time = kNow, .expire_time = kNow})).value() ==
        Ticket{.create_time = kNow, .expire_time = kNow});
  CHECK(ErrorReason(ParseTicket("no ticket").status()) == "BAD_STORED_DATA");
  const std::vector<RequiredSkill> skills = {{"a.b", 1}, {"c-d", 5}};
  CHECK(ParseSkills(SerializeSkills(skills)) == skills);
  CHECK(ParseSkills(SerializeSkills({})).empty());
}

TEST_CASE("a client sets what is its own, and no more", "[convert]") {
  v1::Ticket proto;
  ToProto(FullTicket(), &proto);
  Ticket wanted = WantedTicket(proto, "ticket").value();
  CHECK(wanted.subject == "subject");
  CHECK(wanted.origin == FullTicket().origin);
  CHECK(wanted.ticket_id.empty());
  CHECK(wanted.state == TicketState::kQueued);
  CHECK(wanted.agent_id.empty());
  CHECK(wanted.revision == 0);
  CHECK(wanted.requeue_count == 0);
  CHECK_FALSE(wanted.end_time.has_value());
}

TEST_CASE("what a client leaves out has its default", "[convert]") {
  v1::Queue proto;
  proto.add_required_skills()->set_skill("a");
  Queue queue = WantedQueue(proto, "queue").value();
  CHECK(queue.weight == 1);
  CHECK(queue.priority_ahead == absl::ZeroDuration());
  CHECK(queue.target_wait == absl::Seconds(20));
  CHECK(queue.offer_timeout == absl::Seconds(20));
  CHECK(queue.time_to_live == absl::Hours(24));
  CHECK(queue.after_work_time == absl::ZeroDuration());
  CHECK(queue.most_waiting == 100'000);
  CHECK(queue.required_skills == std::vector<RequiredSkill>{{"a", 1}});
  CHECK(WantedTicket({}, "ticket").value().channel == Channel::kChat);

  // Said to be zero is not left out: the domain refuses it.
  proto.mutable_target_wait();
  CHECK(WantedQueue(proto, "queue").value().target_wait == absl::ZeroDuration());
}

TEST_CASE("rules come back the same, and absent ones are the defaults", "[convert]") {
  PoolRules pool{
      absl::Minutes(1), absl::ZeroDuration(), absl::Seconds(7), false, absl::Milliseconds(9), 2, 0,
      Phase::kPaused};
  QueueRules queue;
  queue.preferred_skills = {{"gold", 3}};
  queue.relax_steps = {{absl::Seconds(30), {{"a", 1}, {"b", 0}}, false},
                       {absl::Seconds(90), {}, true}};
  queue.target_boost = absl::ZeroDuration();
  queue.missing_level_price = absl::Seconds(1);
  queue.missing_language_price = absl::Seconds(2);
  queue.known_agent_bonus = absl::Seconds(3);
  queue.capacity_claim_after = absl::Seconds(4);
  queue.offers_at_once = 5;
  queue.most_refusals = 6;
  queue.decline_price = absl::Seconds(7);
  queue.expiry_price = absl::Seconds(8);
  queue.acknowledge_timeout = absl::Seconds(9);
  queue.phase = Phase::kDraining;
  CHECK(ParsePoolRules(SerializeRules(pool)).value() == pool);
  CHECK(ParseQueueRules(SerializeRules(queue)).value() == queue);
  CHECK(ParsePoolRules("").value() == PoolRules());
  CHECK(ParseQueueRules("").value() == QueueRules());
  CHECK(ErrorReason(ParseQueueRules("no rules").status()) == "BAD_STORED_DATA");

  // As JSON, too, which is what files and people have.
  v1::Queue proto, again;
  WriteRules(queue, &proto);
  std::string json;
  REQUIRE(google::protobuf::util::MessageToJsonString(proto, &json).ok());
  REQUIRE(google::protobuf::util::JsonStringToMessage(json, &again).ok());
  QueueRules read;
  REQUIRE(ReadRules(again, "queue", &read).ok());
  CHECK(read == queue);
  CHECK(WantedPool({}, "pool").value().rules == PoolRules());
  CHECK(WantedQueue({}, "queue").value().rules == QueueRules());
}

TEST_CASE("rules without a value in the domain are refused by name", "[convert]") {
  v1::Queue queue;
  queue.add_relax_steps();
  queue.add_relax_steps()->mutable_after()->set_nanos(1'000'000'000);
  CHECK(ErrorField(WantedQueue(queue, "q").status()) == "q.relax_steps[1].after");
  queue = v1::Queue();
  queue.mutable_decline_price()->set_nanos(-1'000'000'000);
  CHECK(ErrorField(WantedQueue(queue, "q").status()) == "q.decline_price");
  queue = v1::Queue();
  queue.set_phase(static_cast<v1::Phase>(9));
  CHECK(ErrorField(WantedQueue(queue, "q").status()) == "q.phase");
  v1::Pool pool;
  pool.mutable_idle_bound()->set_seconds(INT64_MAX);
  CHECK(ErrorField(WantedPool(pool, "pool").status()) == "pool.idle_bound");
}

TEST_CASE("what has no value in the domain is refused by name", "[convert]") {
  struct Case {
    const char* field;
    std::function<void(v1::Ticket&)> change;
  };
  const std::vector<Case> cases = {
      {"ticket.channel", [](auto& t) { t.set_channel(static_cast<v1::Channel>(99)); }},
      {"ticket.priority_ahead", [](auto& t) { t.mutable_priority_ahead()->set_nanos(1 << 30); }},
      {"ticket.priority_ahead",
       [](auto& t) {
         t.mutable_priority_ahead()->set_seconds(1);
         t.mutable_priority_ahead()->set_nanos(-1);
       }},
      {"ticket.priority_ahead",
       [](auto& t) { t.mutable_priority_ahead()->set_seconds(INT64_MAX); }},
      {"ticket.origin.transcript[0].time",
       [](auto& t) {
         t.mutable_origin()->add_transcript()->mutable_time()->set_seconds(INT64_MIN);
       }},
      {"ticket.origin.transcript[0].time",
       [](auto& t) { t.mutable_origin()->add_transcript()->mutable_time()->set_nanos(-1); }},
  };
  for (const Case& one : cases) {
    v1::Ticket proto;
    one.change(proto);
    absl::Status status = WantedTicket(proto, "ticket").status();
    INFO(status);
    CHECK(status.code() == absl::StatusCode::kInvalidArgument);
    CHECK(ErrorField(status) == one.field);
  }
  v1::Queue queue;
  queue.mutable_offer_timeout()->set_nanos(1'000'000'000);
  CHECK(ErrorField(WantedQueue(queue, "queues[1]").status()) == "queues[1].offer_timeout");
  CHECK_FALSE(WantedState(0, "states[0]").ok());
  CHECK_FALSE(WantedState(7, "states[0]").ok());
  CHECK(WantedState(6, "states[0]").value() == TicketState::kHeld);
}

TEST_CASE("progress as the matcher tells it", "[convert]") {
  v1::ProgressEntry proto;
  proto.set_ticket_id("t-1");
  proto.set_progress_revision(9);
  CHECK_FALSE(WantedProgress(proto, kNow, "e").value().event.has_value());
  CHECK(WantedProgress(proto, kNow, "e").value().time == kNow);
  proto.mutable_time()->set_seconds(5);
  proto.mutable_assigned()->set_agent_id("ann");
  proto.mutable_assigned()->set_assignment_id("p/1/1");
  proto.mutable_assigned()->set_agent_display_name("Ann");
  ProgressEntry entry = WantedProgress(proto, kNow, "e").value();
  CHECK(entry.time == absl::FromUnixSeconds(5));
  CHECK(entry.event == TicketEvent::kAssigned);
  CHECK(entry.agent_id == "ann");
  CHECK(entry.assignment_id == "p/1/1");
  CHECK(entry.agent_display_name == "Ann");
  proto.mutable_requeued()->set_queue_id("r");
  proto.mutable_requeued()->set_preferred_agent_id("bo");
  proto.mutable_requeued()->set_reason("why");
  entry = WantedProgress(proto, kNow, "e").value();
  CHECK(entry.event == TicketEvent::kRequeued);
  CHECK(entry.queue_id == "r");
  CHECK(entry.preferred_agent_id == "bo");
  CHECK(entry.reason == "why");
  proto.mutable_resolved()->set_disposition("solved");
  entry = WantedProgress(proto, kNow, "e").value();
  CHECK(entry.event == TicketEvent::kResolved);
  CHECK(entry.reason == "solved");
  proto.mutable_expired();
  CHECK(WantedProgress(proto, kNow, "e").value().event == TicketEvent::kExpired);
  proto.mutable_held()->set_reason("odd");
  CHECK(WantedProgress(proto, kNow, "e").value().event == TicketEvent::kHeld);
  proto.mutable_time()->set_nanos(-1);
  CHECK(ErrorField(WantedProgress(proto, kNow, "e").status()) == "e.time");
}

}  // namespace
}  // namespace muster::intake
