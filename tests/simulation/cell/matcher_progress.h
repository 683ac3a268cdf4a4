// What a matcher tells intake: a batch at a time, again until it is answered.
//
// Threading: one thread.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "services/intake/convert/from_proto.h"
#include "services/matcher/core/pool_runner.h"
#include "tests/simulation/cell/intake_node.h"
#include "tests/simulation/cell/network.h"

namespace muster::cell {

class Progress final : public matcher::ProgressSink {
 public:
  using Answered =
      std::function<void(const std::string& pool_id, std::vector<matcher::ProgressAnswer>)>;

  Progress(Host& host, const Timeline& timeline, Connection& to_intake, IntakeNode& intake,
           Answered answered)
      : host_(host),
        timeline_(timeline),
        link_(to_intake),
        intake_(intake),
        answered_(std::move(answered)) {}

  void Send(const std::string& pool_id, intake::v1::ProgressEntry entry) override {
    pools_[pool_id].queue.push_back(std::move(entry));
  }
  void Flush(const std::string& pool_id) override {
    ToTell& pool = pools_[pool_id];
    if (pool.call != 0 || pool.queue.empty()) return;
    const uint64_t call = pool.call = ++calls_;
    intake::RecordProgress act{.pool_id = pool_id};
    for (const intake::v1::ProgressEntry& entry : pool.queue) {
      act.entries.push_back(*intake::WantedProgress(entry, timeline_.now(), ""));
    }
    Connection& link = link_;
    link.ToServer([this, &link, &to = intake_, pool_id, call, act, generation = link.generation()] {
      to.Apply({.act = act, .now = {}}, [this, &link, pool_id, call, generation](
                                            const absl::StatusOr<intake::Outcome>& outcome) {
        if (link.generation() != generation) return;
        link.ToClient([this, pool_id, call, outcome] { OnAnswer(pool_id, call, outcome); });
      });
    });
    host_.After(kAnswerWithin, [this, pool_id, call] { Again(pool_id, call); });
  }
  size_t Backlog(const std::string& pool_id) const override {
    auto it = pools_.find(pool_id);
    return it == pools_.end() ? 0 : it->second.queue.size();
  }
  void Forget(const std::string& pool_id) { pools_.erase(pool_id); }

 private:
  static constexpr absl::Duration kAnswerWithin = absl::Seconds(1);
  static constexpr absl::Duration kRetry = absl::Milliseconds(30);
  struct ToTell {
    std::deque<intake::v1::ProgressEntry> queue;
    uint64_t call = 0;
  };

  void Again(const std::string& pool_id, uint64_t call) {
    auto it = pools_.find(pool_id);
    if (it == pools_.end() || it->second.call != call) return;
    it->second.call = 0;
    Flush(pool_id);
  }
  void OnAnswer(const std::string& pool_id, uint64_t call,
                const absl::StatusOr<intake::Outcome>& outcome) {
    auto it = pools_.find(pool_id);
    if (it == pools_.end() || it->second.call != call) return;
    if (!outcome.ok()) {
      host_.After(kRetry, [this, pool_id, call] { Again(pool_id, call); });
      return;
    }
    it->second.call = 0;
    std::vector<matcher::ProgressAnswer> answers;
    for (const auto& answer : std::get<std::vector<intake::ProgressAnswer>>(*outcome)) {
      const intake::v1::ProgressEntry& entry = it->second.queue.front();
      answers.push_back({entry.ticket_id(), entry.progress_revision(),
                         static_cast<intake::v1::ProgressOutcome>(answer.outcome),
                         static_cast<intake::v1::TicketState>(answer.state)});
      it->second.queue.pop_front();
    }
    answered_(pool_id, std::move(answers));
    Flush(pool_id);
  }

  Host& host_;
  const Timeline& timeline_;
  Connection& link_;
  IntakeNode& intake_;
  const Answered answered_;
  std::map<std::string, ToTell> pools_;
  uint64_t calls_ = 0;
};

}  // namespace muster::cell
