// A whole cell as separate processes, with a TCP proxy in every connection: PostgreSQL, and any
// number of intake, availability and matcher nodes.
//
//   Cell cell({.intakes = 2, .availabilities = 2, .matchers = 3});
//   cell.node("matcher-1").Kill();  cell.node("matcher-1").Start();
//   cell.link("matcher-1->intake-2").Refuse();  cell.HealLinks();
//
// Links are named "from->to": from a node, "clients" or "matchers" (all of them, on their streams
// to a node of availability); to a node, "postgres".
//
// Threading: one thread makes it and orders it about; what nodes say may be read from any thread.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "tests/faults/clock_offset.h"
#include "tests/support/postgres.h"
#include "tests/support/process.h"
#include "tests/support/tcp_proxy.h"

namespace muster::faults {

struct CellOptions {
  int intakes = 1;
  int availabilities = 1;
  int matchers = 1;
  std::string lease = "6s";  // of an agent's session
  std::string grace = "2s";
  std::vector<std::string> matcher_args = {};
  bool proxied = true;  // false: straight connections, and no links
  std::vector<std::string> postgres_settings = {};
  std::string postgres_parent = "";  // where its folder is; the temporary folder if empty
  // The clock shim, if the nodes' clocks are to be set; then the folder for its files, too.
  std::string clock_shim = "", clock_folder = "";
};

class Node {
 public:
  Node(std::string name, std::string program, std::vector<std::string> args, int port,
       ProcessOptions options = {});

  const std::string& name() const { return name_; }
  int port() const { return port_; }
  bool running() { return process_ != nullptr && process_->running(); }
  pid_t pid() const { return process_->pid(); }
  void Start();
  void Kill();      // SIGKILL
  void Pause();     // SIGSTOP
  void Continue();  // SIGCONT
  // SIGTERM; the exit code, or nothing when it did not end in time.
  std::optional<int> Stop();
  // gRPC says that it serves.
  bool Serving();
  // Since its last start it has said something: it is past what the system does for any program.
  bool spoken() const { return process_ != nullptr && !process_->Stderr().empty(); }
  // What it has written since its last start, and the ends of what it wrote before.
  std::string Log() const;

 private:
  const std::string name_, program_;
  const std::vector<std::string> args_;
  const int port_;
  const ProcessOptions options_;
  std::unique_ptr<Process> process_;
  std::string earlier_;
};

class Cell {
 public:
  // Throws when it does not come up.
  explicit Cell(CellOptions options);
  ~Cell();

  PrivatePostgres& postgres() { return postgres_; }
  // Past the proxies.
  const std::string& database_url() const { return database_url_; }
  Node& node(const std::string& name) { return *nodes_.at(name); }
  TcpProxy& link(const std::string& name) { return *links_.at(name); }
  std::vector<std::string> node_names() const;
  std::vector<std::string> link_names() const;
  // As clients reach them; one address a node.
  std::vector<std::string> IntakeAddresses() const { return ClientAddresses("intake-"); }
  std::vector<std::string> AvailabilityAddresses() const {
    return ClientAddresses("availability-");
  }
  std::vector<std::string> MatcherAddresses() const { return ClientAddresses("matcher-"); }

  // Only with a clock shim: how far its wall clock is off.
  ClockOffset* clock(const std::string& node) {
    return clocks_.count(node) > 0 ? clocks_.at(node).get() : nullptr;
  }

  void HealLinks();
  // Starts what is down, heals every link, and waits until all serve; false when `limit` passes.
  bool MakeWhole(absl::Duration limit);

 private:
  // The address at which `from` reaches `to`.
  std::string Link(const std::string& from, const std::string& to, int port);
  std::string DatabaseUrlFor(const std::string& node);
  std::vector<std::string> ClientAddresses(const std::string& prefix) const;
  void AddNode(const std::string& name, const std::string& program, int port,
               std::vector<std::string> args);
  void AddNodes();

  const CellOptions options_;
  PrivatePostgres postgres_;
  std::string database_url_;
  std::map<std::string, std::string> addresses_;  // by the name of the link
  std::map<std::string, std::unique_ptr<TcpProxy>> links_;
  std::map<std::string, std::unique_ptr<ClockOffset>> clocks_;
  std::map<std::string, std::unique_ptr<Node>> nodes_;
};

}  // namespace muster::faults
