#include "services/matcher/domain/work_id.h"

#include <charconv>

#include "absl/strings/str_cat.h"
#include "common/base/ids.h"

namespace muster::matcher {
namespace {

// Digits only, no leading zero: each id has one text.
std::optional<uint64_t> ParseNumber(std::string_view text, uint64_t greatest) {
  if (text.empty() || text.front() < '1' || text.front() > '9') return std::nullopt;
  uint64_t value = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  if (value > greatest) return std::nullopt;
  return value;
}

}  // namespace

std::string WorkId::ToString() const { return absl::StrCat(pool_id, "/", epoch, "/", number); }

int64_t WorkId::Sequence() const {
  return static_cast<int64_t>(epoch << kSequenceNumberBits | number);
}

WorkId WorkId::FromSequence(std::string_view pool_id, int64_t sequence) {
  auto bits = static_cast<uint64_t>(sequence);
  return {std::string(pool_id), bits >> kSequenceNumberBits, bits & kMaxOfferNumber};
}

std::optional<WorkId> ParseWorkId(std::string_view id) {
  size_t first = id.find('/');
  if (first == std::string_view::npos) return std::nullopt;
  size_t second = id.find('/', first + 1);
  if (second == std::string_view::npos) return std::nullopt;
  std::string_view pool_id = id.substr(0, first);
  if (!IsValidId(pool_id)) return std::nullopt;
  auto epoch = ParseNumber(id.substr(first + 1, second - first - 1), kMaxEpoch);
  auto number = ParseNumber(id.substr(second + 1), kMaxOfferNumber);
  if (!epoch || !number) return std::nullopt;
  return WorkId{std::string(pool_id), *epoch, *number};
}

}  // namespace muster::matcher
