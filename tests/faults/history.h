// What every client asked, when, and what it was told: the one side of what the checker compares.
//
// One entry for each try of a request. A try without an answer that settles it is UNKNOWN: the
// system may have done it or not, and the same request id asked again must tell which.
//
//   History history;
//   history.Add({.act = Act::kCreate, .told = Told::kYes, .client = "c-7", .request_id = "r-1",
//   …}); out << ToJson(history.entries().back()) << "\n";
//
// Threading: one thread.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace muster::faults {

enum class Act {
  kCreate,       // a customer asks; `detail` is the customer
  kCancel,       // a customer leaves
  kPresence,     // an agent says whether it wants work; `detail` is the presence and its reason
  kAccept,       // an agent takes `work_id`
  kDecline,      // an agent does not
  kComplete,     // an agent ends `work_id`; `detail` is the disposition
  kConfirmed,    // the platform told the agent, unasked or not, that `work_id` is its own
  kMisnumbered,  // a frame that the agent was to get before did not come, or one came twice
};
enum class Told { kUnknown, kYes, kNo };

struct Entry {
  Act act = Act::kCreate;
  Told told = Told::kUnknown;
  std::string client;
  std::string request_id;
  std::string pool_id;
  std::string ticket_id;
  std::string work_id;  // an offer and the assignment that it became have one id
  std::string detail;
  std::string error;  // of a No or an Unknown
  int64_t asked_us = 0, answered_us = 0;
};

const char* NameOf(Act act);
const char* NameOf(Told told);
// One line, without its end.
std::string ToJson(const Entry& entry);
std::string JsonText(const std::string& text);

class History {
 public:
  // Called for each entry as it is added; may be empty.
  explicit History(std::function<void(const Entry&)> listener = {})
      : listener_(std::move(listener)) {}
  void Add(Entry entry) {
    entries_.push_back(std::move(entry));
    if (listener_) listener_(entries_.back());
  }
  const std::vector<Entry>& entries() const { return entries_; }

 private:
  const std::function<void(const Entry&)> listener_;
  std::vector<Entry> entries_;
};

}  // namespace muster::faults
