// Acts on offers and assignments: whether there is such a thing, whose it is, and what those hear
// who come late or twice.
#include "absl/strings/str_cat.h"
#include "services/matcher/engine/core.h"

namespace muster::engine {
namespace {

// All of it: the lines of a record are looked at one after the other otherwise.
template <typename Record>
void Prefetch(const Record* record) {
  const char* at = reinterpret_cast<const char*>(record);
  for (std::size_t i = 0; i < sizeof(Record) && i < 256; i += 64) __builtin_prefetch(at + i);
}

}  // namespace

Index Core::FindWork(const OfferId& id) const {
  if (id.epoch != options_.epoch) {
    const auto it = restored_.find(id);
    return it == restored_.end() ? kNone : it->second;
  }
  const Index w = work_numbers_.Find(HashNumber(id.number),
                                     [&](Index i) { return works_[i].id.number == id.number; });
  if (w != kNone) {  // all of them are about to be looked at: fetch them side by side
    const WorkRecord& work = works_[w];
    Prefetch(&agents_[work.agent]);
    Prefetch(&tickets_[work.ticket]);
    Prefetch(&queues_[work.queue]);
  }
  return w;
}

EndedOffer* Core::Remembered(const OfferId& id) {
  if (id.epoch != options_.epoch || id.number + ended_.size() < next_number_) return nullptr;
  EndedOffer& ended = ended_[id.number % ended_.size()];
  return ended.number == id.number && !ended.agent_id.empty() ? &ended : nullptr;
}

Index Core::PendingOrAnswer(const OfferId& id, std::string_view agent_id, ActToken act,
                            std::optional<OfferOutcome> wish) {
  const auto refuse = [&](absl::StatusCode code, std::string_view reason) {
    Refuse(act, code, reason, absl::StrCat("offer ", DebugString(id)));
    return kNone;
  };
  const Index w = FindWork(id);
  if (w != kNone && works_[w].state == WorkState::kOffer) {
    if (!agent_id.empty() && agents_[works_[w].agent].id != agent_id) {
      return refuse(absl::StatusCode::kPermissionDenied, reason::kOfferNotYours);
    }
    return w;
  }
  if (const EndedOffer* ended = Remembered(id)) {
    AnswerEnded(id, ended->agent_id, ended->outcome, agent_id, act, wish);
    return kNone;
  }
  if (w != kNone) {  // restored, or accepted long ago
    AnswerEnded(id, agents_[works_[w].agent].id, OfferOutcome::kAccepted, agent_id, act, wish);
    return kNone;
  }
  if (id.epoch < options_.epoch) {  // what a former matcher offered ended with it
    return refuse(absl::StatusCode::kFailedPrecondition, reason::kOfferRevoked);
  }
  return refuse(absl::StatusCode::kNotFound, reason::kOfferNotFound);
}

void Core::AnswerEnded(const OfferId& id, std::string_view owner, OfferOutcome outcome,
                       std::string_view agent_id, ActToken act, std::optional<OfferOutcome> wish) {
  std::string subject = absl::StrCat("offer ", DebugString(id));
  if (!agent_id.empty() && owner != agent_id) {
    return Refuse(act, absl::StatusCode::kPermissionDenied, reason::kOfferNotYours,
                  std::move(subject));
  }
  if (wish == outcome) return Emit(Unchanged{.offer = id, .act = act});
  std::string_view why = reason::kOfferRevoked;
  if (outcome == OfferOutcome::kAccepted) why = reason::kOfferAccepted;
  if (outcome == OfferOutcome::kDeclined) why = reason::kOfferDeclined;
  if (outcome == OfferOutcome::kExpired) why = reason::kOfferExpired;
  Refuse(act, absl::StatusCode::kFailedPrecondition, why, std::move(subject));
}

Index Core::LiveOrAnswer(const AssignmentId& id, std::string_view agent_id, ActToken act,
                         bool completing) {
  const auto refuse = [&](absl::StatusCode code, std::string_view reason) {
    Refuse(act, code, reason, absl::StrCat("assignment ", DebugString(id)));
    return kNone;
  };
  const Index w = FindWork(id);
  const bool live = w != kNone && works_[w].state != WorkState::kOffer;
  const EndedOffer* ended = live ? nullptr : Remembered(id);
  if (!live && (ended == nullptr || !ended->completed)) {
    return refuse(absl::StatusCode::kNotFound, reason::kAssignmentNotFound);
  }
  const std::string_view owner = live ? agents_[works_[w].agent].id : ended->agent_id;
  if (!agent_id.empty() && owner != agent_id) {
    return refuse(absl::StatusCode::kPermissionDenied, reason::kAssignmentNotYours);
  }
  if (live) {
    __builtin_prefetch(agents_[works_[w].agent].lines.data());  // for what it takes next
    return w;
  }
  if (!completing) {
    return refuse(absl::StatusCode::kFailedPrecondition, reason::kAssignmentCompleted);
  }
  Emit(Unchanged{.offer = id, .act = act});
  return kNone;
}

}  // namespace muster::engine
