#include "tests/faults/customers.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "common/rpc/channel.h"

namespace muster::faults {

using intake::v1::IntakeService;

Customers::Customers(World& world, const std::vector<std::string>& addresses,
                     CustomerOptions options)
    : world_(world), options_(std::move(options)) {
  for (const std::string& address : addresses) {
    stubs_.push_back(IntakeService::NewStub(MakeChannel(address, {.own_connection = true})));
  }
}

void Customers::Arrive() {
  if (world_.closing) return;
  world_.After(world_.random.Exponential(absl::Seconds(1) / options_.per_second),
               [this] { Arrive(); });
  const std::string customer_id = absl::StrCat("c-", ++arrived_);
  intake::v1::CreateTicketRequest request;
  request.set_request_id(absl::StrCat("create-", customer_id));
  auto& ticket = *request.mutable_ticket();
  const auto pick = [&](const std::vector<std::string>& all) {
    return all[static_cast<size_t>(world_.random.Below(static_cast<int>(all.size())))];
  };
  ticket.set_pool_id(pick(options_.pool_ids));
  ticket.set_queue_id(pick(options_.queue_ids));
  ticket.set_customer_id(customer_id);
  Create(customer_id, request, /*again=*/false);
}

void Customers::Create(const std::string& customer_id,
                       const intake::v1::CreateTicketRequest& request, bool again) {
  Entry entry{.act = Act::kCreate,
              .client = customer_id,
              .request_id = request.request_id(),
              .pool_id = request.ticket().pool_id(),
              .detail = customer_id};
  Ask<IntakeService::Stub, intake::v1::CreateTicketRequest, intake::v1::Ticket>(
      world_, stubs_, &IntakeService::Stub::AsyncCreateTicket, request, std::move(entry),
      [](const intake::v1::Ticket& ticket, Entry& e) { e.ticket_id = ticket.ticket_id(); },
      [this, request, customer_id, again](const Entry& e, const intake::v1::Ticket&) {
        if (e.told != Told::kYes || again) return;
        if (world_.random.Chance(options_.share_asking_twice)) {
          Create(customer_id, request, /*again=*/true);
        }
        if (!world_.random.Chance(options_.share_leaving)) return;
        world_.After(world_.random.Between(absl::ZeroDuration(), options_.patience),
                     [this, customer_id, pool = e.pool_id, ticket = e.ticket_id] {
                       Leave(customer_id, pool, ticket);
                     });
      });
}

void Customers::Leave(const std::string& customer_id, const std::string& pool_id,
                      const std::string& ticket_id) {
  intake::v1::CancelTicketRequest request;
  request.set_ticket_id(ticket_id);
  request.set_reason("waited too long");
  request.set_even_if_assigned(world_.random.Chance(0.3));
  request.set_request_id(absl::StrCat("cancel-", ticket_id));
  Entry entry{.act = Act::kCancel,
              .client = customer_id,
              .request_id = request.request_id(),
              .pool_id = pool_id,
              .ticket_id = ticket_id};
  Ask<IntakeService::Stub, intake::v1::CancelTicketRequest, intake::v1::Ticket>(
      world_, stubs_, &IntakeService::Stub::AsyncCancelTicket, request, std::move(entry),
      [](const intake::v1::Ticket&, Entry&) {}, [](const Entry&, const intake::v1::Ticket&) {});
}

}  // namespace muster::faults
