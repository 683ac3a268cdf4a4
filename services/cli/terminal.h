// The terminal: interrupts, the screen, and single keys.
//
// Threading: CatchInterrupts first, from main; the rest from any thread.
#pragma once

#include <optional>

#include "absl/time/time.h"

namespace muster::cli {

// From now on SIGINT and SIGTERM make Interrupted() true instead of ending the process; a second
// one ends it at once.
void CatchInterrupts();
bool Interrupted();
// Returns at the interrupt, or after `duration`.
void WaitForInterrupt(absl::Duration duration);

// Does nothing where standard output is no terminal.
void ClearScreen();
bool StdoutIsTerminal();
bool StdinIsTerminal();

// While it lives, keys arrive one by one, without echo. Harmless where stdin is no terminal: then
// characters are read from the stream, line ends left out.
class Keys {
 public:
  Keys();
  ~Keys();
  Keys(const Keys&) = delete;
  Keys& operator=(const Keys&) = delete;

  // The next key; nothing after `wait`, at an interrupt, or at the end of input.
  std::optional<char> Next(absl::Duration wait);
  bool ended() const { return ended_; }

 private:
  bool raw_ = false;
  bool ended_ = false;
};

}  // namespace muster::cli
