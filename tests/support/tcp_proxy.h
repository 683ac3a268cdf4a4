// A TCP proxy inside the test, to be put between any two parts: it can cut, cut between a commit
// and its answer, delay, lose what goes one way, and refuse.
//
//   TcpProxy proxy(postgres.port());                  // listens on a port of its own of 127.0.0.1
//   Connection connection({.url = UrlAt(proxy.port())});
//   proxy.CutAnswerTo("COMMIT");                      // the server commits, the client never hears
//   ...
//   proxy.Heal();
//
// Every order holds for the connections that stand and for those that come, and is in force when
// the call returns. Bytes are never reordered, and a connection that lost some never goes on as if
// it had not: it is cut at the latest by Heal.
//
// Threading: thread-safe; one thread of its own.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "absl/time/time.h"

namespace muster {

class TcpProxy {
 public:
  enum class Way { kToServer, kToClient };
  // Bytes that one connection holds back in each direction before it stops reading.
  static constexpr size_t kMaxHeld = 1 << 20;
  static constexpr int kMaxConnections = 4096;

  // Throws std::runtime_error when it cannot listen. The target need not be there yet.
  explicit TcpProxy(int target_port);
  ~TcpProxy();
  TcpProxy(const TcpProxy&) = delete;
  TcpProxy& operator=(const TcpProxy&) = delete;

  int port() const { return port_; }
  std::string address() const { return "127.0.0.1:" + std::to_string(port_); }

  // Resets every connection. New ones are taken as before.
  void Cut();
  // Once: the first connection whose client sends `marker` (empty: anything) is reset as soon as
  // the server's next bytes have come, and before the client gets them.
  void CutAnswerTo(std::string marker);
  // Everything arrives this much later, both ways.
  void Delay(absl::Duration delay);
  // What goes this way is lost from now on, while the other way works.
  void Drop(Way way);
  // Resets every connection, and each that comes.
  void Refuse();
  // Ends all of the above, and cuts the connections that have lost bytes.
  void Heal();

  // How many answers CutAnswerTo has cut.
  int64_t answers_cut() const;
  int64_t accepted() const;

 private:
  struct Chunk {
    std::string bytes;
    absl::Time ripe;
  };
  struct Lane {  // one direction of a connection
    std::deque<Chunk> chunks;
    size_t held = 0;
    size_t offset = 0;  // of the first chunk, what has been written
    bool ended = false;
    bool end_passed_on = false;
  };
  struct Pair {
    int client = -1, server = -1;
    Lane to_server, to_client;
    bool lossy = false;   // has lost bytes
    bool marked = false;  // its next answer is to be cut
    std::string tail;     // of what the client sent, for a marker over two reads
  };

  void Run();
  void Order(std::function<void()> order);
  void RunOrders();
  int MillisUntilRipe() const;
  void Accept();
  void HandleEvent(int fd, uint32_t events);
  // Each returns false when the pair is gone.
  bool Read(Pair& pair, Way way);
  bool Take(Pair& pair, Way way, std::string bytes);
  bool Write(Pair& pair, Way way);
  void WriteRipe();
  void Watch(Pair& pair);
  void Reset(Pair& pair);
  void Release(Pair& pair, int (*close_fd)(int));
  void ResetIf(const std::function<bool(const Pair&)>& chosen);

  int port_ = 0;
  const int target_port_;
  int listener_ = -1, epoll_ = -1, wake_ = -1;

  // The thread's own.
  std::map<int, std::shared_ptr<Pair>> by_fd_;
  bool refuse_ = false, armed_ = false;
  bool drop_to_server_ = false, drop_to_client_ = false;
  std::string marker_;
  absl::Duration delay_;

  mutable std::mutex mutex_;
  std::condition_variable done_;
  std::deque<std::function<void()>> orders_;
  uint64_t ordered_ = 0, carried_out_ = 0;
  bool stop_ = false;
  int64_t answers_cut_ = 0, accepted_ = 0;
  std::thread thread_;
};

}  // namespace muster
