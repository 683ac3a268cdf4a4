// The engine's inside: one object that holds all records and changes them, its functions spread
// over the files named below. Internal to services/matcher/engine; see engine.h for the rules.
//
// Not thread-safe. `now_` and `out_` are those of the Apply under way.
//
// How a change is made: an agent that changes is taken out of its lines and becomes loose (Loosen);
// a ticket that comes back is put in its line and is marked (Enlist). Match() then makes the
// offers, once, when the event has been dealt with: between two events no agent is loose, and no
// waiting ticket has an agent that can take it. So only what the event touched is looked at.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/container/btree_set.h"
#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/time/time.h"
#include "services/matcher/engine/effect.h"
#include "services/matcher/engine/engine.h"
#include "services/matcher/engine/event.h"
#include "services/matcher/engine/hash_index.h"
#include "services/matcher/engine/records.h"
#include "services/matcher/engine/score.h"
#include "services/matcher/engine/slab.h"
#include "services/matcher/engine/timers.h"

namespace muster::engine {

class Core {
 public:
  explicit Core(EngineOptions options);

  // engine.cc
  void Apply(const Event& event, absl::Time now, Effects* out);
  absl::Time NextWakeup() const { return ToTime(timers_.Next()); }

  // invariants.cc
  absl::Status CheckInvariants() const;

 private:
  friend class Engine;  // for its views
  friend class InvariantChecker;
  friend class BurstSolver;

  // Orders of lane.h.
  struct WaitOrder {  // of tickets in a line or queue
    const Core& core;
    const Stamps& stamps;
    bool Live(const Entry& e) const { return stamps[e.record] == e.stamp; }
    bool Tie(const Entry& a, const Entry& b) const { return core.Older(a.record, b.record); }
  };
  struct IdleOrder {
    const Core& core;
    bool Live(const Entry& e) const { return core.agent_stamps_[e.record] == e.stamp; }
    bool Tie(const Entry& a, const Entry& b) const {
      return core.agents_[a.record].id < core.agents_[b.record].id;
    }
  };
  WaitOrder Waits() const { return {*this, wait_stamps_}; }
  IdleOrder Idles() const { return {*this}; }
  bool Older(Index t, Index u) const {  // of two tickets that count the same
    const TicketRecord& a = tickets_[t];
    const TicketRecord& b = tickets_[u];
    return a.create != b.create ? a.create < b.create : a.id < b.id;
  }

  // ---- engine.cc: dispatch, time, opening and closing
  void FireDue() {
    while (const std::optional<Timer> due = timers_.TakeDue(now_)) Fire(*due);
  }
  void Fire(const Timer& timer);
  void On(const MatchingOpened&);
  void On(const MatchingClosed&);
  void On(const PoolChanged& event);
  void On(const TimePassed&) {}
  void TouchAll();  // whatever waits or is kept for a ticket is to be matched anew
  bool Matching() const { return open_ && pool_rules_.phase != Phase::kPaused; }
  template <typename T>
  void Emit(T&& effect) {
    out_->emplace_back(std::forward<T>(effect));
  }
  void Refuse(ActToken act, absl::StatusCode code, std::string_view reason, std::string subject);

  // ---- queues.cc
  void On(const QueueChanged& event);
  void On(const QueueRemoved& event);
  Index FindQueue(std::string_view id) const;
  Index QueueFor(std::string_view id);  // makes one that does not exist yet
  void ForgetQueueIfUnused(Index q);
  void SetRules(Index q, const QueueRules& rules);
  void TakeQueueApart(Index q);    // its tickets out of their lines, its lines away
  void PutQueueTogether(Index q);  // its tickets into new lines
  void RevokeUnfitOffersOf(Index q);
  Levels Intern(const std::vector<SkillLevel>& skills);
  Index InternWord(std::string_view word);  // skills and languages

