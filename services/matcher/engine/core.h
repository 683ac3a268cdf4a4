// The engine's inside: one object that holds all records and changes them, its functions spread
// over the files named below. Internal to services/matcher/engine; see engine.h for the rules.
//
// Not thread-safe. `now_` and `out_` are those of the Apply under way.
//
// How a change is made: an agent is taken out of its lines (Withdraw), changed, and put back in its
// new place (Present); a ticket likewise (Delist, Enlist). Whatever may now match is marked
// (touched_...), and Match() then makes the offers, once, when the event has been dealt with.
#pragma once

#include <cstdint>
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
#include "services/matcher/engine/records.h"
#include "services/matcher/engine/slab.h"
#include "services/matcher/engine/timers.h"

namespace muster::engine {

class Core {
 public:
  explicit Core(EngineOptions options);

  // engine.cc
  void Apply(const Event& event, absl::Time now, Effects* out);
  absl::Time NextWakeup() const { return timers_.Next(); }

  // invariants.cc
  absl::Status CheckInvariants() const;

 private:
  friend class Engine;  // for its views
  friend class InvariantChecker;

  // ---- engine.cc: dispatch, time, opening and closing
  void FireDue();
  void Fire(const Timer& timer);
  void On(const MatchingOpened&);
  void On(const MatchingClosed&);
  void On(const TimePassed&) {}
  void On(const PoolChanged&) {}
  void Emit(Effect effect) { out_->push_back(std::move(effect)); }
  void Refuse(ActToken act, absl::StatusCode code, std::string_view reason, std::string subject);

  // ---- queues.cc
  void On(const QueueChanged& event);
  void On(const QueueRemoved& event);
  Index QueueFor(std::string_view id);  // makes one that does not exist yet
  void ForgetQueueIfUnused(Index q);
  void TakeQueueApart(Index q);    // its tickets out of their lines, its lines away
  void PutQueueTogether(Index q);  // its tickets into new lines
  void RevokeUnfitOffersOf(Index q);
  Levels Intern(const std::vector<SkillLevel>& skills);
  Index InternWord(std::string_view word);  // skills and languages

  // ---- lines.cc
  Index LineFor(Index q, const LineKey& key);
  void DropLine(Index l);
  void NoteEmpty(Index l);
  void NoteInUse(Index l);
  template <typename Fn>
  void ForEachCandidate(const LineRecord& line, Fn fn) const;  // agents that might fit
  bool Fits(const AgentRecord& agent, Index a, const LineRecord& line) const;
  bool FitsTicket(Index a, const TicketRecord& ticket) const;
  void Refit(Index a);  // which lines an agent fits, anew; the agent must be withdrawn
  void Withdraw(Index a);
  void Present(Index a);
  void Count(const AgentRecord& agent, int sign);  // in the pool's statistics

  // ---- agents.cc
  void On(const AgentChanged& event);
  void On(const AgentRemoved& event);
  Index AgentFor(std::string_view id);  // makes an unregistered one
  void ForgetAgentIfUnused(Index a);
  void Enter(Index a, const AgentSpec& spec);
  void File(Index a, bool in);  // under its skills
  void RevokeOffersAfterChange(Index a);
  void ReleaseReserved(Index a);  // tickets transferred to an agent that left or cannot serve them
  bool CanServeReserved(Index a, std::uint32_t weight) const;
  static bool Available(const AgentRecord& agent);
  static std::uint32_t Free(const AgentRecord& agent);

