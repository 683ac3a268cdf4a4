#include "services/matcher/service/record_protos.h"

#include <string>

#include "common/rpc/proto_time.h"

namespace muster::matcher {

v1::Offer ToProto(const Offer& offer) {
  v1::Offer proto;
  proto.set_offer_id(offer.offer_id);
  proto.set_pool_id(offer.pool_id);
  proto.set_ticket_id(offer.ticket_id);
  proto.set_queue_id(offer.queue_id);
  proto.set_agent_id(offer.agent_id);
  proto.set_state(static_cast<v1::OfferState>(offer.state));
  proto.set_reason(offer.reason);
  *proto.mutable_create_time() = ToProtoTime(offer.create_time);
  if (offer.receive_time) *proto.mutable_receive_time() = ToProtoTime(*offer.receive_time);
  *proto.mutable_expire_time() = ToProtoTime(offer.expire_time);
  if (offer.end_time) *proto.mutable_end_time() = ToProtoTime(*offer.end_time);
  *proto.mutable_waited() = ToProtoDuration(offer.create_time - offer.ticket_create_time);
  return proto;
}

v1::Offer ToProto(std::string_view pool_id, const PendingOffer& offer) {
  v1::Offer proto;
  proto.set_offer_id(offer.offer_id);
  proto.set_pool_id(std::string(pool_id));
  proto.set_ticket_id(offer.view.ticket_id);
  proto.set_queue_id(offer.view.queue_id);
  proto.set_agent_id(offer.view.agent_id);
  proto.set_state(v1::OFFER_STATE_PENDING);
  *proto.mutable_create_time() = ToProtoTime(offer.view.make_time);
  if (offer.receive_time) *proto.mutable_receive_time() = ToProtoTime(*offer.receive_time);
  *proto.mutable_expire_time() = ToProtoTime(offer.view.deadline);
  *proto.mutable_waited() = ToProtoDuration(offer.waited);
  return proto;
}

v1::Assignment ToProto(const Assignment& a) {
  v1::Assignment proto;
  proto.set_assignment_id(a.assignment_id);
  proto.set_pool_id(a.pool_id);
  proto.set_ticket_id(a.ticket_id);
  proto.set_queue_id(a.queue_id);
  proto.set_agent_id(a.agent_id);
  proto.set_weight(a.weight);
  proto.set_state(static_cast<v1::AssignmentState>(a.state));
  proto.set_end_reason(a.end_reason);
  proto.set_disposition(a.disposition);
  proto.set_note(a.note);
  *proto.mutable_ticket_create_time() = ToProtoTime(a.ticket_create_time);
  *proto.mutable_offer_time() = ToProtoTime(a.offer_time);
  *proto.mutable_accept_time() = ToProtoTime(a.accept_time);
  if (a.wrap_up_time) *proto.mutable_wrap_up_time() = ToProtoTime(*a.wrap_up_time);
  if (a.end_time) *proto.mutable_end_time() = ToProtoTime(*a.end_time);
  return proto;
}

}  // namespace muster::matcher
