#include "tests/unit/engine/script.h"

#include <algorithm>
#include <deque>
#include <map>
#include <stdexcept>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "tests/support/catch.h"

namespace muster::engine {
namespace {

double Number(const std::string& text) {
  double number = 0;
  if (!absl::SimpleAtod(text, &number)) throw std::invalid_argument("not a number: " + text);
  return number;
}

std::uint64_t Whole(const std::string& text) { return static_cast<std::uint64_t>(Number(text)); }

// The words of a line: those with "=" by key, the others by place.
class Words {
 public:
  explicit Words(std::string_view line) {
    const absl::string_view text(line.data(), line.size());
    for (const auto& word : absl::StrSplit(text, ' ', absl::SkipEmpty())) {
      const std::vector<std::string> sides = absl::StrSplit(word, absl::MaxSplits('=', 1));
      if (sides.size() == 2) {
        keyed_[sides[0]] = sides[1];
      } else {
        placed_.push_back(sides[0]);
      }
    }
  }
  ~Words() { CHECK(keyed_.empty()); }  // a key that nobody read is a slip in the script

  std::string operator[](std::size_t i) const { return placed_.at(i); }
  std::string Optional(std::size_t i) const { return i < placed_.size() ? placed_[i] : ""; }

  std::string Text(const std::string& key, std::string otherwise = "") {
    const auto it = keyed_.find(key);
    if (it == keyed_.end()) return otherwise;
    otherwise = it->second;
    keyed_.erase(it);
    return otherwise;
  }
  std::vector<std::string> List(const std::string& key) {
    return absl::StrSplit(Text(key), ',', absl::SkipEmpty());
  }
  std::uint32_t Units(const std::string& key, std::uint32_t otherwise) {
    const std::string text = Text(key);
    return text.empty() ? otherwise : static_cast<std::uint32_t>(Whole(text));
  }
  absl::Duration Seconds(const std::string& key, absl::Duration otherwise) {
    const std::string text = Text(key);
    return text.empty() ? otherwise : absl::Seconds(Number(text));
  }
  absl::Time Time(const std::string& key, absl::Time otherwise) {
    const std::string text = Text(key);
    return text.empty() ? otherwise : At(Number(text));
  }
  std::vector<SkillLevel> Skills(const std::string& key) {
    std::vector<SkillLevel> skills;
    for (const std::string& item : List(key)) {
      const std::vector<std::string> sides = absl::StrSplit(item, ':');
      skills.push_back({sides[0], sides.size() > 1 ? static_cast<int>(Number(sides[1])) : 1});
    }
    return skills;
  }
  // "30/fr:2,vip:0;90/any": after 30 s these levels will do, after 90 s any language.
  std::vector<RelaxStep> Steps(const std::string& key) {
    std::vector<RelaxStep> steps;
    for (const auto& part : absl::StrSplit(Text(key), ';', absl::SkipEmpty())) {
      const std::vector<std::string> sides = absl::StrSplit(part, '/');
      RelaxStep step{.after = absl::Seconds(Number(sides[0]))};
      if (sides[1] == "any") {
        step.any_language = true;
      } else {
        keyed_["step"] = sides[1];
        step.skills = Skills("step");
      }
      steps.push_back(step);
    }
    return steps;
  }
  Phase InPhase(const std::string& key) {
    static const std::map<std::string, Phase> kPhases = {
        {"open", Phase::kOpen}, {"paused", Phase::kPaused}, {"draining", Phase::kDraining}};
    return kPhases.at(Text(key, "open"));
  }

