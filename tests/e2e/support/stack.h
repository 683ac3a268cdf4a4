// A whole Muster for one test program: a private PostgreSQL and the three services as processes.
//
//   Stack& stack = SharedStack();                  // or one's own, to kill parts of
//   Pool pool(stack, "chat");                      // a fresh pool, with one queue
//   ...
//   stack.Kill(Part::kMatcher); stack.Start(Part::kMatcher); stack.WaitUntilServing();
//
// Threading: the main thread makes and ends it (see process.h); stubs are thread-safe.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "muster/availability/v1/availability.grpc.pb.h"
#include "muster/intake/v1/intake.grpc.pb.h"
#include "muster/matcher/v1/matcher.grpc.pb.h"
#include "tests/support/postgres.h"
#include "tests/support/process.h"

namespace muster::e2e {

enum class Part { kIntake, kAvailability, kMatcher };

struct StackOptions {
  bool fsync = false;
  // How long an agent whose link ended is held.
  std::string grace = "10s";
  std::string lease = "60s";  // test agents send no heartbeats
  std::string lost_after = "2m";
};

class Stack {
 public:
  explicit Stack(StackOptions options = {});
  ~Stack();

  intake::v1::IntakeService::Stub& intake() { return *intake_; }
  availability::v1::AvailabilityService::Stub& availability() { return *availability_; }
  matcher::v1::MatcherService::Stub& matcher() { return *matcher_; }
  std::shared_ptr<grpc::Channel> channel(Part part) { return channels_.at(part); }
  std::string address(Part part) const;
  PrivatePostgres& postgres() { return postgres_; }
  const std::string& database_url() const { return database_url_; }
  // MUSTER_INTAKE and so on, for programs that use this stack.
  std::map<std::string, std::string> Environment() const;

  void Start(Part part);
  // SIGTERM, and its end; the exit code.
  int Stop(Part part);
  // SIGKILL.
  void Kill(Part part);
  bool Serving(Part part);
  void WaitUntilServing();
  Process& process(Part part) { return *processes_.at(part); }

 private:
  const StackOptions options_;
  PrivatePostgres postgres_;
  std::string database_url_;
  std::map<Part, int> ports_;
  std::map<Part, std::unique_ptr<Process>> processes_;
  std::map<Part, std::shared_ptr<grpc::Channel>> channels_;
  std::unique_ptr<intake::v1::IntakeService::Stub> intake_;
  std::unique_ptr<availability::v1::AvailabilityService::Stub> availability_;
  std::unique_ptr<matcher::v1::MatcherService::Stub> matcher_;
};

// One for the whole test program, made at first use. Tests that stop parts make their own.
Stack& SharedStack();

}  // namespace muster::e2e
