#include "services/cli/rules.h"

#include <memory>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "services/cli/flags.h"

namespace muster::cli {
namespace {

using intake::v1::Pool;
using intake::v1::Queue;
using intake::v1::RelaxStep;

constexpr char kAnyLanguage[] = "any-language";

// "30s=cards:1,loans:0,any-language". False if it is none.
bool ParseStep(const std::string& text, RelaxStep* step) {
  const std::vector<std::string> halves = absl::StrSplit(text, absl::MaxSplits('=', 1));
  absl::Duration after;
  if (halves.size() != 2 || !absl::ParseDuration(halves[0], &after)) return false;
  *step->mutable_after() = ParseProtoDuration(halves[0]);
  for (absl::string_view part : absl::StrSplit(halves[1], ',')) {
    if (part == kAnyLanguage) {
      step->set_any_language(true);
      continue;
    }
    const std::vector<std::string> skill = absl::StrSplit(part, absl::MaxSplits(':', 1));
    int level = 0;
    if (skill.size() != 2 || skill[0].empty() || !absl::SimpleAtoi(skill[1], &level)) return false;
    intake::v1::RelaxedSkill* relaxed = step->add_skills();
    relaxed->set_skill(skill[0]);
    relaxed->set_level(level);
  }
  return true;
}

CLI::Validator IsStep() {
  return CLI::Validator(
      [](std::string& text) -> std::string {
        RelaxStep step;
        return ParseStep(text, &step) ? "" : "'" + text + "' is not like 30s=cards:1,any-language";
      },
      "AFTER=SKILL:LEVEL[,...]");
}

std::string StepsText(const Queue& queue) {
  std::string text;
  for (const RelaxStep& step : queue.relax_steps()) {
    absl::StrAppend(&text, text.empty() ? "" : "; ", "after ", Text(step.after()), " ",
                    SkillsText(step.skills()), step.any_language() ? " any language" : "");
  }
  return text;
}

template <class Message>
class RuleFlags {
 public:
  RuleFlags(CLI::App* verb, FieldChanges<Message>* changes) : verb_(verb), changes_(changes) {}

  void Duration(const std::string& flag, google::protobuf::Duration* (Message::*field)(),
                const std::string& help) {
    verb_
        ->add_option_function<std::string>(
            flag,
            [changes = changes_, field](const std::string& text) {
              changes->push_back([=](Message& m) { *(m.*field)() = ParseProtoDuration(text); });
            },
            help)
        ->check(IsDuration());
  }

  void Number(const std::string& flag, void (Message::*set)(int32_t), const std::string& help) {
    verb_->add_option_function<int>(
        flag,
        [changes = changes_, set](int number) {
          changes->push_back([=](Message& m) { (m.*set)(number); });
        },
        help);
  }

  void Add(const std::string& flag, const CLI::Validator& form,
           std::function<void(Message&, const std::vector<std::string>&)> set,
           const std::string& help) {
    verb_
        ->add_option_function<std::vector<std::string>>(
            flag,
            [changes = changes_, set](const std::vector<std::string>& texts) {
              changes->push_back([=](Message& m) { set(m, texts); });
            },
            help)
        ->check(form);
  }

