// Customers: they come in a Poisson stream whatever the system does, ask for a person, and some of
// them leave again. Now and then one asks the same again under the same request id.
//
// Threading: the event loop's thread.
//
//   Customers customers(world, cell.IntakeAddresses(), {.pool_ids = {"p-1"}, .per_second = 40});
//   customers.Start();
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "muster/intake/v1/intake.grpc.pb.h"
#include "tests/faults/ask.h"

namespace muster::faults {

struct CustomerOptions {
  std::vector<std::string> pool_ids;
  std::vector<std::string> queue_ids;
  double per_second = 40;
  double share_leaving = 0.15;
  double share_asking_twice = 0.1;
  absl::Duration patience = absl::Seconds(3);  // of those who leave, at most
};

class Customers {
 public:
  Customers(World& world, const std::vector<std::string>& addresses, CustomerOptions options);
  // Until world.closing.
  void Start() { Arrive(); }
  int64_t arrived() const { return arrived_; }

 private:
  void Arrive();
  void Create(const std::string& customer_id, const intake::v1::CreateTicketRequest& request,
              bool again);
  void Leave(const std::string& customer_id, const std::string& pool_id,
             const std::string& ticket_id);

  World& world_;
  const CustomerOptions options_;
  std::vector<std::unique_ptr<intake::v1::IntakeService::Stub>> stubs_;
  int64_t arrived_ = 0;
};

}  // namespace muster::faults
