// The service put together: everything but flags and signals, so that tests can run it in-process.
//
// Threading: made, started and ended by one thread.
//
//   App app(config);
//   MUSTER_RETURN_IF_ERROR(app.Start());
//   app.RunUntilTerminated();
#pragma once

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "services/intake/config.h"

namespace muster::intake {

class App {
 public:
  explicit App(Config config);
  // Drains: ends streams and feeds, finishes calls, writes what is queued.
  ~App();
  App(const App&) = delete;
  App& operator=(const App&) = delete;

  // Takes calls from now on, and refuses them until the database is there and up to date.
  absl::Status Start();
  void RunUntilTerminated();
  std::string address() const;

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace muster::intake
