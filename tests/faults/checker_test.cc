// Known-bad histories: each breaks one promise, and the checker has to name it.
#include "tests/faults/checker.h"

#include <functional>

#include "tests/support/catch.h"

namespace muster::faults {
namespace {

struct Story {
  std::vector<Entry> history;
  Records records;
};

// Ann (capacity 2) took one ticket and completed it; another customer left; all is on record.
Story Good() {
  Story story;
  story.history = {
      {Act::kCreate, Told::kUnknown, "c-1", "r-1", "p", "", "", "c-1", "", 10, 20},
      {Act::kCreate, Told::kYes, "c-1", "r-1", "p", "t-1", "", "c-1", "", 30, 40},
      {Act::kCreate, Told::kYes, "c-2", "r-2", "p", "t-2", "", "c-2", "", 30, 40},
      {Act::kCancel, Told::kYes, "c-2", "r-3", "p", "t-2", "", "", "", 50, 60},
      {Act::kAccept, Told::kYes, "ann", "r-4", "p", "", "p/1/1", "", "", 100, 110},
      {Act::kConfirmed, Told::kYes, "ann", "", "p", "t-1", "p/1/1", "", "", 100, 110},
      {Act::kComplete, Told::kYes, "ann", "r-5", "p", "", "p/1/1", "solved", "", 200, 210},
      {Act::kAccept, Told::kNo, "ann", "r-6", "p", "", "p/1/2", "", "OFFER_EXPIRED", 220, 230},
      {Act::kPresence, Told::kYes, "ann", "r-7", "p", "", "", "PAUSED tea", "", 240, 250}};
  story.records.tickets = {{"t-1", "p", "c-1", "r-1", "RESOLVED", "ann", "p/1/1"},
                           {"t-2", "p", "c-2", "r-2", "CANCELLED", "", ""}};
  story.records.assignments = {{.assignment_id = "p/1/1",
                                .pool_id = "p",
                                .ticket_id = "t-1",
                                .agent_id = "ann",
                                .weight = 2,
                                .state = "COMPLETED",
                                .end_reason = "completed",
                                .disposition = "solved",
                                .request_id = "r-5",
                                .epoch = 1,
                                .accept_us = 105,
                                .end_us = 205}};
  story.records.agents = {{"p", "ann", 2, "PAUSED", "tea", 0, 2}};
  story.records.pools = {{"p", 1, 5}};
  return story;
}

TEST_CASE("a history that is kept has no violation") {
  const Story good = Good();
  for (const Violation& v : Check(good.history, good.records)) FAIL(v.rule << ": " << v.what);
}

AssignmentRecord Work(const std::string& id, const std::string& ticket, int64_t from, int64_t to) {
  return {.assignment_id = id,
          .pool_id = "p",
          .ticket_id = ticket,
          .agent_id = "ann",
          .weight = 2,
          .state = "TRANSFERRED",
          .epoch = 1,
          .accept_us = from,
          .end_us = to};
}

struct BadCase {
  const char* name;
  const char* rule;
  std::function<void(Story&)> spoil;
};

const BadCase kBadCases[] = {
    {"an agent missed a frame", "misnumbered",
     [](Story& s) {
       s.history.push_back({Act::kMisnumbered, Told::kYes, "ann", "", "p", "", "", "5 after 3"});
     }},
    {"the ticket is gone", "lost_ack",
     [](Story& s) { s.records.tickets.erase(s.records.tickets.begin()); }},
    {"the ticket is another customer's", "lost_ack",
     [](Story& s) { s.records.tickets[0].customer_id = "c-9"; }},
    {"the cancel is gone", "lost_ack", [](Story& s) { s.records.tickets[1].state = "EXPIRED"; }},
    {"the accept is gone", "lost_ack", [](Story& s) { s.records.assignments.clear(); }},
    {"the accept is another agent's", "lost_ack",
     [](Story& s) { s.records.assignments[0].agent_id = "ben"; }},
    {"the complete is gone", "lost_ack",
     [](Story& s) { s.records.assignments[0].state = "TRANSFERRED"; }},
    {"the disposition is another", "lost_ack",
     [](Story& s) { s.records.assignments[0].disposition = "other"; }},
    {"the presence is gone", "lost_ack", [](Story& s) { s.records.agents[0].presence = "ONLINE"; }},
    {"an older presence is back", "lost_ack",
     [](Story& s) { s.records.agents[0].presence_reason = "lunch"; }},
    {"one request made two tickets", "two_effects",
     [](Story& s) {
       s.records.tickets.push_back({"t-3", "p", "c-1", "r-1", "CANCELLED", "", ""});
     }},
    {"one request was told two tickets", "two_effects",
     [](Story& s) {
       s.history.push_back({Act::kCreate, Told::kYes, "c-1", "r-1", "p", "t-2", "", "c-2"});
     }},
    {"a refused ticket is there", "contradiction",
     [](Story& s) {
       s.history.push_back({Act::kCreate, Told::kNo, "c-3", "r-8", "p", "", "", "c-3"});
       s.records.tickets.push_back({"t-3", "p", "c-3", "r-8", "CANCELLED", "", ""});
     }},
    {"a refused accept is on record", "contradiction",
     [](Story& s) { s.records.assignments.push_back(Work("p/1/2", "t-2", 300, 301)); }},
    {"a refused complete is on record", "contradiction",
     [](Story& s) { s.history[6].told = Told::kNo; }},
    {"a declined offer became work", "contradiction",
     [](Story& s) {
       s.history.push_back({Act::kDecline, Told::kYes, "ann", "r-9", "p", "", "p/1/1"});
     }},
    {"two had one ticket at one time", "double_assignment",
     [](Story& s) {
       s.records.assignments.push_back(Work("p/1/3", "t-1", 150, 160));
       s.records.assignments.back().agent_id = "ben";
     }},
    {"one ticket was completed twice", "double_assignment",
     [](Story& s) {
       s.records.assignments.push_back(Work("p/1/3", "t-1", 300, 310));
       s.records.assignments.back().state = "COMPLETED";
     }},
    {"an agent had too much in hand", "over_capacity",
     [](Story& s) { s.records.assignments.push_back(Work("p/1/3", "t-2", 204, 300)); }},
    {"the matcher counts units that nobody has", "load_miscounted",
     [](Story& s) { s.records.agents[0].load_units = 1; }},
    {"intake names an agent that the matcher does not", "records_disagree",
     [](Story& s) { s.records.tickets[0].agent_id = "ben"; }},
    {"a cancelled ticket is still at work", "records_disagree",
     [](Story& s) {
       s.records.assignments.push_back(Work("p/1/3", "t-2", 300, 0));
       s.records.assignments.back().state = "ACTIVE";
       s.records.agents[0].load_units = 2;
     }},
    {"a former owner wrote", "former_owner",
     [](Story& s) {
       s.records.pools = {{"p", 2, 50}}, s.records.assignments[0].accept_us = 20'000'050,
       s.records.assignments[0].end_us = 20'000'060;
     }},
    {"an epoch that was never taken", "former_owner",
     [](Story& s) { s.records.assignments[0].epoch = 2; }},
    {"a ticket is stuck", "stuck",
     [](Story& s) {
       s.records.tickets.push_back({"t-3", "p", "c-3", "r-8", "QUEUED", "", ""});
     }},
};

TEST_CASE("each loss of a promise is named") {
  for (const BadCase& bad : kBadCases) {
    DYNAMIC_SECTION(bad.name) {
      Story story = Good();
      bad.spoil(story);
      const std::vector<Violation> found = Check(story.history, story.records);
      REQUIRE_FALSE(found.empty());
      INFO(found.front().rule << ": " << found.front().what);
      CHECK(found.front().rule == bad.rule);
    }
  }
}

TEST_CASE("what the service did to a presence by itself is no loss") {
  Story story = Good();
  story.records.agents[0].presence = "OFFLINE";
  story.records.agents[0].presence_reason = "link ended";
  CHECK(Check(story.history, story.records).empty());
}

TEST_CASE("an entry is one line of JSON") {
  Entry entry{Act::kAccept, Told::kNo, "ann", "r\"1", "p"};
  entry.error = "line\nbreak";
  CHECK(ToJson(entry) ==
        R"({"act":"accept","told":"no","asked_us":0,"answered_us":0,"client":"ann",)"
        R"("request_id":"r\"1","pool_id":"p","error":"line\u000abreak"})");
}

}  // namespace
}  // namespace muster::faults
