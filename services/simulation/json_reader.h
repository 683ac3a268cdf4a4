// Reads a JSON document by name and form, and says of everything that is wrong where it stands:
// "agents[2].shifts[0].from: not a time such as ...". Whatever is read is also checked off, so that
// a misspelt name is an error and not a rule that never counts.
//
// Not thread-safe; a reader must not outlive the document or the Problems.
//
//   Problems problems;
//   JsonObject root(document, "", &problems);
//   root.Read("seed", &seed, 0, 1e15);
//   root.ForEach("queues", [&](JsonObject& queue) { queue.Read("queue_id", &id); });
//   root.Done();
//   if (!problems.ok()) return problems.ToStatus("scenario.json");
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <set>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "nlohmann/json_fwd.hpp"

namespace muster::simulation {

inline constexpr std::size_t kMostJsonBytes = std::size_t{64} << 20;
inline constexpr std::size_t kMostProblemsShown = 10;

// INVALID_ARGUMENT with line and column where the text is no JSON.
absl::StatusOr<nlohmann::json> ParseJson(const std::string& source, const std::string& text);

class Problems {
 public:
  void Add(const std::string& path, const std::string& problem);
  bool ok() const { return problems_.empty(); }
  // INVALID_ARGUMENT, a line a problem.
  absl::Status ToStatus(const std::string& source) const;

 private:
  std::vector<std::string> problems_;
};

class JsonObject {
 public:
  // `value` that is no object is a problem, and reads as an empty one.
  JsonObject(const nlohmann::json& value, std::string path, Problems* problems);

  bool Has(const std::string& name) const;
  bool IsText(const std::string& name) const;
  const std::string& path() const { return path_; }
  std::string PathOf(const std::string& name) const;
  void Wrong(const std::string& name, const std::string& problem);
  Problems* problems() { return problems_; }
  // The names there are, in order.
  std::vector<std::string> Names() const;

  // Each leaves `to` as it is where the name is absent, and returns whether it was read.
  bool Read(const std::string& name, double* to, double least, double most);
  bool Read(const std::string& name, std::uint64_t* to, std::uint64_t least, std::uint64_t most);
  bool Read(const std::string& name, std::uint32_t* to, std::uint32_t least, std::uint32_t most);
  bool Read(const std::string& name, bool* to);
  bool Read(const std::string& name, std::string* to);
  bool Read(const std::string& name, std::vector<double>* to, double least, double most);
  bool Read(const std::string& name, std::vector<std::string>* to);
  // "20s", "1h30m", "250ms".
  bool Read(const std::string& name, absl::Duration* to, absl::Duration least, absl::Duration most);
  // The name is known, and says nothing here.
  void Skip(const std::string& name) { known_.insert(name); }
  // The name must be there.
  bool Require(const std::string& name);

  bool Object(const std::string& name, const std::function<void(JsonObject&)>& read);
  bool ForEach(const std::string& name, const std::function<void(JsonObject&)>& read);
  // What was never asked for is a problem.
  void Done();

 private:
  const nlohmann::json* Find(const std::string& name);

  const nlohmann::json& value_;
  std::string path_;
  Problems* problems_;
  std::set<std::string> known_;
};

}  // namespace muster::simulation
