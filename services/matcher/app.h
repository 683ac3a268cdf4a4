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
#include "services/matcher/config.h"

namespace muster::matcher {

class App {
 public:
  explicit App(Config config);
  // Drains: no more offers, finishes calls, records and tells what has happened.
  ~App();
  App(const App&) = delete;
  App& operator=(const App&) = delete;

  // Takes calls from now on, and pools once the database is there and up to date.
  absl::Status Start();
  void RunUntilTerminated();
  std::string address() const;

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace muster::matcher
