#include "tests/faults/cell.h"

#include <grpcpp/client_context.h>

#include <csignal>
#include <stdexcept>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/time/clock.h"
#include "common/rpc/channel.h"
#include "muster/server/v1/server.grpc.pb.h"
#include "tests/support/eventually.h"
#include "tests/support/free_port.h"

namespace muster::faults {
namespace {

constexpr absl::Duration kStartLimit = absl::Seconds(90);
constexpr absl::Duration kAskLimit = absl::Seconds(2);
constexpr absl::Duration kStopLimit = absl::Seconds(40);
constexpr size_t kEarlierBytes = 64 * 1024;

}  // namespace

Node::Node(std::string name, std::string program, std::vector<std::string> args, int port,
           ProcessOptions options)
    : name_(std::move(name)),
      program_(std::move(program)),
      args_(std::move(args)),
      port_(port),
      options_(std::move(options)) {}

void Node::Start() {
  if (running()) return;
  if (process_ != nullptr) {
    const std::string said = process_->Stderr();
    earlier_ += said.size() > kEarlierBytes ? said.substr(said.size() - kEarlierBytes) : said;
    if (earlier_.size() > 4 * kEarlierBytes) earlier_.erase(0, earlier_.size() - 4 * kEarlierBytes);
  }
  process_ = std::make_unique<Process>(BinDir() + "/" + program_, args_, options_);
}

void Node::Kill() {
  process_->Signal(SIGKILL);
  process_->Wait();
}

void Node::Pause() { process_->Signal(SIGSTOP); }
void Node::Continue() { process_->Signal(SIGCONT); }

std::optional<int> Node::Stop() {
  process_->Signal(SIGCONT);
  process_->Signal(SIGTERM);
  return process_->Wait(kStopLimit);
}

bool Node::Serving() {
  auto channel = MakeChannel(absl::StrCat("127.0.0.1:", port_), {.own_connection = true});
  auto stub = server::v1::ServerInfoService::NewStub(channel);
  grpc::ClientContext call;
  call.set_deadline(absl::ToChronoTime(absl::Now() + kAskLimit));
  server::v1::ServerInfo info;
  if (!stub->GetServerInfo(&call, {}, &info).ok()) return false;
  for (const auto& service : info.services()) {
    if (!service.serving()) return false;
  }
  return info.services_size() > 0;
}

std::string Node::Log() const { return earlier_ + (process_ == nullptr ? "" : process_->Stderr()); }

Cell::Cell(CellOptions options)
    : options_(std::move(options)),
      postgres_(PostgresOptions{.fsync = true,
                                .settings = options_.postgres_settings,
                                .parent = options_.postgres_parent}) {
  database_url_ = postgres_.CreateDatabase();
  AddNodes();
  if (!MakeWhole(kStartLimit)) {
    std::string log;
    for (const auto& [name, node] : nodes_) absl::StrAppend(&log, name, ":\n", node->Log());
    throw std::runtime_error("the cell does not come up:\n" + log);
  }
}

Cell::~Cell() {
  for (auto& [name, node] : nodes_) {
    if (node->running()) node->Continue();
  }
  for (auto& [name, node] : nodes_) {
    if (node->running()) node->Kill();
  }
}

std::string Cell::Link(const std::string& from, const std::string& to, int port) {
  const std::string name = absl::StrCat(from, "->", to);
  if (options_.proxied) links_[name] = std::make_unique<TcpProxy>(port);
  return addresses_[name] =
             options_.proxied ? links_[name]->address() : absl::StrCat("127.0.0.1:", port);
}

std::string Cell::DatabaseUrlFor(const std::string& node) {
  return absl::StrReplaceAll(database_url_, {{absl::StrCat("127.0.0.1:", postgres_.port()),
                                              Link(node, "postgres", postgres_.port())}});
}

void Cell::AddNode(const std::string& name, const std::string& program, int port,
                   std::vector<std::string> args) {
  Link("clients", name, port);
  args.push_back(absl::StrCat("--listen=127.0.0.1:", port));
  args.push_back("--metrics-listen=127.0.0.1:0");
  args.push_back("--log-level=warning");
  args.push_back("--node-id=" + name);
  args.push_back("--database-url=" + DatabaseUrlFor(name));
  ProcessOptions process;
  if (!options_.clock_shim.empty()) {
    clocks_[name] =
        std::make_unique<ClockOffset>(absl::StrCat(options_.clock_folder, "/", name, ".clock"));
    process.env = clocks_[name]->Environment(options_.clock_shim);
  }
  nodes_[name] = std::make_unique<Node>(name, program, std::move(args), port, process);
}

void Cell::AddNodes() {
  std::vector<std::pair<std::string, int>> intakes, availabilities;
  for (int i = 1; i <= options_.intakes; ++i) {
    intakes.emplace_back(absl::StrCat("intake-", i), FreePort());
    AddNode(intakes.back().first, "muster-intake", intakes.back().second, {});
  }
  for (int i = 1; i <= options_.availabilities; ++i) {
    availabilities.emplace_back(absl::StrCat("availability-", i), FreePort());
    AddNode(availabilities.back().first, "muster-availability", availabilities.back().second,
            {"--lease=" + options_.lease, "--grace=" + options_.grace,
             "--advertise=" +
                 Link("matchers", availabilities.back().first, availabilities.back().second)});
  }
  for (int i = 1; i <= options_.matchers; ++i) {
    const std::string name = absl::StrCat("matcher-", i);
    std::vector<std::string> args = options_.matcher_args;
    const auto through = [&](const std::vector<std::pair<std::string, int>>& nodes) {
      std::vector<std::string> addresses;
      for (const auto& [node, port] : nodes) addresses.push_back(Link(name, node, port));
      return absl::StrJoin(addresses, ",");
    };
    args.push_back("--intake=" + through(intakes));
    args.push_back("--availability=" + through(availabilities));
    AddNode(name, "muster-matcher", FreePort(), args);
  }
}

std::vector<std::string> Cell::node_names() const {
  std::vector<std::string> names;
  for (const auto& [name, node] : nodes_) names.push_back(name);
  return names;
}

std::vector<std::string> Cell::link_names() const {
  std::vector<std::string> names;
  for (const auto& [name, link] : links_) names.push_back(name);
  return names;
}

std::vector<std::string> Cell::ClientAddresses(const std::string& prefix) const {
  std::vector<std::string> addresses;
  for (const auto& [name, address] : addresses_) {
    if (absl::StartsWith(name, "clients->" + prefix)) addresses.push_back(address);
  }
  return addresses;
}

void Cell::HealLinks() {
  for (auto& [name, link] : links_) link->Heal();
}

bool Cell::MakeWhole(absl::Duration limit) {
  postgres_.Start();
  postgres_.Resume();
  HealLinks();
  for (auto& [name, clock] : clocks_) clock->Set(absl::ZeroDuration());
  for (auto& [name, node] : nodes_) {
    if (node->running()) node->Continue();
    node->Start();
  }
  const absl::Time until = absl::Now() + limit;
  for (auto& [name, node] : nodes_) {
    if (!Eventually([&node = *node] { return node.Serving(); }, until - absl::Now())) return false;
  }
  return true;
}

}  // namespace muster::faults
