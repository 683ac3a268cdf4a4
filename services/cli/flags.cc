#include "services/cli/flags.h"

#include "common/rpc/proto_time.h"

namespace muster::cli {

CLI::Validator IsDuration() {
  return CLI::Validator(
      [](std::string& text) -> std::string {
        absl::Duration duration;
        if (absl::ParseDuration(text, &duration) && duration >= absl::ZeroDuration()) return "";
        return "'" + text + "' is not a duration such as 90s, 1m30s or 250ms";
      },
      "DURATION");
}

absl::Duration ParseDuration(const std::string& text) {
  absl::Duration duration;
  if (!absl::ParseDuration(text, &duration)) return absl::ZeroDuration();
  return duration;
}

google::protobuf::Duration ParseProtoDuration(const std::string& text) {
  return ToProtoDuration(ParseDuration(text));
}

CLI::Validator IsSkill() {
  return CLI::Validator(
      [](std::string& text) -> std::string {
        const size_t colon = text.rfind(':');
        if (colon == std::string::npos && !text.empty()) return "";
        if (colon == text.size() - 2 && text.back() >= '1' && text.back() <= '5') return "";
        return "'" + text + "' is not SKILL or SKILL:LEVEL with a level from 1 to 5";
      },
      "SKILL[:LEVEL]");
}

CLI::Validator IsAttribute() {
  return CLI::Validator(
      [](std::string& text) -> std::string {
        const size_t at = text.find('=');
        return at != std::string::npos && at > 0 ? "" : "'" + text + "' is not KEY=VALUE";
      },
      "KEY=VALUE");
}

CLI::App* AddNoun(CLI::App& app, const std::string& noun, const std::string& description) {
  CLI::App* group = app.add_subcommand(noun, description);
  group->require_subcommand(1);
  return group;
}

void Limit::Add(CLI::App* verb) {
  verb->add_option("--limit", rows, "most rows to show; 0 for all")
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str();
}

}  // namespace muster::cli