 private:
  std::vector<std::string> placed_;
  std::map<std::string, std::string> keyed_;
};

OfferId ParseId(const std::string& text) {
  const std::vector<std::string> parts = absl::StrSplit(text, '/');
  if (parts.size() == 1) return {kScriptEpoch, Whole(parts[0])};
  return {Whole(parts[0]), Whole(parts[1])};
}

Event ParseQueue(Words& w) {
  QueueChanged e{.queue_id = w[1]};
  QueueRules& r = e.rules;
  r.required_skills = w.Skills("skills");
  r.weight = w.Units("weight", 1);
  r.priority_ahead = w.Seconds("ahead", absl::ZeroDuration());
  r.offer_timeout = w.Seconds("timeout", absl::Seconds(20));
  r.acknowledge_timeout = w.Seconds("ack", absl::ZeroDuration());
  r.time_to_live = w.Seconds("ttl", absl::InfiniteDuration());
  r.after_work_time = w.Seconds("after_work", absl::ZeroDuration());
  r.decline_price = w.Seconds("decline", absl::Seconds(60));
  r.expiry_price = w.Seconds("expiry", absl::Seconds(20));
  r.preferred_skills = w.Skills("preferred");
  r.relax_steps = w.Steps("relax");
  r.target_wait = w.Seconds("target", r.target_wait);
  r.target_boost = w.Seconds("boost", r.target_boost);
  r.missing_level_price = w.Seconds("level_price", r.missing_level_price);
  r.missing_language_price = w.Seconds("language_price", r.missing_language_price);
  r.known_agent_bonus = w.Seconds("known", r.known_agent_bonus);
  r.capacity_claim_after = w.Seconds("claim", r.capacity_claim_after);
  r.offers_at_once = w.Units("at_once", 1);
  r.most_refusals = w.Units("refusals", 0);
  r.phase = w.InPhase("phase");
  return e;
}

Event ParsePool(Words& w) {
  PoolRules r;
  r.fair_window = w.Seconds("fair", r.fair_window);
  r.idle_bound = w.Seconds("idle", r.idle_bound);
  r.loaded_price = w.Seconds("loaded", r.loaded_price);
  r.scarcity = w.Text("scarcity", "on") == "on";
  r.scarcity_bound = w.Seconds("scarcity_bound", r.scarcity_bound);
  r.most_offers_per_agent = w.Units("offers", 0);
  r.ignored_offers_to_pause = w.Units("ignored", r.ignored_offers_to_pause);
  r.phase = w.InPhase("phase");
  return PoolChanged{r};
}

TicketSpec ParseTicket(Words& w) {
  return {.ticket_id = w[1],
          .queue_id = w[2],
          .create_time = w.Time("at", At(0)),
          .priority_ahead = w.Seconds("ahead", absl::ZeroDuration()),
          .language = w.Text("language"),
          .extra_skills = w.Skills("skills"),
          .preferred_agent_id = w.Text("prefers"),
          .interrupted = w.Text("interrupted", "no") == "yes"};
}

Event ParseAgent(Words& w) {
  static const std::map<std::string, Presence> kPresences = {{"online", Presence::kOnline},
                                                             {"offline", Presence::kOffline},
                                                             {"paused", Presence::kPaused},
                                                             {"draining", Presence::kDraining}};
  return AgentChanged{{.agent_id = w[1],
                       .skills = w.Skills("skills"),
                       .languages = w.List("languages"),
                       .capacity = w.Units("capacity", 1),
                       .presence = kPresences.at(w.Text("presence", "online")),
                       .presence_time = w.Time("since", absl::InfinitePast()),
                       .connected = w.Text("connected", "yes") == "yes",
                       .session_id = w.Text("session")}};
}

Event ParseRestored(Words& w) {
  const bool wrap_up = w.Text("state", "active") == "wrap_up";
  return AssignmentRestored{.assignment = ParseId(w[1]),
                            .ticket_id = w[2],
                            .agent_id = w[3],
                            .queue_id = w[4],
                            .weight = w.Units("weight", 1),
                            .state = wrap_up ? AssignmentState::kWrapUp : AssignmentState::kActive,
                            .create_time = w.Time("at", At(0)),
                            .assign_time = w.Time("assigned", At(0)),
                            .wrap_up_deadline = w.Time("deadline", absl::InfiniteFuture())};
}

std::string Seconds(absl::Time t) { return absl::StrCat("@", absl::ToDoubleSeconds(t - At(0))); }

std::string Id(const OfferId& id) {
  return id.epoch == kScriptEpoch ? absl::StrCat(id.number) : DebugString(id);
}

std::string Ids(const std::vector<OfferId>& ids) {
  return absl::StrCat(
      "[",
      absl::StrJoin(ids, " ", [](std::string* out, const OfferId& id) { out->append(Id(id)); }),
      "]");
}

absl::string_view Text(std::string_view text) { return {text.data(), text.size()}; }

std::string With(std::string_view more) {
  return more.empty() ? "" : absl::StrCat(" ", absl::string_view(more.data(), more.size()));
}

struct Briefer {
  std::string operator()(const MakeOffer& e) const {
    return absl::StrCat("offer ", Id(e.offer), " ", Text(e.ticket_id), " ", Text(e.agent_id));
  }
  std::string operator()(const MoveDeadline& e) const {
    return absl::StrCat("deadline ", Id(e.offer), " ", Seconds(e.deadline));
  }
  std::string operator()(const EndOffer& e) const {
    static constexpr const char* kOutcomes[] = {"ACCEPTED", "DECLINED", "EXPIRED", "REVOKED"};
    return absl::StrCat("ended ", Id(e.offer), " ", kOutcomes[static_cast<int>(e.outcome)],
                        With(e.reason));
  }
  std::string operator()(const Assign& e) const {
    return absl::StrCat("assign ", Id(e.assignment), " ", Text(e.ticket_id), " ", Text(e.agent_id));
  }
  std::string operator()(const StartWrapUp& e) const {
    return absl::StrCat("wrap_up ", Id(e.assignment), " ", Seconds(e.deadline));
  }
  std::string operator()(const EndAssignment& e) const {
    return absl::StrCat("done ", Id(e.assignment), With(e.reason));
  }
  std::string operator()(const RequeueTicket& e) const {
    return absl::StrCat("requeued ", Text(e.ticket_id), " ", Text(e.queue_id), With(e.agent_id),
                        With(e.reason));
  }
  std::string operator()(const ExpireTicket& e) const {
    return absl::StrCat("expired ", Text(e.ticket_id), " ", Seconds(e.expire_time));
  }
  std::string operator()(const HoldTicket& e) const {
    return absl::StrCat("held ", Text(e.ticket_id), With(e.reason), " ", e.refusals);
  }
  std::string operator()(const PauseAgent& e) const {
    return absl::StrCat("paused ", Text(e.agent_id), With(e.reason), " ", e.ignored);
  }
  std::string operator()(const DecisionMade& e) const {
    return absl::StrCat("decided ", Id(e.decision->offer));
  }
  std::string operator()(const ResendToAgent& e) const {
    return absl::StrCat("resend ", Text(e.agent_id), " ", Ids(e.offers), " ", Ids(e.assignments));
  }
  std::string operator()(const Unchanged&) const { return "unchanged"; }
  std::string operator()(const Reject& e) const { return absl::StrCat("reject", With(e.reason)); }
};

}  // namespace

absl::Time At(double seconds) {
  return absl::FromUnixSeconds(1'700'000'000) + absl::Seconds(seconds);
}

Event ParseEvent(std::string_view line, ActToken act) {
  Words w(line);
  const std::string kind = w[0];
  if (kind == "queue") return ParseQueue(w);
  if (kind == "pool") return ParsePool(w);
  if (kind == "lost") return AssignmentLost{ParseId(w[1])};
  if (kind == "no_queue") return QueueRemoved{w[1]};
  if (kind == "ticket") return TicketQueued{ParseTicket(w)};
  if (kind == "details") return TicketDetailed{ParseTicket(w)};
  if (kind == "gone") return TicketGone{w[1], GoneReason::kCancelled};
  if (kind == "closed") return TicketGone{w[1], GoneReason::kOther};
  if (kind == "agent") return ParseAgent(w);
  if (kind == "no_agent") return AgentRemoved{w[1]};
  if (kind == "receive") return OfferReceived{ParseId(w[1]), w.Optional(2), act};
  if (kind == "accept") return OfferAccepted{ParseId(w[1]), w.Optional(2), act};
  if (kind == "decline") return OfferDeclined{ParseId(w[1]), w.Optional(2), act};
  if (kind == "wrap") return WrapUpStarted{ParseId(w[1]), w.Optional(2), act};
  if (kind == "complete") return AssignmentCompleted{ParseId(w[1]), w.Optional(2), act};
  if (kind == "requeue") return TicketRequeued{w[1], act};
  if (kind == "transfer") return TicketTransferred{w[1], w.Text("queue"), w.Text("agent"), act};
  if (kind == "restore") return ParseRestored(w);
  if (kind == "fail") return AssignmentFailed{ParseId(w[1]), w.Text("forget") == "yes"};
  if (kind == "open") return MatchingOpened{};
  if (kind == "close") return MatchingClosed{};
  if (kind == "tick") return TimePassed{};
  throw std::invalid_argument("no such event: " + kind);
}

std::string Brief(const Effect& effect) { return std::visit(Briefer(), effect); }

ActToken AnsweredAct(const Effect& effect) {
  return std::visit(
      [](const auto& e) -> ActToken {
        if constexpr (requires { e.act; }) {
          return e.act;
        } else {
          return 0;
        }
      },
      effect);
}

void RunScript(Engine* engine, std::string_view script) {
  absl::Time now = At(0);
  ActToken act = 0;
  std::deque<std::string> effects;
  std::string event_line = "the start";
  const auto nothing_left = [&] {
    INFO("after: " << event_line << "; left over: " << absl::StrJoin(effects, "; "));
    CHECK(effects.empty());
    effects.clear();
  };
  for (const absl::string_view raw :
       absl::StrSplit(absl::string_view(script.data(), script.size()), '\n')) {
    std::string line(absl::StripAsciiWhitespace(raw));
    if (line.empty()) continue;
    if (absl::StartsWith(line, "=>")) {
      INFO("after: " << event_line);
      const std::string next = effects.empty() ? "nothing" : effects.front();
      CHECK(absl::StrCat("=> ", next) == line);
      if (!effects.empty()) effects.pop_front();
      continue;
    }
    nothing_left();
    if (line[0] == '@') {
      const std::size_t space = line.find(' ');
      now = At(Number(line.substr(1, space - 1)));
      line = line.substr(space + 1);
    }
    event_line = line;
    const Event event = ParseEvent(line, ++act);
    Effects out;
    engine->Apply(event, now, &out);
    const bool is_act = std::visit(
        [](const auto& e) {
          return requires { e.act; };
        },
        event);
    INFO("after: " << event_line);
    CHECK(std::count_if(out.begin(), out.end(), [&](const Effect& e) {
            return AnsweredAct(e) == act;
          }) == (is_act ? 1 : 0));
    CHECK(engine->CheckInvariants().ToString() == "OK");
    for (const Effect& e : out) effects.push_back(Brief(e));
  }
  nothing_left();
}

void RunScript(std::string_view script) {
  Engine engine({.epoch = kScriptEpoch});
  RunScript(&engine, script);
}

}  // namespace muster::engine
