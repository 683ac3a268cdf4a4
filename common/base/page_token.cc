#include "common/base/page_token.h"

#include <algorithm>
#include <cstdint>

#include "absl/strings/escaping.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "common/base/errors.h"
#include "common/base/strings.h"

namespace muster {
namespace {

constexpr int kHashDigits = 16;

// FNV-1a: it finds a mix-up, it does not keep secrets.
std::string HashOf(std::string_view text) {
  uint64_t hash = 14695981039346656037u;
  for (char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211u;
  return absl::StrCat(absl::Hex(hash, absl::kZeroPad16));
}

}  // namespace

std::string MakePageToken(std::string_view filters, std::string_view last_key) {
  return absl::WebSafeBase64Escape(absl::StrCat(HashOf(filters), ToAbsl(last_key)));
}

absl::StatusOr<std::string> ReadPageToken(std::string_view filters, std::string_view token) {
  if (token.empty()) return std::string();
  std::string plain;
  if (token.size() > kMaxPageTokenBytes || !absl::WebSafeBase64Unescape(ToAbsl(token), &plain) ||
      plain.size() <= kHashDigits) {
    return InvalidField("page_token", "must come from an earlier answer");
  }
  if (plain.compare(0, kHashDigits, HashOf(filters)) != 0) {
    return InvalidField("page_token", "must be used with the filters that it came with");
  }
  plain.erase(0, kHashDigits);
  if (plain.find('\0') != std::string::npos) {
    return InvalidField("page_token", "must come from an earlier answer");
  }
  return plain;
}

absl::StatusOr<int> PageSizeOf(int wanted) {
  if (wanted < 0) return InvalidField("page_size", "must not be negative");
  return wanted == 0 ? kDefaultPageSize : std::min(wanted, kMaxPageSize);
}

}  // namespace muster
