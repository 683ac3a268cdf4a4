#include "services/simulation/json_reader.h"

#include <algorithm>
#include <cmath>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "nlohmann/json.hpp"

namespace muster::simulation {
namespace {

using nlohmann::json;

const json& NoObject() {
  static const json& none = *new json(json::object());
  return none;
}

// "line 3, column 14" of a byte.
std::string PlaceOf(const std::string& text, std::size_t byte) {
  byte = std::min(byte, text.size());
  const auto end = text.begin() + static_cast<std::ptrdiff_t>(byte);
  const auto line = std::count(text.begin(), end, '\n') + 1;
  const std::size_t start = byte == 0 ? std::string::npos : text.rfind('\n', byte - 1);
  const std::size_t column = start == std::string::npos ? byte : byte - start - 1;
  return absl::StrCat("line ", line, ", column ", column);
}

std::string Range(const std::string& least, const std::string& most) {
  return absl::StrCat("not within ", least, " and ", most);
}

}  // namespace

absl::StatusOr<json> ParseJson(const std::string& source, const std::string& text) {
  if (text.size() > kMostJsonBytes) {
    return absl::InvalidArgumentError(
        absl::StrCat(source, ": larger than ", kMostJsonBytes, " bytes"));
  }
  try {
    return json::parse(text);
  } catch (const json::parse_error& error) {
    return absl::InvalidArgumentError(
        absl::StrCat(source, ": no JSON at ", PlaceOf(text, error.byte), ": ", error.what()));
  }
}

void Problems::Add(const std::string& path, const std::string& problem) {
  problems_.push_back(absl::StrCat(path.empty() ? "the document" : path, ": ", problem));
}

absl::Status Problems::ToStatus(const std::string& source) const {
  if (ok()) return absl::OkStatus();
  std::vector<std::string> lines;
  for (const std::string& problem : problems_) {
    if (lines.size() == kMostProblemsShown) {
      lines.push_back(absl::StrCat("and ", problems_.size() - lines.size(), " more"));
      break;
    }
    lines.push_back(absl::StrCat(source, ": ", problem));
  }
  return absl::InvalidArgumentError(absl::StrJoin(lines, "\n"));
}

JsonObject::JsonObject(const json& value, std::string path, Problems* problems)
    : value_(value.is_object() ? value : NoObject()), path_(std::move(path)), problems_(problems) {
  if (!value.is_object()) problems_->Add(path_, "not an object, {...}");
}

bool JsonObject::Has(const std::string& name) const { return value_.contains(name); }

bool JsonObject::IsText(const std::string& name) const {
  const auto found = value_.find(name);
  return found != value_.end() && found->is_string();
}

std::string JsonObject::PathOf(const std::string& name) const {
  return path_.empty() ? name : absl::StrCat(path_, ".", name);
}

void JsonObject::Wrong(const std::string& name, const std::string& problem) {
  problems_->Add(PathOf(name), problem);
}

std::vector<std::string> JsonObject::Names() const {
  std::vector<std::string> names;
  for (const auto& item : value_.items()) names.push_back(item.key());
  return names;
}

const json* JsonObject::Find(const std::string& name) {
  known_.insert(name);
  const auto found = value_.find(name);
  return found == value_.end() ? nullptr : &*found;
}

bool JsonObject::Require(const std::string& name) {
  if (Has(name)) return true;
  known_.insert(name);
  Wrong(name, "is missing");
  return false;
}

bool JsonObject::Read(const std::string& name, double* to, double least, double most) {
  const json* found = Find(name);
  if (found == nullptr) return false;
  if (!found->is_number()) {
    Wrong(name, "not a number");
    return false;
  }
  const double value = found->get<double>();
  if (!(value >= least && value <= most)) {
    Wrong(name, Range(absl::StrCat(least), absl::StrCat(most)));
    return false;
  }
  *to = value;
  return true;
}

bool JsonObject::Read(const std::string& name, std::uint64_t* to, std::uint64_t least,
                      std::uint64_t most) {
  const json* found = Find(name);
  if (found == nullptr) return false;
  if (!found->is_number_unsigned()) {
    Wrong(name, "not a whole number");
    return false;
  }
  const auto value = found->get<std::uint64_t>();
  if (value < least || value > most) {
    Wrong(name, Range(absl::StrCat(least), absl::StrCat(most)));
    return false;
  }
  *to = value;
  return true;
}

bool JsonObject::Read(const std::string& name, std::uint32_t* to, std::uint32_t least,
                      std::uint32_t most) {
  std::uint64_t value = 0;
  if (!Read(name, &value, std::uint64_t{least}, std::uint64_t{most})) return false;
  *to = static_cast<std::uint32_t>(value);
  return true;
}

bool JsonObject::Read(const std::string& name, bool* to) {
  const json* found = Find(name);
  if (found == nullptr) return false;
  if (!found->is_boolean()) {
    Wrong(name, "neither true nor false");
    return false;
  }
  *to = found->get<bool>();
  return true;
}

bool JsonObject::Read(const std::string& name, std::string* to) {
  const json* found = Find(name);
  if (found == nullptr) return false;
  if (!found->is_string()) {
    Wrong(name, "not a text");
    return false;
  }
  *to = found->get<std::string>();
  return true;
}

bool JsonObject::Read(const std::string& name, std::vector<double>* to, double least, double most) {
  const json* found = Find(name);
  if (found == nullptr) return false;
  if (!found->is_array() || found->empty()) {
    Wrong(name, "not a list of numbers, [...]");
    return false;
  }
  std::vector<double> values;
  for (const json& item : *found) {
    const double value = item.is_number() ? item.get<double>() : least - 1;
    if (!(value >= least && value <= most)) {
      Wrong(absl::StrCat(name, "[", values.size(), "]"),
            absl::StrCat("not a number within ", least, " and ", most));
      return false;
    }
    values.push_back(value);
  }
  *to = std::move(values);
  return true;
}

bool JsonObject::Read(const std::string& name, std::vector<std::string>* to) {
  const json* found = Find(name);
  if (found == nullptr) return false;
  const bool texts =
      found->is_array() &&
      std::all_of(found->begin(), found->end(), [](const json& item) { return item.is_string(); });
  if (!texts) {
    Wrong(name, "not a list of texts, [\"...\"]");
    return false;
  }
  *to = found->get<std::vector<std::string>>();
  return true;
}

bool JsonObject::Read(const std::string& name, absl::Duration* to, absl::Duration least,
                      absl::Duration most) {
  const json* found = Find(name);
  if (found == nullptr) return false;
  absl::Duration value;
  if (!found->is_string() || !absl::ParseDuration(found->get<std::string>(), &value)) {
    Wrong(name, "not a duration such as \"20s\", \"1h30m\" or \"250ms\"");
    return false;
  }
  if (value < least || value > most) {
    Wrong(name, Range(absl::FormatDuration(least), absl::FormatDuration(most)));
    return false;
  }
  *to = value;
  return true;
}

bool JsonObject::Object(const std::string& name, const std::function<void(JsonObject&)>& read) {
  const json* found = Find(name);
  if (found == nullptr) return false;
  JsonObject object(*found, PathOf(name), problems_);
  read(object);
  object.Done();
  return true;
}

bool JsonObject::ForEach(const std::string& name, const std::function<void(JsonObject&)>& read) {
  const json* found = Find(name);
  if (found == nullptr) return false;
  if (!found->is_array()) {
    Wrong(name, "not a list, [...]");
    return false;
  }
  for (std::size_t i = 0; i < found->size(); ++i) {
    JsonObject object((*found)[i], absl::StrCat(PathOf(name), "[", i, "]"), problems_);
    read(object);
    object.Done();
  }
  return true;
}

void JsonObject::Done() {
  for (const std::string& name : Names()) {
    if (known_.count(name) > 0) continue;
    Wrong(name, absl::StrCat("unknown; known are ", absl::StrJoin(known_, ", ")));
  }
}

}  // namespace muster::simulation