  // ---- lines.cc: which lines there are, and who fits
  Index LineFor(Index q, const LineKey& key);
  void MakeLine(Index l, Index q, const LineKey& key);
  void DropLine(Index l);
  void DropLineIfEmpty(Index l);
  void DropSpareLines();
  void NoteInUse(Index l);
  void HeadChanged(Index l);
  template <typename Fn>
  void ForEachCandidate(const LineRecord& line, Fn fn) const;  // agents that might fit
  enum class Fit { kUnskilled, kMute, kSmall, kFits };
  Fit FitOf(Index a, Index l) const;
  Misfit MisfitOf(Index a, const LineRecord& line) const;
  void AddToLine(Index a, Index l);              // if it fits, and count it in any case
  void RemoveFromLine(Index a, Index l);         // from its counts alone
  const LineFit* FitIn(Index a, Index l) const;  // null: it does not fit
  bool FitsTicket(Index a, const TicketRecord& ticket);
  LineKey KeyOf(const TicketRecord& ticket) const;

  // ---- standing.cc
  bool HasRoom(const AgentRecord& agent) const;  // it is at work and may be offered more
  bool CanStand(const AgentRecord& agent) const { return agent.claim == kNone && HasRoom(agent); }
  void Loosen(Index a);
  void Stand(Index a);
  Group& PlaceFor(Index a, const LineFit& fit);
  void StandIn(Index a, Group* group);
  void Unstand(Index a);
  Group& GroupFor(LineRecord* line, const Group& like);
  std::uint32_t WorthNow(const AgentRecord& agent) const;
  Nanos LoadedPrice(const AgentRecord& agent) const;
  void Load(Index a, std::int64_t busy, std::int64_t reserved);  // and count it
  void Count(const AgentRecord& agent, int sign);                // in the pool's statistics
  static std::uint32_t Free(const AgentRecord& agent) {
    const std::uint32_t taken = agent.busy + agent.reserved;
    return agent.capacity > taken ? agent.capacity - taken : 0;
  }

  // ---- agents.cc
  void On(const AgentChanged& event);
  void On(const AgentRemoved& event);
  Index FindAgent(std::string_view id) const;
  Index AgentFor(std::string_view id);  // makes an unregistered one
  void ForgetAgentIfUnused(Index a);
  void Enter(Index a, const AgentSpec& spec);
  void File(Index a, bool in);   // under its skills
  void Refit(Index a, bool in);  // out of all lines' counts, or into those of the lines it fits
  void RevokeOffersAfterChange(Index a);
  void ReleaseReserved(Index a);  // tickets transferred to an agent that left or cannot serve them
  bool CanServeReserved(Index a, std::uint32_t weight) const;
  void Ignored(Index a);
  void StartIdling(Index a, Nanos since, Nanos carry);
  Nanos Credit(const AgentRecord& agent) const;

  // ---- tickets.cc
  void On(const TicketQueued& event);
  void On(const TicketDetailed& event);
  void On(const TicketGone& event);
  Index FindTicket(std::string_view id) const;
  Index NewTicket(std::string_view id, std::string_view queue_id, Nanos create, TicketState state);
  void UpdateTicket(Index t, const TicketSpec& spec);
  bool SetDemands(Index t, const TicketSpec& spec);  // whether they are other ones
  void MoveTo(Index t, Index q);
  void ForgetTicket(Index t);
  void SetState(Index t, TicketState state);
  void CountTicket(const TicketRecord& ticket, int sign);

  // ---- waiting.cc
  void Enlist(Index t);
  void Delist(Index t);
  void Share(Index t);  // more agents may see it
  void Unshare(Index t);
  void ArmTimers(Index t);
  void DropTimers(Index t);
  std::uint8_t StepAt(const TicketRecord& ticket, Nanos now) const;
  void Relist(Index t) {
    Delist(t);
    Enlist(t);
  }
  void JoinFans(Index t);
  void LeaveFans(Index t);
  void Expire(Index t);
  void AddPrice(Index t, Index a, Nanos price);
  void PriceEnded(Index t);
  void SetPriceTimer(Index t);
  bool Priced(const TicketRecord& ticket, const AgentRecord& agent) const;
  bool Refused(Index t);  // once more; true if that was the last time and it was set aside
  void Prefer(Index t, Index a);

  // ---- operations.cc
  void On(const TicketRequeued& event);
  void On(const TicketTransferred& event);
  // Takes the ticket from whoever has it, and leaves it waiting but not in a line.
  void Detach(Index t, std::string_view why);
  std::optional<Reject> CheckTarget(const TicketTransferred& event) const;

