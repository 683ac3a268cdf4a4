#include "tests/e2e/support/stack.h"

#include <csignal>
#include <stdexcept>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "common/rpc/channel.h"
#include "muster/server/v1/server.grpc.pb.h"
#include "tests/support/eventually.h"
#include "tests/support/free_port.h"

namespace muster::e2e {
namespace {

constexpr Part kParts[] = {Part::kIntake, Part::kAvailability, Part::kMatcher};
// A start applies migrations; under a sanitizer on a busy machine that takes its time.
constexpr absl::Duration kStartLimit = absl::Seconds(60);
constexpr absl::Duration kAskLimit = absl::Seconds(2);

std::string ProgramOf(Part part) {
  switch (part) {
    case Part::kIntake:
      return "muster-intake";
    case Part::kAvailability:
      return "muster-availability";
    case Part::kMatcher:
      return "muster-matcher";
  }
  throw std::logic_error("no such part");
}

}  // namespace

Stack::Stack(StackOptions options)
    : options_(std::move(options)), postgres_(PostgresOptions{.fsync = options_.fsync}) {
  database_url_ = postgres_.CreateDatabase();
  for (Part part : kParts) {
    ports_[part] = FreePort();
    channels_[part] = MakeChannel(address(part));
  }
  intake_ = intake::v1::IntakeService::NewStub(channel(Part::kIntake));
  availability_ = availability::v1::AvailabilityService::NewStub(channel(Part::kAvailability));
  matcher_ = matcher::v1::MatcherService::NewStub(channel(Part::kMatcher));
  for (Part part : kParts) Start(part);
  WaitUntilServing();
}

Stack::~Stack() {
  for (auto& [part, process] : processes_) process->Signal(SIGTERM);
  for (auto& [part, process] : processes_) process->Wait();
}

std::string Stack::address(Part part) const { return absl::StrCat("127.0.0.1:", ports_.at(part)); }

std::map<std::string, std::string> Stack::Environment() const {
  return {{"MUSTER_INTAKE", address(Part::kIntake)},
          {"MUSTER_AVAILABILITY", address(Part::kAvailability)},
          {"MUSTER_MATCHER", address(Part::kMatcher)}};
}

void Stack::Start(Part part) {
  std::vector<std::string> args = {absl::StrCat("--listen=", address(part)),
                                   absl::StrCat("--database-url=", database_url_),
                                   "--metrics-listen=127.0.0.1:0"};
  if (part == Part::kAvailability) {
    args.push_back("--grace=" + options_.grace);
    args.push_back("--lease=" + options_.lease);
  }
  if (part == Part::kMatcher) {
    args.push_back("--intake=" + address(Part::kIntake));
    args.push_back("--availability=" + address(Part::kAvailability));
    args.push_back("--lost-after=" + options_.lost_after);
  }
  processes_[part] = std::make_unique<Process>(BinDir() + "/" + ProgramOf(part), args);
}

int Stack::Stop(Part part) {
  process(part).Signal(SIGTERM);
  return process(part).Wait().value_or(-1);
}

void Stack::Kill(Part part) {
  process(part).Signal(SIGKILL);
  process(part).Wait();
}

bool Stack::Serving(Part part) {
  auto stub = server::v1::ServerInfoService::NewStub(channel(part));
  grpc::ClientContext call;
  call.set_deadline(absl::ToChronoTime(absl::Now() + kAskLimit));
  server::v1::ServerInfo info;
  if (!stub->GetServerInfo(&call, {}, &info).ok()) return false;
  for (const auto& service : info.services()) {
    if (!service.serving()) return false;
  }
  return info.services_size() > 0;
}

void Stack::WaitUntilServing() {
  for (Part part : kParts) {
    if (Eventually([&] { return Serving(part); }, kStartLimit)) continue;
    throw std::runtime_error(ProgramOf(part) + " does not serve; it says:\n" +
                             process(part).Stderr());
  }
}

Stack& SharedStack() {
  static Stack stack;
  return stack;
}

}  // namespace muster::e2e