  // ---- tickets.cc
  void On(const TicketQueued& event);
  void On(const TicketDetailed& event);
  void On(const TicketGone& event);
  Index NewTicket(const TicketSpec& spec, TicketState state);
  void UpdateTicket(Index t, const TicketSpec& spec);
  void SetSpec(Index t, const TicketSpec& spec);
  void ForgetTicket(Index t);
  void SetState(Index t, TicketState state);
  void CountTicket(Index t, int sign);  // in its queue's and the pool's statistics
  void Enlist(Index t);
  void Delist(Index t);
  void ArmExpiry(Index t);
  void DisarmExpiry(Index t);
  void Expire(Index t);
  void AddPrice(Index t, Index a, absl::Duration price);
  void PriceEnded(Index t);
  void SetPriceTimer(Index t);
  bool Priced(const TicketRecord& ticket, const AgentRecord& agent) const;

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
  void Offer(Index t, Index a);
  // The pending offer; or none, and the answer is given: Unchanged if it ended as the act wants it
  // to.
  Index PendingOrAnswer(const OfferId& id, std::string_view agent_id, ActToken act,
                        std::optional<OfferOutcome> wish);
  void AnswerEnded(const OfferId& id, const EndedOffer& ended, std::string_view agent_id,
                   ActToken act, std::optional<OfferOutcome> wish);
  void CloseOffer(Index o, OfferOutcome outcome, std::string_view why, ActToken act);
  // Ends the offer; the agent is free again, the ticket waits, but not yet in a line.
  void ReleaseOffer(Index o, OfferOutcome outcome, std::string_view why, ActToken act);
  void ExpireOffer(Index o);
  void RevokeToQueue(Index o, std::string_view why);
  EndedOffer* Remembered(const OfferId& id);
  OfferId IdOf(const OfferRecord& offer) const { return {options_.epoch, offer.number}; }

  // ---- assignments.cc
  void On(const WrapUpStarted& event);
  void On(const AssignmentCompleted& event);
  void On(const AssignmentRestored& event);
  void On(const AssignmentFailed& event);
  void On(const AssignmentLost& event);
  Index AddAssignment(AssignmentRecord assignment);
  // The live assignment; or none, and the answer is given.
  Index LiveOrAnswer(const AssignmentId& id, std::string_view agent_id, ActToken act,
                     bool completing);
  void EnterWrapUp(Index s, absl::Time deadline);
  void CountAssignment(const AssignmentRecord& assignment, int sign);
  void RemoveAssignment(Index s, bool worked);                         // and free its capacity
  void FinishAssignment(Index s, std::string_view why, ActToken act);  // and forget its ticket
  void EmitEnd(const AssignmentRecord& assignment, std::string_view why, ActToken act);

  // ---- match.cc
  void Match();
  Index BestAgent(const TicketRecord& ticket) const;
  const TicketKey* BestTicket(Index a) const;
  const TicketKey* FirstFor(const LineRecord& line, const AgentRecord& agent) const;
  void Touch(Index a) { touched_agents_.push_back(a); }

  // ---- views.cc
  OfferView ViewOfOffer(Index o) const;
  AssignmentView ViewOfAssignment(Index s) const;
  TicketView ViewOfTicket(Index t) const;
  QueueStats ViewOfQueue(Index q) const;

  EngineOptions options_;
  absl::Time now_ = absl::InfinitePast();
  Effects* out_ = nullptr;
  bool open_ = false;
  std::uint64_t next_number_ = 1;
  std::uint64_t next_serial_ = 1;
  std::uint64_t next_emptied_ = 1;

  Slab<QueueRecord> queues_;
  Slab<LineRecord> lines_;
  Slab<TicketRecord> tickets_;
  Slab<AgentRecord> agents_;
  Slab<OfferRecord> offers_;
  Slab<AssignmentRecord> assignments_;
  // Looked up, never walked through: their order differs from build to build.
  IdMap queue_ids_, ticket_ids_, agent_ids_, words_;
  absl::flat_hash_map<std::uint64_t, Index> offer_numbers_;
  absl::flat_hash_map<AssignmentId, Index> assignment_ids_;
  absl::btree_set<std::string_view> queue_order_;  // ids, of the records

  std::vector<absl::btree_set<Index>> agents_by_skill_;  // by word
  std::vector<absl::btree_set<Index>> lines_by_skill_;   // by word: the lines' key skill
  absl::btree_set<Index> lines_without_skill_;
  absl::btree_set<std::pair<std::uint64_t, Index>> empty_lines_;  // longest empty first

  Timers timers_;
  std::vector<EndedOffer> ended_;  // offer n at n modulo the size
  std::vector<Index> touched_tickets_;
  std::vector<Index> touched_agents_;
  PoolStats pool_;
};

}  // namespace muster::engine
