// Hosts that live, stand still and die, and connections between them that delay, break and are cut
// off.
//
// A connection keeps the order of what it carries each way. When it breaks, what is under way is
// lost and both ends hear of it a little later. A host that is stopped does nothing until it goes
// on; what came meanwhile it finds then. One that is killed has lost its memory: whatever it had
// scheduled does not happen.
//
// Threading: one thread.
//
//   Host matcher(timeline, "matcher-1");
//   Connection link(timeline, chance, matcher, intake, "matcher-1->intake");
//   link.Open({.opened = ..., .broken = ...}, {.opened = ..., .broken = ...});
//   link.ToServer([&] { ...runs on intake... });
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "tests/simulation/cell/timeline.h"

namespace muster::cell {

class Connection;

class Host {
 public:
  Host(Timeline& timeline, std::string name) : timeline_(timeline), name_(std::move(name)) {}

  const std::string& name() const { return name_; }
  bool up() const { return up_; }
  bool stopped() const { return stopped_; }
  uint64_t life() const { return life_; }

  void Start();
  void Kill();
  void Stop() { stopped_ = true; }
  void Continue();
  // Now, or when it goes on; not at all if it is killed before.
  void Run(std::function<void()> what);
  void After(absl::Duration wait, std::function<void()> what);
  // Called after each thing that it did.
  std::function<void()> idle = [] {};

 private:
  friend class Connection;

  Timeline& timeline_;
  const std::string name_;
  bool up_ = false;
  bool stopped_ = false;
  uint64_t life_ = 0;
  std::deque<std::function<void()>> waiting_;
  std::vector<Connection*> connections_;
};

class Connection {
 public:
  struct End {
    std::function<void()> opened = [] {};
    std::function<void()> broken = [] {};
  };

  Connection(Timeline& timeline, Chance& chance, Host& client, Host& server, std::string name);
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  const std::string& name() const { return name_; }
  // The client tries; it hears `broken` if it does not come to be. Not while it is up.
  void Open(End client, End server);
  bool up() const { return up_; }
  uint64_t generation() const { return generation_; }
  void ToServer(std::function<void()> what) { Carry(server_, &last_to_server_, std::move(what)); }
  void ToClient(std::function<void()> what) { Carry(client_, &last_to_client_, std::move(what)); }
  void Break();
  // Nothing gets through, and nothing can be opened, for so long. Nobody is told.
  void Partition(absl::Duration length);
  void Heal() { cut_off_until_ = absl::InfinitePast(); }

 private:
  bool CutOff() const { return timeline_.now() < cut_off_until_; }
  absl::Duration Delay() {
    return chance_.Between(absl::Microseconds(100), absl::Milliseconds(3), name_);
  }
  void Carry(Host& to, absl::Time* last, std::function<void()> what);

  Timeline& timeline_;
  Chance& chance_;
  Host& client_;
  Host& server_;
  const std::string name_;
  bool up_ = false;
  uint64_t generation_ = 0;
  absl::Time last_to_server_, last_to_client_;
  absl::Time cut_off_until_ = absl::InfinitePast();
  End client_end_, server_end_;
};

}  // namespace muster::cell
