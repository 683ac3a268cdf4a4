// Every bound of the contract, as data: a value just inside it, and one just outside.
#include "services/intake/domain/validate.h"

#include <functional>

#include "common/base/errors.h"
#include "tests/support/catch.h"

namespace muster::intake {
namespace {

std::string Text(int length) { return std::string(length, 'x'); }
std::string Umlauts(int length) {
  std::string text;
  for (int i = 0; i < length; ++i) text += "ä";
  return text;
}

Pool GoodPool() { return {.pool_id = "p"}; }
Queue GoodQueue() { return {.pool_id = "p", .queue_id = "q"}; }
Ticket GoodTicket() {
  Ticket ticket;
  ticket.pool_id = "p";
  ticket.queue_id = "q";
  ticket.customer_id = "c";
  return ticket;
}

// `field` is where the fault must be found; empty: there is none.
template <class T>
struct Case {
  const char* name;
  std::function<void(T&)> change;
  std::string field;
};

template <class T>
void Check(const T& good, const std::string& path, const std::vector<Case<T>>& cases) {
  REQUIRE(Validate(good, path).ok());
  for (const Case<T>& one : cases) {
    INFO(one.name);
    T value = good;
    one.change(value);
    absl::Status status = Validate(value, path);
    INFO(status);
    if (one.field.empty()) {
      CHECK(status.ok());
    } else {
      CHECK(status.code() == absl::StatusCode::kInvalidArgument);
      CHECK(ErrorField(status) == one.field);
    }
  }
}

std::vector<RequiredSkill> Skills(int count) {
  std::vector<RequiredSkill> skills;
  for (int i = 0; i < count; ++i) skills.push_back({"s" + std::to_string(i), 1});
  return skills;
}

TEST_CASE("bounds of a pool", "[validate]") {
  Check<Pool>(
      GoodPool(), "pool",
      {{"no id", [](Pool& p) { p.pool_id.clear(); }, "pool.pool_id"},
       {"one letter", [](Pool& p) { p.pool_id = "a"; }, ""},
       {"64 characters", [](Pool& p) { p.pool_id = Text(64); }, ""},
       {"65 characters", [](Pool& p) { p.pool_id = Text(65); }, "pool.pool_id"},
       {"inner punctuation", [](Pool& p) { p.pool_id = "a.b_c-9"; }, ""},
       {"capitals", [](Pool& p) { p.pool_id = "Bank"; }, "pool.pool_id"},
       {"a dash first", [](Pool& p) { p.pool_id = "-a"; }, "pool.pool_id"},
       {"a dot last", [](Pool& p) { p.pool_id = "a."; }, "pool.pool_id"},
       {"a slash", [](Pool& p) { p.pool_id = "a/b"; }, "pool.pool_id"},
       {"128 characters", [](Pool& p) { p.display_name = Umlauts(128); }, ""},
       {"129 characters", [](Pool& p) { p.display_name = Umlauts(129); }, "pool.display_name"},
       {"a control", [](Pool& p) { p.display_name = "a\nb"; }, "pool.display_name"}});
}

TEST_CASE("bounds of a queue", "[validate]") {
  const auto ms = [](int64_t n) { return absl::Milliseconds(n); };
  const absl::Duration day = absl::Hours(24);
  Check<Queue>(
      GoodQueue(), "queues[3]",
      {{"no pool", [](Queue& q) { q.pool_id.clear(); }, "queues[3].pool_id"},
       {"bad id", [](Queue& q) { q.queue_id = "Q"; }, "queues[3].queue_id"},
       {"long name", [](Queue& q) { q.display_name = Text(129); }, "queues[3].display_name"},
       {"16 skills", [](Queue& q) { q.required_skills = Skills(16); }, ""},
       {"17 skills", [](Queue& q) { q.required_skills = Skills(17); }, "queues[3].required_skills"},
       {"a skill twice",
        [](Queue& q) {
          q.required_skills = {{"a", 1}, {"a", 2}};
        },
        "queues[3].required_skills[1].skill"},
       {"a bad skill",
        [](Queue& q) {
          q.required_skills = {{"a b", 1}};
        },
        "queues[3].required_skills[0].skill"},
       {"level 5",
        [](Queue& q) {
          q.required_skills = {{"a", 5}};
        },
        ""},
       {"level 6",
        [](Queue& q) {
          q.required_skills = {{"a", 6}};
        },
        "queues[3].required_skills[0].level"},
       {"level -1",
        [](Queue& q) {
          q.required_skills = {{"a", -1}};
        },
        "queues[3].required_skills[0].level"},
       {"weight 100", [](Queue& q) { q.weight = 100; }, ""},
       {"weight 101", [](Queue& q) { q.weight = 101; }, "queues[3].weight"},
       {"weight -1", [](Queue& q) { q.weight = -1; }, "queues[3].weight"},
       {"priority 24 h", [=](Queue& q) { q.priority_ahead = day; }, ""},
       {"priority more", [=](Queue& q) { q.priority_ahead = day + ms(1); },
        "queues[3].priority_ahead"},
       {"priority less", [=](Queue& q) { q.priority_ahead = -ms(1); }, "queues[3].priority_ahead"},
       {"half a millisecond", [](Queue& q) { q.priority_ahead = absl::Microseconds(500); },
        "queues[3].priority_ahead"},
       {"target 1 ms", [=](Queue& q) { q.target_wait = ms(1); }, ""},
       {"target 0", [=](Queue& q) { q.target_wait = ms(0); }, "queues[3].target_wait"},
       {"target 24 h", [=](Queue& q) { q.target_wait = day; }, ""},
       {"target more", [=](Queue& q) { q.target_wait = day + ms(1); }, "queues[3].target_wait"},
       {"timeout 10 ms", [=](Queue& q) { q.offer_timeout = ms(10); }, ""},
       {"timeout 9 ms", [=](Queue& q) { q.offer_timeout = ms(9); }, "queues[3].offer_timeout"},
       {"timeout 10 min", [](Queue& q) { q.offer_timeout = absl::Minutes(10); }, ""},
       {"timeout more", [=](Queue& q) { q.offer_timeout = absl::Minutes(10) + ms(1); },
        "queues[3].offer_timeout"},
       {"life 10 ms", [=](Queue& q) { q.time_to_live = ms(10); }, ""},
       {"life 9 ms", [=](Queue& q) { q.time_to_live = ms(9); }, "queues[3].time_to_live"},
       {"life 30 days", [=](Queue& q) { q.time_to_live = 30 * day; }, ""},
       {"life more", [=](Queue& q) { q.time_to_live = 30 * day + ms(1); },
        "queues[3].time_to_live"},
       {"after-work 1 h", [](Queue& q) { q.after_work_time = absl::Hours(1); }, ""},
       {"after-work more", [=](Queue& q) { q.after_work_time = absl::Hours(1) + ms(1); },
        "queues[3].after_work_time"},
       {"after-work less", [=](Queue& q) { q.after_work_time = -ms(1); },
        "queues[3].after_work_time"},
       {"one waiting", [](Queue& q) { q.most_waiting = 1; }, ""},
       {"-1 waiting", [](Queue& q) { q.most_waiting = -1; }, "queues[3].most_waiting"},
       {"a million waiting", [](Queue& q) { q.most_waiting = 1'000'000; }, ""},
       {"more waiting", [](Queue& q) { q.most_waiting = 1'000'001; }, "queues[3].most_waiting"}});
}

TEST_CASE("bounds of a pool's rules", "[validate]") {
  const auto ms = [](int64_t n) { return absl::Milliseconds(n); };
  const absl::Duration hour = absl::Hours(1);
  std::vector<Case<Pool>> cases = {
      {"window 0", [=](Pool& p) { p.rules.fair_window = ms(0); }, ""},
      {"window 24 h", [=](Pool& p) { p.rules.fair_window = 24 * hour; }, ""},
      {"window more", [=](Pool& p) { p.rules.fair_window = 24 * hour + ms(1); },
       "pool.fair_window"},
      {"window less", [=](Pool& p) { p.rules.fair_window = -ms(1); }, "pool.fair_window"},
      {"offers 0", [](Pool& p) { p.rules.most_offers_per_agent = 0; }, ""},
      {"offers 100", [](Pool& p) { p.rules.most_offers_per_agent = 100; }, ""},
      {"offers 101", [](Pool& p) { p.rules.most_offers_per_agent = 101; },
       "pool.most_offers_per_agent"},
      {"offers -1", [](Pool& p) { p.rules.most_offers_per_agent = -1; },
       "pool.most_offers_per_agent"},
      {"ignored 0", [](Pool& p) { p.rules.ignored_offers_to_pause = 0; }, ""},
      {"ignored 100", [](Pool& p) { p.rules.ignored_offers_to_pause = 100; }, ""},
      {"ignored 101", [](Pool& p) { p.rules.ignored_offers_to_pause = 101; },
       "pool.ignored_offers_to_pause"},
      {"ignored -1", [](Pool& p) { p.rules.ignored_offers_to_pause = -1; },
       "pool.ignored_offers_to_pause"}};
  const std::vector<std::pair<absl::Duration PoolRules::*, const char*>> prices = {
      {&PoolRules::idle_bound, "pool.idle_bound"},
      {&PoolRules::loaded_price, "pool.loaded_price"},
      {&PoolRules::scarcity_bound, "pool.scarcity_bound"}};
  for (const auto& [price, field] : prices) {
    cases.push_back({field, [=, p = price](Pool& pool) { pool.rules.*p = ms(0); }, ""});
    cases.push_back({field, [=, p = price](Pool& pool) { pool.rules.*p = hour; }, ""});
    cases.push_back({field, [=, p = price](Pool& pool) { pool.rules.*p = hour + ms(1); }, field});
    cases.push_back({field, [=, p = price](Pool& pool) { pool.rules.*p = -ms(1); }, field});
  }
  Check<Pool>(GoodPool(), "pool", cases);
}

TEST_CASE("bounds of a queue's rules", "[validate]") {
  const auto ms = [](int64_t n) { return absl::Milliseconds(n); };
  const absl::Duration hour = absl::Hours(1);
  const auto steps = [](int count) {
    std::vector<RelaxStep> steps;
    for (int i = 1; i <= count; ++i) steps.push_back({.after = absl::Seconds(i)});
    return steps;
  };
  std::vector<Case<Queue>> cases = {
      {"wanted", [](Queue& q) { q.rules.preferred_skills = Skills(16); }, ""},
      {"wanted 17", [](Queue& q) { q.rules.preferred_skills = Skills(17); }, "q.preferred_skills"},
      {"wanted level 0",
       [](Queue& q) {
         q.rules.preferred_skills = {{"a", 0}};
       },
       "q.preferred_skills[0].level"},
      {"16 steps", [=](Queue& q) { q.rules.relax_steps = steps(16); }, ""},
      {"17 steps", [=](Queue& q) { q.rules.relax_steps = steps(17); }, "q.relax_steps"},
      {"at once", [=](Queue& q) { q.rules.relax_steps = {{.after = ms(0)}}; },
       "q.relax_steps[0].after"},
      {"after a day", [=](Queue& q) { q.rules.relax_steps = {{.after = 24 * hour}}; }, ""},
      {"later", [=](Queue& q) { q.rules.relax_steps = {{.after = 24 * hour + ms(1)}}; },
       "q.relax_steps[0].after"},
      {"out of order",
       [=](Queue& q) {
         q.rules.relax_steps = {{.after = ms(2)}, {.after = ms(2)}};
       },
       "q.relax_steps[1].after"},
      {"not needed",
       [=](Queue& q) {
         q.rules.relax_steps = {{ms(1), {{"a", 0}}}};
       },
       ""},
      {"level 6",
       [=](Queue& q) {
         q.rules.relax_steps = {{ms(1), {{"a", 6}}}};
       },
       "q.relax_steps[0].skills[0].level"},
      {"no skill",
       [=](Queue& q) {
         q.rules.relax_steps = {{ms(1), {{"", 1}}}};
       },
       "q.relax_steps[0].skills[0].skill"},
      {"a skill twice",
       [=](Queue& q) {
         q.rules.relax_steps = {{ms(1), {{"a", 1}, {"a", 0}}}};
       },
       "q.relax_steps[0].skills[1].skill"},
      {"claim 24 h", [=](Queue& q) { q.rules.capacity_claim_after = 24 * hour; }, ""},
      {"claim later", [=](Queue& q) { q.rules.capacity_claim_after = 24 * hour + ms(1); },
       "q.capacity_claim_after"},
      {"5 at once", [](Queue& q) { q.rules.offers_at_once = 5; }, ""},
      {"6 at once", [](Queue& q) { q.rules.offers_at_once = 6; }, "q.offers_at_once"},
      {"-1 at once", [](Queue& q) { q.rules.offers_at_once = -1; }, "q.offers_at_once"},
      {"never set aside", [](Queue& q) { q.rules.most_refusals = 0; }, ""},
      {"1000 refusals", [](Queue& q) { q.rules.most_refusals = 1'000; }, ""},
      {"1001 refusals", [](Queue& q) { q.rules.most_refusals = 1'001; }, "q.most_refusals"},
      {"-1 refusals", [](Queue& q) { q.rules.most_refusals = -1; }, "q.most_refusals"},
      {"receipt 0", [=](Queue& q) { q.rules.acknowledge_timeout = ms(0); }, ""},
      {"receipt 10 ms", [=](Queue& q) { q.rules.acknowledge_timeout = ms(10); }, ""},
      {"receipt 9 ms", [=](Queue& q) { q.rules.acknowledge_timeout = ms(9); },
       "q.acknowledge_timeout"},
      {"receipt more", [=](Queue& q) { q.rules.acknowledge_timeout = absl::Minutes(10) + ms(1); },
       "q.acknowledge_timeout"}};
  const std::vector<std::pair<absl::Duration QueueRules::*, const char*>> prices = {
      {&QueueRules::target_boost, "q.target_boost"},
      {&QueueRules::missing_level_price, "q.missing_level_price"},
      {&QueueRules::missing_language_price, "q.missing_language_price"},
      {&QueueRules::known_agent_bonus, "q.known_agent_bonus"},
      {&QueueRules::decline_price, "q.decline_price"},
      {&QueueRules::expiry_price, "q.expiry_price"}};
  for (const auto& [price, field] : prices) {
    cases.push_back({field, [=, p = price](Queue& queue) { queue.rules.*p = ms(0); }, ""});
    cases.push_back({field, [=, p = price](Queue& queue) { queue.rules.*p = hour; }, ""});
    cases.push_back(
        {field, [=, p = price](Queue& queue) { queue.rules.*p = hour + ms(1); }, field});
    cases.push_back({field, [=, p = price](Queue& queue) { queue.rules.*p = -ms(1); }, field});
  }
  Check<Queue>(GoodQueue(), "q", cases);
}

TEST_CASE("bounds of a ticket", "[validate]") {
  Check<Ticket>(
      GoodTicket(), "ticket",
      {{"no pool", [](Ticket& t) { t.pool_id.clear(); }, "ticket.pool_id"},
       {"no queue", [](Ticket& t) { t.queue_id.clear(); }, "ticket.queue_id"},
       {"no customer", [](Ticket& t) { t.customer_id.clear(); }, "ticket.customer_id"},
       {"customer of 128", [](Ticket& t) { t.customer_id = Umlauts(128); }, ""},
       {"customer of 129", [](Ticket& t) { t.customer_id = Umlauts(129); }, "ticket.customer_id"},
       {"customer with NUL", [](Ticket& t) { t.customer_id = std::string("a\0b", 3); },
        "ticket.customer_id"},
       {"skills", [](Ticket& t) { t.extra_skills = Skills(17); }, "ticket.extra_skills"},
       {"priority 24 h", [](Ticket& t) { t.priority_ahead = absl::Hours(24); }, ""},
       {"priority more", [](Ticket& t) { t.priority_ahead = absl::Hours(25); },
        "ticket.priority_ahead"},
       {"priority endless", [](Ticket& t) { t.priority_ahead = absl::InfiniteDuration(); },
        "ticket.priority_ahead"},
       {"subject of 512", [](Ticket& t) { t.subject = Text(512); }, ""},
       {"subject of 513", [](Ticket& t) { t.subject = Text(513); }, "ticket.subject"},
       {"subject counts bytes", [](Ticket& t) { t.subject = Umlauts(257); }, "ticket.subject"},
       {"text of 16384", [](Ticket& t) { t.text = Text(16'384); }, ""},
       {"text of 16385", [](Ticket& t) { t.text = Text(16'385); }, "ticket.text"},
       {"text with lines", [](Ticket& t) { t.text = "a\nb\tc"; }, ""},
       {"text with NUL", [](Ticket& t) { t.text = std::string(1, '\0'); }, "ticket.text"},
       {"an agent", [](Ticket& t) { t.preferred_agent_id = "ann"; }, ""},
       {"no agent's id", [](Ticket& t) { t.preferred_agent_id = "Ann!"; },
        "ticket.preferred_agent_id"}});
}

TEST_CASE("bounds of a ticket's attributes and origin", "[validate]") {
  const auto turns = [](int count) {
    return Origin{"bot", "", std::vector<TranscriptTurn>(count)};
  };
  Check<Ticket>(
      GoodTicket(), "ticket",
      {{"32 attributes",
        [](Ticket& t) {
          for (int i = 0; i < 32; ++i) t.attributes[std::to_string(i)] = "";
        },
        ""},
       {"33 attributes",
        [](Ticket& t) {
          for (int i = 0; i < 33; ++i) t.attributes[std::to_string(i)] = "";
        },
        "ticket.attributes"},
       {"empty key", [](Ticket& t) { t.attributes[""] = "x"; }, "ticket.attributes key"},
       {"key of 64", [](Ticket& t) { t.attributes[Umlauts(64)] = "x"; }, ""},
       {"key of 65", [](Ticket& t) { t.attributes[Text(65)] = "x"; }, "ticket.attributes key"},
       {"value of 1024", [](Ticket& t) { t.attributes["k"] = Text(1'024); }, ""},
       {"value of 1025", [](Ticket& t) { t.attributes["k"] = Text(1'025); },
        "ticket.attributes[\"k\"]"},
       {"source of 64", [](Ticket& t) { t.origin = Origin{Text(64)}; }, ""},
       {"source of 65", [](Ticket& t) { t.origin = Origin{Text(65)}; }, "ticket.origin.source"},
       {"reason of 1024",
        [](Ticket& t) {
          t.origin = Origin{"", Text(1'024)};
        },
        ""},
       {"reason of 1025",
        [](Ticket& t) {
          t.origin = Origin{"", Text(1'025)};
        },
        "ticket.origin.reason"},
       {"200 turns", [=](Ticket& t) { t.origin = turns(200); }, ""},
       {"201 turns", [=](Ticket& t) { t.origin = turns(201); }, "ticket.origin.transcript"},
       {"speaker of 65",
        [](Ticket& t) {
          t.origin = Origin{"", "", {{Text(65)}}};
        },
        "ticket.origin.transcript[0].speaker"},
       {"turn of 4096",
        [](Ticket& t) {
          t.origin = Origin{"", "", {{"", Text(4'096)}}};
        },
        ""},
       {"turn of 4097",
        [](Ticket& t) {
          t.origin = Origin{"", "", {{"", ""}, {"", Text(4'097)}}};
        },
        "ticket.origin.transcript[1].text"}});
}

TEST_CASE("languages are BCP 47 tags", "[validate]") {
  for (const char* good : {"", "sv", "pt-br", "PT-BR", "zh-Hant-TW", "de-1996", "es-419", "gsw"}) {
    INFO(good);
    Ticket ticket = GoodTicket();
    ticket.language = good;
    CHECK(Validate(ticket, "ticket").ok());
  }
  for (const char* bad : {"s", "-", "sv-", "-sv", "sv--se", "12", "s1", "svenskaspr", "pt_br",
                          "sv se", "sv-abcdefghi", "ä", "aaaaaaaa-aaaaaaaa-aaaaaaaa-aaaaaaaa-a"}) {
    INFO(bad);
    Ticket ticket = GoodTicket();
    ticket.language = bad;
    CHECK(ErrorField(Validate(ticket, "ticket")) == "ticket.language");
  }
}

TEST_CASE("bounds of progress", "[validate]") {
  const ProgressEntry assigned{.ticket_id = "t-1",
                               .progress_revision = 1,
                               .event = TicketEvent::kAssigned,
                               .assignment_id = "p/1/1",
                               .agent_id = "ann"};
  Check<ProgressEntry>(
      assigned, "entries[0]",
      {{"no ticket", [](ProgressEntry& e) { e.ticket_id.clear(); }, "entries[0].ticket_id"},
       {"no revision", [](ProgressEntry& e) { e.progress_revision = 0; },
        "entries[0].progress_revision"},
       {"nothing", [](ProgressEntry& e) { e.event.reset(); }, "entries[0].change"},
       {"no assignment", [](ProgressEntry& e) { e.assignment_id.clear(); },
        "entries[0].assigned.assignment_id"},
       {"long assignment", [](ProgressEntry& e) { e.assignment_id = Text(129); },
        "entries[0].assigned.assignment_id"},
       {"no agent", [](ProgressEntry& e) { e.agent_id.clear(); }, "entries[0].assigned.agent_id"},
       {"long name", [](ProgressEntry& e) { e.agent_display_name = Text(129); },
        "entries[0].assigned.agent_display_name"}});
  const ProgressEntry requeued{
      .ticket_id = "t-1", .progress_revision = 1, .event = TicketEvent::kRequeued};
  Check<ProgressEntry>(
      requeued, "entries[0]",
      {{"bad queue", [](ProgressEntry& e) { e.queue_id = "Q"; }, "entries[0].requeued.queue_id"},
       {"bad agent", [](ProgressEntry& e) { e.preferred_agent_id = "A"; },
        "entries[0].requeued.preferred_agent_id"},
       {"reason of 256", [](ProgressEntry& e) { e.reason = Text(256); }, ""},
       {"reason of 257", [](ProgressEntry& e) { e.reason = Text(257); },
        "entries[0].requeued.reason"}});
  const ProgressEntry resolved{.ticket_id = "t-1",
                               .progress_revision = 1,
                               .event = TicketEvent::kResolved,
                               .assignment_id = "p/1/1"};
  Check<ProgressEntry>(resolved, "entries[0]",
                       {{"no assignment", [](ProgressEntry& e) { e.assignment_id.clear(); },
                         "entries[0].resolved.assignment_id"},
                        {"long disposition", [](ProgressEntry& e) { e.reason = Text(257); },
                         "entries[0].resolved.disposition"}});
}

TEST_CASE("what ApplyPool is given must fit together", "[validate]") {
  ApplyPool apply{GoodPool(), {GoodQueue()}};
  CHECK(Validate(apply).ok());
  apply.queues.push_back(GoodQueue());
  CHECK(ErrorField(Validate(apply)) == "queues[1].queue_id");
  apply.queues[1].queue_id = "r";
  CHECK(Validate(apply).ok());
  apply.queues[1].pool_id = "other";
  CHECK(ErrorField(Validate(apply)) == "queues[1].pool_id");
  apply.queues.assign(kMaxQueuesPerPool + 1, GoodQueue());
  CHECK(ErrorField(Validate(apply)) == "queues");
}

TEST_CASE("request ids", "[validate]") {
  CHECK(ValidateRequestId("", "request_id").ok());
  CHECK(ValidateRequestId(Text(128), "request_id").ok());
  for (const std::string& bad : {Text(129), std::string("a\n"), std::string("ä")}) {
    CHECK(ErrorField(ValidateRequestId(bad, "request_id")) == "request_id");
  }
}

}  // namespace
}  // namespace muster::intake
