// muster status: which services answer, whether they can serve and, if not, why.
#include <memory>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "common/base/errors.h"
#include "common/rpc/proto_time.h"
#include "muster/matcher/v1/members.grpc.pb.h"
#include "muster/server/v1/server.grpc.pb.h"
#include "services/cli/commands.h"
#include "services/cli/flags.h"
#include "services/cli/output.h"
#include "services/cli/terminal.h"

namespace muster::cli {
namespace {

using server::v1::ServerInfo;
using server::v1::ServerInfoService;

constexpr absl::Duration kLook = absl::Milliseconds(100);

struct Asked {
  std::string name;
  std::string address;
  absl::StatusOr<ServerInfo> answer;

  bool Serving() const {
    if (!answer.ok()) return false;
    for (const auto& service : answer->services()) {
      if (!service.serving()) return false;
    }
    return answer->services_size() > 0;
  }
  std::string Why() const {
    if (!answer.ok()) return Describe(answer.status());
    for (const auto& service : answer->services()) {
      if (!service.serving()) return service.service() + ": " + service.reason();
    }
    return answer->services_size() > 0 ? "" : "starting";
  }
};

std::vector<Asked> AskAll(Context& context) {
  const GlobalOptions& o = context.options();
  const absl::Status unasked = absl::UnknownError("not asked yet");
  std::vector<Asked> all = {{"intake", o.intake, unasked},
                            {"availability", o.availability, unasked},
                            {"matcher", o.matcher, unasked}};
  for (Asked& asked : all) {
    auto stub = ServerInfoService::NewStub(context.ChannelTo(asked.address));
    asked.answer = context.Call(*stub, &ServerInfoService::Stub::GetServerInfo,
                                server::v1::GetServerInfoRequest());
  }
  return all;
}

bool AllServe(const std::vector<Asked>& all) {
  for (const Asked& asked : all) {
    if (!asked.Serving()) return false;
  }
  return true;
}

void PrintTable(const std::vector<Asked>& all) {
  std::vector<std::vector<std::string>> rows;
  for (const Asked& asked : all) {
    const bool answers = asked.answer.ok();
    rows.push_back({asked.name, asked.address,
                    asked.Serving() ? "serving"
                    : answers       ? "NOT SERVING"
                                    : "DOWN",
                    answers ? asked.answer->version() : "",
                    answers ? Text(absl::Now() - FromProtoTime(asked.answer->start_time())) : "",
                    asked.Why()});
  }
  Print(RenderTable({"SERVICE", "ADDRESS", "STATE", "VERSION", "UP", "WHY"}, rows));
}

// Who has how many pools; nothing if the matcher that was asked is too old to know, or not there.
void PrintMatchers(Context& context) {
  auto stub = matcher::v1::MatcherMembers::NewStub(context.ChannelTo(context.options().matcher));
  absl::StatusOr<matcher::v1::ListMatchersResponse> answer = context.Call(
      *stub, &matcher::v1::MatcherMembers::Stub::ListMatchers, matcher::v1::ListMatchersRequest());
  if (!answer.ok()) return;
  std::vector<std::vector<std::string>> rows;
  for (const matcher::v1::Matcher& m : answer->matchers()) {
    rows.push_back({m.matcher_id(), m.address(), absl::StrCat(m.pools()),
                    m.takes_pools() ? "" : "takes none: leaving, or without intake"});
  }
  if (answer->pools_without_matcher() > 0) {
    rows.push_back({"(nobody)", "", absl::StrCat(answer->pools_without_matcher()),
                    "waiting for a matcher to take them"});
  }
  Print("\n");
  Print(RenderTable({"MATCHER", "ADDRESS", "POOLS", "WHY"}, rows));
}

void PrintAllJson(const std::vector<Asked>& all) {
  for (const Asked& asked : all) {
    ServerInfo info;
    if (asked.answer.ok()) {
      info = *asked.answer;
    } else {
      info.set_program("muster-" + asked.name);
      info.add_services()->set_reason(asked.Why());
    }
    PrintJson(info, /*pretty=*/false);
  }
}

absl::Status Status(Context& context, absl::Duration wait) {
  const absl::Time until = absl::Now() + wait;
  std::vector<Asked> all = AskAll(context);
  while (!AllServe(all) && absl::Now() < until && !Interrupted()) {
    WaitForInterrupt(kLook);
    all = AskAll(context);
  }
  if (context.options().output == Output::kJson) {
    PrintAllJson(all);
  } else {
    PrintTable(all);
    if (all.back().answer.ok()) PrintMatchers(context);
  }
  if (AllServe(all)) return absl::OkStatus();
  return Unavailable("NOT_SERVING", "not all services serve");
}

}  // namespace

void AddStatusCommand(CLI::App& app, Context& context) {
  auto wait = std::make_shared<std::string>("0s");
  CLI::App* verb =
      app.add_subcommand("status", "Services, health and versions; exit code 0 if all serve");
  verb->add_option("--wait", *wait, "wait up to this long for all to serve")->check(IsDuration());
  verb->callback([=, &context] {
    context.RunWatchable([=, &context] { return Status(context, ParseDuration(*wait)); });
  });
}

}  // namespace muster::cli