  // ---- offers.cc
  void On(const OfferReceived& event);
  void On(const OfferAccepted& event);
  void On(const OfferDeclined& event);
  Index Offer(Index t, Index a);
  void CloseOffer(Index w, OfferOutcome outcome, std::string_view why, ActToken act);
  // Ends the offer; the agent is free again, the ticket waits, but not yet in a line, unless others
  // still see it.
  void ReleaseOffer(Index w, OfferOutcome outcome, std::string_view why, ActToken act);
  void ReleaseOffersOf(Index t, std::string_view why);
  void AfterRefusal(Index t, Index a, Nanos price);
  void BackInLine(Index t);  // after one of its offers ended
  void ExpireOffer(Index w);
  void RevokeToQueue(Index w, std::string_view why);

  // ---- answers.cc
  Index FindWork(const OfferId& id) const;
  // The pending offer; or none, and the answer is given: Unchanged if it ended as the act wants it
  // to.
  Index PendingOrAnswer(const OfferId& id, std::string_view agent_id, ActToken act,
                        std::optional<OfferOutcome> wish);
  void AnswerEnded(const OfferId& id, std::string_view owner, OfferOutcome outcome,
                   std::string_view agent_id, ActToken act, std::optional<OfferOutcome> wish);
  EndedOffer* Remembered(const OfferId& id);
  // The live assignment; or none, and the answer is given.
  Index LiveOrAnswer(const AssignmentId& id, std::string_view agent_id, ActToken act,
                     bool completing);

  // ---- assignments.cc
  void On(const WrapUpStarted& event);
  void On(const AssignmentCompleted& event);
  void On(const AssignmentRestored& event);
  void On(const AssignmentFailed& event);
  void On(const AssignmentLost& event);
  void CountAssignment(const WorkRecord& work, int sign);
  void FreeWork(Index w);
  void EndWork(Index w, bool worked);                                  // and free its capacity
  void FinishAssignment(Index w, std::string_view why, ActToken act);  // and forget its ticket
  void EmitEnd(const WorkRecord& work, std::string_view why, ActToken act);

  // ---- choose.cc: the best pair that a ticket or an agent is part of
  Pair BestFor(Index t);  // with an agent that stands
  Pair BestOf(Index a);   // whether it stands or not
  Pair BestShared(Index a);
  Index FirstFor(Index l, Index a, bool claims);
  void ConsiderGroups(Index t, bool short_of_units, Pair* best);
  bool HasTaker(Index t);
  bool CanTake(Index t, Index a) const;
  bool CouldClaim(Index t, Index a) const;                // if nobody can take it
  bool LongWaiting(const TicketRecord& ticket) const;     // long enough for a claim
  bool Wants(const TicketRecord& ticket, Index a) const;  // a has neither declined nor got it
  bool Offered(const TicketRecord& ticket, Index a) const;
  bool InPlay(const TicketRecord& ticket) const;
  bool Better(const Pair& p, const Pair& q) const;
  Nanos ScoreOf(Index t, Index a) const;
  Nanos TicketScore(const LineHead& head, Nanos rank) const;
  Nanos Urgency(Nanos half_target, Nanos boost, Nanos wait) const;
  Nanos IdleScore(Nanos value) const;
  Nanos MisfitPrice(const Misfit& misfit, const QueueRecord& queue) const;
  Nanos ScarcityPrice(std::uint32_t worth, const LineHead& head) const;

  // ---- match.cc
  void Match();
  void MatchAgent(Index a);
  void MatchTicket();
  void MatchMany();
  struct LaterIn {  // for a heap with the best pair on top
    const Core& core;
    bool operator()(const Candidate& p, const Candidate& q) const;
  };
  Pair BestIf(Index a);           // none if it is gone
  Pair BestIfTouchable(Index t);  // none if it waits no more
  void PushBestOf(Index a);
  void PushBestFor(Index t);
  void PushCandidate(const Pair& pair, bool of_agent);
  void StandFrom(std::size_t first);  // of the loose, from that one on
  void Settle();                      // those still loose stand
  void Commit(const Pair& pair, Decision::Trigger trigger);
  void CheckClaims();
  bool ClaimHolds(Index t) const;
  void DropClaim(Index t);
  void LearnAll();
  void Touch(Index t) { touched_.push_back(t); }
  bool Touchable(Index t) const {
    return tickets_.Has(t) && (tickets_[t].waits || tickets_[t].shared);
  }

