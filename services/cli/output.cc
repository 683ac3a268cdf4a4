#include "services/cli/output.h"

#include <cmath>
#include <fstream>
#include <iostream>
#include <iterator>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "common/rpc/proto_time.h"
#include "google/protobuf/util/json_util.h"

namespace muster::cli {
namespace {

constexpr size_t kWidestCell = 60;

// Continuation bytes of UTF-8 take no column of their own.
size_t Width(const std::string& text) {
  size_t width = 0;
  for (const char c : text) width += (static_cast<unsigned char>(c) & 0xC0) != 0x80;
  return width;
}

std::string Cut(const std::string& text) {
  if (Width(text) <= kWidestCell) return text;
  size_t width = 0;
  size_t at = 0;
  while (at < text.size() && width + 1 < kWidestCell) {
    ++at;
    while (at < text.size() && (static_cast<unsigned char>(text[at]) & 0xC0) == 0x80) ++at;
    ++width;
  }
  return text.substr(0, at) + "…";
}

}  // namespace

std::string RenderTable(const std::vector<std::string>& titles,
                        const std::vector<std::vector<std::string>>& rows) {
  std::vector<size_t> widths;
  for (const std::string& title : titles) widths.push_back(Width(title));
  std::vector<std::vector<std::string>> lines = {titles};
  for (const auto& row : rows) {
    std::vector<std::string>& line = lines.emplace_back();
    for (size_t i = 0; i < row.size(); ++i) {
      line.push_back(Cut(row[i]));
      widths[i] = std::max(widths[i], Width(line.back()));
    }
  }
  std::string out;
  for (const auto& line : lines) {
    std::string text;
    for (size_t i = 0; i < line.size(); ++i) {
      text += line[i];
      if (i + 1 < line.size()) text += std::string(widths[i] - Width(line[i]) + 2, ' ');
    }
    text.erase(text.find_last_not_of(' ') + 1);
    out += text + "\n";
  }
  return out;
}

void Print(const std::string& text) { std::cout << text << std::flush; }

void PrintJson(const google::protobuf::Message& message, bool pretty) {
  google::protobuf::util::JsonPrintOptions options;
  options.add_whitespace = pretty;
  options.preserve_proto_field_names = true;
  options.always_print_primitive_fields = true;
  std::string json;
  const auto status = google::protobuf::util::MessageToJsonString(message, &json, options);
  if (!status.ok()) json = "{}";
  Print(pretty ? json : json + "\n");
}

std::string Text(absl::Duration duration) {
  const double s = absl::ToDoubleSeconds(duration);
  if (s < 0) return "-" + Text(-duration);
  if (s == 0) return "0s";
  if (s < 1) return absl::StrFormat("%.0fms", s * 1000);
  if (s < 60) return absl::StrFormat("%.1fs", s);
  if (s < 3600) return absl::StrFormat("%dm%02ds", int(s) / 60, int(s) % 60);
  return absl::StrFormat("%dh%02dm", int64_t(s) / 3600, int64_t(s) % 3600 / 60);
}

std::string Text(const google::protobuf::Duration& duration) {
  return Text(FromProtoDuration(duration));
}

std::string Text(const google::protobuf::Timestamp& time) {
  if (time.seconds() == 0 && time.nanos() == 0) return "";
  return absl::FormatTime("%Y-%m-%d %H:%M:%E3S", FromProtoTime(time), absl::LocalTimeZone());
}

std::string EnumText(std::string_view full_name, std::string_view prefix) {
  if (full_name.substr(0, prefix.size()) == prefix) full_name.remove_prefix(prefix.size());
  return std::string(full_name);
}

std::string EnumText(const google::protobuf::Message& message, const std::string& field) {
  const auto* descriptor = message.GetDescriptor()->FindFieldByName(field);
  const auto* value = message.GetReflection()->GetEnum(message, descriptor);
  // Values are named after their type: TicketState → TICKET_STATE_.
  const std::string unspecified = descriptor->enum_type()->FindValueByNumber(0)->name();
  return EnumText(value->name(), unspecified.substr(0, unspecified.size() - 11));
}

absl::StatusOr<std::string> ReadAll(const std::string& path) {
  if (path == "-") {
    return std::string(std::istreambuf_iterator<char>(std::cin), std::istreambuf_iterator<char>());
  }
  std::ifstream file(path, std::ios::binary);
  if (!file) return Misused(absl::StrCat("cannot read ", path));
  return std::string(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>());
}

absl::Status ReadJson(const std::string& path, google::protobuf::Message* message) {
  auto text = ReadAll(path);
  if (!text.ok()) return text.status();
  const auto status = google::protobuf::util::JsonStringToMessage(*text, message);
  if (status.ok()) return absl::OkStatus();
  return Misused(absl::StrCat(path, ": ", std::string(status.message())));
}

}  // namespace muster::cli