 private:
  CLI::App* const verb_;
  FieldChanges<Message>* const changes_;
};

}  // namespace

void AddQueueRuleFlags(CLI::App* verb, FieldChanges<Queue>* changes) {
  RuleFlags<Queue> flags(verb, changes);
  flags.Add(
      "--preferred-skill", IsSkill(),
      [](Queue& q, const std::vector<std::string>& texts) {
        q.clear_preferred_skills();
        AddSkills(texts, [&] { return q.add_preferred_skills(); });
      },
      "a skill that is wanted, but not needed; repeat for more");
  flags.Add(
      "--relax", IsStep(),
      [](Queue& q, const std::vector<std::string>& texts) {
        q.clear_relax_steps();
        for (const std::string& text : texts) ParseStep(text, q.add_relax_steps());
      },
      "what will do after a wait, such as 30s=cards:1 or 90s=cards:0,any-language; repeat for "
      "more");
  flags.Duration("--target-boost", &Queue::mutable_target_boost,
                 "what a ticket gains as its wait nears the target");
  flags.Duration("--missing-level-price", &Queue::mutable_missing_level_price,
                 "what each missing level of a wanted skill costs");
  flags.Duration("--missing-language-price", &Queue::mutable_missing_language_price,
                 "what a missing language costs");
  flags.Duration("--known-agent-bonus", &Queue::mutable_known_agent_bonus,
                 "what the agent gains whom the ticket names");
  flags.Duration("--capacity-claim-after", &Queue::mutable_capacity_claim_after,
                 "when a ticket that is too heavy claims its agent");
  flags.Number("--offers-at-once", &Queue::set_offers_at_once,
               "how many agents see a ticket at once");
  flags.Number("--most-refusals", &Queue::set_most_refusals,
               "set a ticket aside after so many refusals; 0: never");
  flags.Duration("--decline-price", &Queue::mutable_decline_price,
                 "until a ticket is offered again to who declined it");
  flags.Duration("--expiry-price", &Queue::mutable_expiry_price,
                 "until a ticket is offered again to who let it pass");
  flags.Duration("--acknowledge-timeout", &Queue::mutable_acknowledge_timeout,
                 "how long a device has to report an offer's receipt; 0s: as the offer");
}

void AddPoolRuleFlags(CLI::App* verb, FieldChanges<Pool>* changes) {
  RuleFlags<Pool> flags(verb, changes);
  flags.Duration("--fair-window", &Pool::mutable_fair_window,
                 "over how much work an agent's idleness is kept");
  flags.Duration("--idle-bound", &Pool::mutable_idle_bound, "the most that idleness counts");
  flags.Duration("--loaded-price", &Pool::mutable_loaded_price,
                 "what an agent with all its units taken falls behind");
  flags.Duration("--scarcity-bound", &Pool::mutable_scarcity_bound,
                 "the most that scarcity counts");
  verb->add_option_function<bool>(
      "--scarcity",
      [changes](bool on) { changes->push_back([=](Pool& p) { p.set_scarcity(on); }); },
      "keep agents whom many lines need: true or false");
  flags.Number("--most-offers-per-agent", &Pool::set_most_offers_per_agent,
               "open offers of one agent; 0: as its capacity allows");
  flags.Number("--ignored-offers-to-pause", &Pool::set_ignored_offers_to_pause,
               "pause an agent who let so many pass in a row; 0: never");
}

Columns<Queue> QueueRuleColumns() {
  return {{"PREFERRED", [](const Queue& q) { return SkillsText(q.preferred_skills()); }},
          {"RELAX", StepsText},
          {"TARGET-BOOST", [](const Queue& q) { return Text(q.target_boost()); }},
          {"MISSING-LEVEL", [](const Queue& q) { return Text(q.missing_level_price()); }},
          {"MISSING-LANGUAGE", [](const Queue& q) { return Text(q.missing_language_price()); }},
          {"KNOWN-AGENT", [](const Queue& q) { return Text(q.known_agent_bonus()); }},
          {"CLAIM-AFTER", [](const Queue& q) { return Text(q.capacity_claim_after()); }},
          {"AT-ONCE", [](const Queue& q) { return std::to_string(q.offers_at_once()); }},
          {"MOST-REFUSALS",
           [](const Queue& q) {
             return q.most_refusals() == 0 ? "never" : std::to_string(q.most_refusals());
           }},
          {"DECLINE-PRICE", [](const Queue& q) { return Text(q.decline_price()); }},
          {"EXPIRY-PRICE", [](const Queue& q) { return Text(q.expiry_price()); }},
          {"ACKNOWLEDGE", [](const Queue& q) {
             return q.acknowledge_timeout().seconds() == 0 && q.acknowledge_timeout().nanos() == 0
                        ? "as the offer"
                        : Text(q.acknowledge_timeout());
           }}};
}

Columns<Pool> PoolRuleColumns() {
  return {{"FAIR-WINDOW", [](const Pool& p) { return Text(p.fair_window()); }},
          {"IDLE-BOUND", [](const Pool& p) { return Text(p.idle_bound()); }},
          {"LOADED-PRICE", [](const Pool& p) { return Text(p.loaded_price()); }},
          {"SCARCITY",
           [](const Pool& p) {
             return p.scarcity() ? "at most " + Text(p.scarcity_bound()) : std::string("off");
           }},
          {"OFFERS-PER-AGENT",
           [](const Pool& p) {
             return p.most_offers_per_agent() == 0 ? "as capacity allows"
                                                   : std::to_string(p.most_offers_per_agent());
           }},
          {"IGNORED-TO-PAUSE", [](const Pool& p) {
             return p.ignored_offers_to_pause() == 0 ? "never"
                                                     : std::to_string(p.ignored_offers_to_pause());
           }}};
}

}  // namespace muster::cli
