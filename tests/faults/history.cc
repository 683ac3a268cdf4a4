#include "tests/faults/history.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace muster::faults {

const char* NameOf(Act act) {
  switch (act) {
    case Act::kCreate:
      return "create";
    case Act::kCancel:
      return "cancel";
    case Act::kPresence:
      return "presence";
    case Act::kAccept:
      return "accept";
    case Act::kDecline:
      return "decline";
    case Act::kComplete:
      return "complete";
    case Act::kConfirmed:
      return "confirmed";
    case Act::kMisnumbered:
      return "misnumbered";
  }
  return "?";
}

const char* NameOf(Told told) {
  switch (told) {
    case Told::kUnknown:
      return "unknown";
    case Told::kYes:
      return "yes";
    case Told::kNo:
      return "no";
  }
  return "?";
}

std::string JsonText(const std::string& text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (static_cast<unsigned char>(c) < 0x20) {
      absl::StrAppendFormat(&out, "\\u%04x", static_cast<unsigned>(c));
    } else {
      out += c;
    }
  }
  return out + "\"";
}

std::string ToJson(const Entry& entry) {
  std::string line =
      absl::StrCat("{\"act\":\"", NameOf(entry.act), "\",\"told\":\"", NameOf(entry.told),
                   "\",\"asked_us\":", entry.asked_us, ",\"answered_us\":", entry.answered_us);
  const std::pair<const char*, const std::string*> texts[] = {
      {"client", &entry.client},   {"request_id", &entry.request_id},
      {"pool_id", &entry.pool_id}, {"ticket_id", &entry.ticket_id},
      {"work_id", &entry.work_id}, {"detail", &entry.detail},
      {"error", &entry.error}};
  for (const auto& [name, value] : texts) {
    if (!value->empty()) absl::StrAppend(&line, ",\"", name, "\":", JsonText(*value));
  }
  return line + "}";
}

}  // namespace muster::faults
