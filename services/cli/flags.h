// Forms of flags that several commands take.
//
//   verb->add_option("--priority-ahead", text, "…")->check(IsDuration());   // then
//   ParseDuration(text)
#pragma once

#include <string>
#include <vector>

#include "CLI/CLI.hpp"
#include "absl/time/time.h"
#include "google/protobuf/duration.pb.h"
#include "services/cli/context.h"

namespace muster::cli {

// "90s", "1m30s", "250ms", "2h"; not negative.
CLI::Validator IsDuration();
absl::Duration ParseDuration(const std::string& text);
google::protobuf::Duration ParseProtoDuration(const std::string& text);

// "billing" (level 1) or "billing:3".
CLI::Validator IsSkill();
// "key=value"
CLI::Validator IsAttribute();

// `add` is `[&] { return message.add_skills(); }` of any message with skill and level.
template <class Add>
void AddSkills(const std::vector<std::string>& texts, Add add) {
  for (const std::string& text : texts) {
    const size_t colon = text.rfind(':');
    auto* skill = add();
    skill->set_skill(text.substr(0, colon));
    skill->set_level(colon == std::string::npos ? 1 : std::stoi(text.substr(colon + 1)));
  }
}

// A group of verbs: `muster NOUN VERB`.
CLI::App* AddNoun(CLI::App& app, const std::string& noun, const std::string& description);

// `--limit` of lists: how many rows at most; all pages are fetched up to it. 0 means all.
struct Limit {
  int rows = 200;
  void Add(CLI::App* verb);
};

// Fetches pages until `limit` or the end into one response. `request` needs page_size and
// page_token, `rows` names the repeated field: `[](Response& r) { return r.mutable_tickets(); }`.
template <class Stub, class Request, class Response, class Rows>
absl::StatusOr<Response> ListAll(Context& context, Stub& stub,
                                 grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&,
                                                              Response*),
                                 Request request, const Limit& limit, Rows rows) {
  constexpr int kPage = 1000;
  Response all;
  while (true) {
    const int left = limit.rows == 0 ? kPage : limit.rows - rows(all)->size();
    request.set_page_size(std::min(kPage, left));
    auto page = context.Call(stub, method, request);
    if (!page.ok()) return page.status();
    rows(all)->MergeFrom(*rows(*page));
    all.set_next_page_token(page->next_page_token());
    if (page->next_page_token().empty() || (limit.rows > 0 && rows(all)->size() >= limit.rows)) {
      return all;
    }
    request.set_page_token(page->next_page_token());
  }
}

// Turns "queued" into the value of an enum whose names are `prefix` + upper case; Misused if
// unknown.
template <class Descriptor>
absl::StatusOr<int> ParseEnum(const Descriptor* descriptor, const std::string& prefix,
                              std::string text) {
  for (char& c : text) c = c == '-' ? '_' : static_cast<char>(std::toupper(c));
  if (const auto* value = descriptor->FindValueByName(prefix + text);
      value && value->number() > 0) {
    return value->number();
  }
  std::string known;
  for (int i = 1; i < descriptor->value_count(); ++i) {
    std::string name = descriptor->value(i)->name().substr(prefix.size());
    for (char& c : name) c = c == '_' ? '-' : static_cast<char>(std::tolower(c));
    known += (known.empty() ? "" : ", ") + name;
  }
  return Misused("'" + text + "' is none of " + known);
}

}  // namespace muster::cli
