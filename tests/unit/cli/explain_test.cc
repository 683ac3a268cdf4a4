// Explanations in plain words.
#include "services/cli/explain.h"

#include "absl/strings/match.h"
#include "common/rpc/proto_time.h"
#include "tests/support/catch.h"

namespace muster::cli {
namespace {

namespace ma = matcher::v1;

google::protobuf::Duration Seconds(double s) { return ToProtoDuration(absl::Seconds(s)); }

void CheckHas(const std::string& text, const std::vector<std::string>& parts) {
  for (const std::string& part : parts) {
    INFO(text << "must have: " << part);
    CHECK(absl::StrContains(text, part));
  }
}

ma::Decision Decision() {
  ma::Decision d;
  d.set_offer_id("bank/1/7");
  d.set_ticket_id("t-1");
  d.set_agent_id("ann");
  d.set_queue_id("card");
  d.set_trigger(ma::TRIGGER_TICKET_CAME);
  *d.mutable_terms()->mutable_wait() = Seconds(42);
  *d.mutable_terms()->mutable_urgency() = Seconds(30);
  *d.mutable_terms()->mutable_misfit() = Seconds(-10);
  ma::RunnerUp* bo = d.add_runners_up();
  bo->set_ticket_id("t-1");
  bo->set_agent_id("bo");
  *bo->mutable_terms()->mutable_wait() = Seconds(42);
  *bo->mutable_terms()->mutable_misfit() = Seconds(-2);
  *bo->mutable_terms()->mutable_loaded() = Seconds(-10);
  *bo->mutable_terms()->mutable_urgency() = Seconds(20);
  d.mutable_ineligible()->set_lacks_skill(3);
  d.mutable_ineligible()->set_offline(2);
  d.mutable_ineligible()->set_full(1);
  d.mutable_ineligible()->set_declined(1);
  d.set_outcome(ma::OFFER_STATE_DECLINED);
  d.set_outcome_reason("lunch");
  return d;
}

TEST_CASE("every term is said with its sign and its reason, and nothing that is 0") {
  ma::Terms terms;
  *terms.mutable_wait() = Seconds(5);
  CHECK(TermsText(terms, "ann") == "waited 5.0s");
  *terms.mutable_priority() = Seconds(60);
  *terms.mutable_urgency() = Seconds(0);
  *terms.mutable_known() = Seconds(1);
  *terms.mutable_idle() = Seconds(2);
  *terms.mutable_misfit() = Seconds(-3);
  *terms.mutable_loaded() = Seconds(-4);
  *terms.mutable_scarcity() = Seconds(-5);
  CHECK(TermsText(terms, "ann") ==
        "waited 5.0s, +1m00s of priority, +1.0s as it names ann, +2.0s for the idleness of ann, "
        "-3.0s for what ann misses of what is wanted, -4.0s for the other work of ann, "
        "-5.0s as other lines need ann more");
}

TEST_CASE("those who could not are counted, each under what held it back") {
  ma::Ineligible i;
  CHECK(IneligibleText(i).empty());
  i.set_full(1);
  CHECK(IneligibleText(i) == "1 agent could not: 1 is busy");
  i.set_lacks_skill(1);
  i.set_lacks_language(2);
  i.set_offline(3);
  i.set_paused(4);
  i.set_declined(5);
  CHECK(IneligibleText(i) ==
        "16 agents could not: 1 lacks a skill, 2 lack the language, 3 are offline, 4 are paused, "
        "1 is busy, 5 refused it");
}

TEST_CASE("a decision says why, who came next, who could not, and how it ended") {
  CheckHas(DecisionText(Decision()),
           {"t-1 offered to ann: waited 42.0s, +30.0s as its target was near, -10.0s for what ann",
            "1m02s in all", "the best agent for a ticket that came", "Next best: bo, 12.0s behind.",
            "7 agents could not: 3 lack a skill, 2 are offline, 1 is busy, 1 refused it.",
            "Declined: lunch."});
  ma::Decision d = Decision();
  d.mutable_runners_up(0)->set_ticket_id("t-2");
  d.mutable_runners_up(0)->set_agent_id("ann");
  d.mutable_runners_up(0)->clear_terms();
  *d.mutable_runners_up(0)->mutable_terms()->mutable_wait() = Seconds(70);
  d.set_trigger(ma::TRIGGER_BURST);
  d.set_relax_step(1);
  d.set_outcome(ma::OFFER_STATE_UNSPECIFIED);
  CheckHas(DecisionText(d), {"many were matched together, after 1 relaxing step.",
                             "Next best: t-2, 8.0s ahead.", "is not on record."});
  d.set_outcome(ma::OFFER_STATE_PENDING);
  CheckHas(DecisionText(d), {"It is open."});
}

TEST_CASE("a ticket's state is told from who knows it") {
  intake::v1::Ticket ticket;
  ticket.set_ticket_id("t-1");
  ma::ExplainTicketResponse response;
  SECTION("held") {
    ticket.set_state(intake::v1::TICKET_STATE_HELD);
    ticket.set_end_reason("TOO_MANY_REFUSALS");
    ticket.set_refusal_count(3);
    *response.add_decisions() = Decision();
    CheckHas(TicketText(response, ticket),
             {"t-1 is HELD since", "TOO_MANY_REFUSALS after 3 refusals.",
              "muster ticket release t-1", "offered to ann"});
  }
  SECTION("resolved") {
    ticket.set_state(intake::v1::TICKET_STATE_RESOLVED);
    ticket.set_agent_id("ann");
    ticket.set_end_reason("solved");
    CheckHas(TicketText(response, ticket),
             {"t-1 is RESOLVED, by ann: solved.", "No decision is on record."});
  }
  SECTION("not yet heard of") {
    ticket.set_state(intake::v1::TICKET_STATE_QUEUED);
    CheckHas(TicketText(response, ticket), {"its matcher does not know it yet"});
  }
  SECTION("on offer") {
    response.mutable_now()->set_state(ma::TicketExplanation::STATE_OFFERED);
    response.mutable_now()->add_offered_to("ann");
    response.mutable_now()->add_offered_to("bo");
    response.mutable_now()->set_refusals(1);
    CheckHas(TicketText(response, ticket), {"on offer to ann and bo.", "Refused 1 time so far."});
  }
  SECTION("waiting") {
    ma::TicketExplanation& now = *response.mutable_now();
    now.set_state(ma::TicketExplanation::STATE_WAITING);
    now.set_queue_id("card");
    now.set_queue_known(true);
    now.set_paused(true);
    now.set_position(3);
    now.set_relax_step(2);
    *now.mutable_terms()->mutable_wait() = Seconds(9);
    now.set_unservable(true);
    now.mutable_ineligible()->set_paused(1);
    now.set_reserved_for("cy");
    now.set_claimed_agent("di");
    CheckHas(TicketText(response, ticket),
             {"t-1 waits in card, place 3.", "makes no offers now", "Now waited 9.0s.",
              "2 relaxing steps", "Nobody registered fits", "0 registered agents fit; none could",
              "1 agent could not: 1 is paused.", "transferred to cy", "Units of di are kept"});
  }
}

TEST_CASE("why an agent has had nothing") {
  availability::v1::Agent agent;
  agent.set_agent_id("ann");
  agent.set_presence(availability::v1::PRESENCE_PAUSED);
  agent.set_presence_reason("3 offers in a row were not answered");
  ma::ExplainAgentResponse response;
  CheckHas(AgentText(response, agent),
           {"ann is PAUSED since", "3 offers in a row were not answered.", "has not heard of it"});
  ma::AgentExplanation& now = *response.mutable_now();
  now.set_presence(ma::AgentExplanation::PRESENCE_PAUSED);
  now.set_capacity(2);
  now.set_free_units(1);
  CheckHas(AgentText(response, agent),
           {"1 of 2 units free, 0 open offers.", "gets no offers while it is PAUSED.",
            "No ticket waits that it fits."});
  now.set_presence(ma::AgentExplanation::PRESENCE_ONLINE);
  CheckHas(AgentText(response, agent), {"while it cannot be reached"});
  now.set_connected(true);
  now.set_waiting(4);
  now.set_claimed_by("t-9");
  *now.mutable_idle_credit() = Seconds(75);
  now.set_ignored_in_a_row(2);
  ma::AgentExplanation::Line* line = now.add_lines();
  line->set_queue_id("card");
  line->set_relax_step(1);
  line->set_waiting(4);
  line->set_agents_ahead(3);
  now.set_more_lines(5);
  now.add_declined()->set_ticket_id("t-3");
  const std::string text = AgentText(response, agent);
  CheckHas(text, {"kept for the heavier ticket t-9", "idleness counts 1m15s",
                  "let the last 2 offers pass",
                  "card at step 1: 4 waiting, 3 idle agents asked before it.", "5 more lines",
                  "It refused t-3, and does not see it before"});
  CHECK_FALSE(absl::StrContains(text, "gets no offers"));
  CHECK_FALSE(absl::StrContains(text, "No ticket waits"));
}

}  // namespace
}  // namespace muster::cli
