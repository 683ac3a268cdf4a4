#include "services/cli/replay/customers.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/base/errors.h"
#include "common/base/ids.h"
#include "common/rpc/proto_time.h"

namespace muster::replay {

Customers::Customers(Timers& timers, Desk& desk, OfferWatch& watch, Troubles& troubles,
                     const Trace& trace, const Pace& pace, CustomerOptions options, Idle idle)
    : timers_(timers),
      desk_(desk),
      watch_(watch),
      troubles_(troubles),
      trace_(trace),
      pace_(pace),
      options_(std::move(options)),
      idle_(std::move(idle)),
      customers_(trace.size()) {}

void Customers::Arrive(size_t place, absl::Duration due) {
  const TraceTicket& t = trace_[place];
  intake::v1::CreateTicketRequest request;
  request.set_request_id(NewId("replay"));
  intake::v1::Ticket& ticket = *request.mutable_ticket();
  ticket.set_pool_id(options_.pool);
  ticket.set_queue_id(t.queue);
  ticket.set_customer_id(t.customer);
  ticket.set_subject(t.subject);
  *ticket.mutable_priority_ahead() =
      ToProtoDuration(absl::Trunc(t.priority * options_.priority_step, absl::Milliseconds(1)));
  (*ticket.mutable_attributes())[kPlaceAttribute] = absl::StrCat(place);
  customers_[place].state = State::kCreating;
  ++waiting_;
  ++calls_;
  watch_.Sent(place, t.queue, timers_.Now(), idle_(t.queue));
  desk_.Create(request, [this, place](const absl::Status& status, const auto& answer) {
    OnCreated(place, status, answer);
  });
  if (t.patience_s) {
    ++waiting_with_patience_;
    timers_.At(due + std::max(pace_.Real(*t.patience_s), options_.min_patience),
               [this, place] { LosePatience(place); });
  }
}

void Customers::OnCreated(size_t place, const absl::Status& status,
                          const intake::v1::Ticket& ticket) {
  --calls_;
  Customer& customer = customers_[place];
  if (!status.ok()) {
    troubles_.Add(absl::StrCat("creating ", trace_[place].name), status);
    watch_.Gone(place);
    return End(place);
  }
  customer.told = told_.size();
  told_.push_back({ticket.ticket_id(), FromProtoTime(ticket.create_time())});
  watch_.Acknowledged(place, ticket.ticket_id());
  if (customer.taken_up) return End(place);
  customer.state = State::kWaiting;
  if (customer.out_of_patience) Leave(place);
}

void Customers::TakenUp(size_t place) {
  Customer& customer = customers_[place];
  customer.taken_up = true;
  if (customer.state == State::kWaiting) End(place);
}

void Customers::LosePatience(size_t place) {
  Customer& customer = customers_[place];
  customer.out_of_patience = true;
  if (customer.state == State::kWaiting) Leave(place);
}

void Customers::Leave(size_t place) {
  Customer& customer = customers_[place];
  customer.state = State::kLeaving;
  intake::v1::CancelTicketRequest request;
  request.set_request_id(NewId("replay"));
  request.set_ticket_id(told_[customer.told].id);
  request.set_reason("out of patience");
  ++calls_;
  desk_.Cancel(request, [this, place](const absl::Status& status, const auto& answer) {
    OnCancelled(place, status, answer);
  });
}

void Customers::OnCancelled(size_t place, const absl::Status& status,
                            const intake::v1::Ticket& ticket) {
  --calls_;
  ToldTicket& told = told_[customers_[place].told];
  if (status.ok()) {
    told.cancel = ToldTicket::Cancel::kDone;
    told.cancelled = FromProtoTime(ticket.end_time());
    watch_.Gone(place);
  } else if (ErrorReason(status) == "TICKET_ASSIGNED" || ErrorReason(status) == "TICKET_ENDED") {
    told.cancel = ToldTicket::Cancel::kRefused;
  } else {
    troubles_.Add(absl::StrCat("cancelling ", told.id), status);
  }
  End(place);
}

void Customers::End(size_t place) {
  customers_[place].state = State::kOver;
  --waiting_;
  if (trace_[place].patience_s) --waiting_with_patience_;
}

}  // namespace muster::replay