  // ---- burst.cc
  void MatchBurst();

  // ---- decisions.cc
  Decision* Record(const Pair& pair, Decision::Trigger trigger);
  Terms TicketTerms(Index t) const;
  Terms TermsOf(Index t, Index a) const;
  std::uint32_t CountEligible(Index t, Ineligible* others) const;
  void AgentsBehind(const Pair& pair, RunnersUp* out) const;
  void TicketsBehind(const Pair& pair, RunnersUp* out) const;

  // ---- views.cc
  OfferView ViewOfOffer(Index w) const;
  AssignmentView ViewOfAssignment(Index w) const;
  TicketView ViewOfTicket(Index t) const;
  QueueStats ViewOfQueue(Index q) const;  // without its oldest ticket
  Nanos OldestWaiting(Index q) const;
  std::optional<std::size_t> PositionOf(Index t) const;

  // ---- explain.cc
  TicketExplanation Explain(Index t) const;
  AgentExplanation ExplainAgent(Index a) const;

  const EngineOptions options_;
  Nanos now_ = kLongAgo;
  absl::Time now_time_ = absl::InfinitePast();
  Effects* out_ = nullptr;
  bool open_ = false;
  bool burst_ = false;  // many may meet many in this Match
  PoolRules pool_rules_;
  Nanos fair_window_ = 0;
  Nanos idle_bound_ = 0;
  Nanos loaded_price_ = 0;
  Nanos scarcity_bound_ = 0;  // zero: off
  Nanos scarcity_step_ = 0;
  std::uint64_t next_number_ = 1;
  std::uint64_t next_serial_ = 1;
  std::uint64_t next_emptied_ = 1;

  Slab<QueueRecord> queues_;
  Slab<LineRecord> lines_;
  BigVector<LineHead> heads_;  // by line
  Slab<TicketRecord> tickets_;
  Slab<AgentRecord> agents_;
  Slab<AgentProfile> profiles_;  // by agent
  Slab<WorkRecord> works_;
  std::vector<std::string> words_;
  HashIndex queue_ids_, ticket_ids_, agent_ids_, word_ids_;
  HashIndex work_numbers_;                         // of this epoch
  absl::flat_hash_map<OfferId, Index> restored_;   // of others
  absl::btree_set<std::string_view> queue_order_;  // ids, of the records
  Stamps wait_stamps_, price_stamps_;              // of tickets
  Stamps agent_stamps_, work_stamps_;
  BigVector<std::uint8_t> priced_;  // by ticket: whether it has prices

  std::vector<absl::btree_set<Index>> agents_by_skill_;  // by word
  std::vector<absl::btree_set<Index>> lines_by_skill_;   // by word: the lines' key skill
  absl::btree_set<Index> lines_without_skill_;
  absl::btree_set<std::pair<std::uint64_t, Index>> empty_lines_;  // longest empty first

  Timers timers_{work_stamps_, wait_stamps_, price_stamps_};
  BigVector<EndedOffer> ended_;  // offer n at n modulo the size
  std::vector<Index> pending_;   // offers, in no order
  std::vector<Index> touched_;   // tickets that may be offered, or claim
  std::vector<Index> loose_;     // agents that may take something
  std::vector<Group*> places_;   // of the agent that is about to stand
  std::vector<Index> claims_;    // tickets whose claim may not hold any more
  std::vector<Candidate> heap_;
  BestFew<limits::kMaxRunnersUp + 1> compared_;   // by the last BestOf, if decisions are recorded
  std::vector<std::pair<Index, Nanos>> lessons_;  // waits at the match, by line
  std::deque<Decision> decisions_;
  std::size_t decisions_used_ = 0;
  PoolStats pool_;
};

}  // namespace muster::engine
