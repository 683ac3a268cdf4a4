#include "services/matcher/service/statistics_view.h"

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <string>

#include "common/rpc/proto_time.h"
#include "services/matcher/domain/statistics.h"

namespace muster::matcher {
namespace {

void Set(const std::optional<absl::Duration>& from, google::protobuf::Duration* (v1::Flow::*to)(),
         v1::Flow& flow) {
  if (from) *(flow.*to)() = ToProtoDuration(*from);
}

v1::Flow ToProto(const Flow& flow) {
  v1::Flow proto;
  proto.set_tickets_arrived(flow.tickets_arrived);
  proto.set_tickets_assigned(flow.tickets_assigned);
  proto.set_tickets_abandoned(flow.tickets_abandoned);
  proto.set_tickets_expired(flow.tickets_expired);
  proto.set_tickets_resolved(flow.tickets_resolved);
  proto.set_tickets_requeued(flow.tickets_requeued);
  proto.set_offers_made(flow.offers_made);
  proto.set_offers_accepted(flow.offers_accepted);
  proto.set_offers_declined(flow.offers_declined);
  proto.set_offers_expired(flow.offers_expired);
  proto.set_offers_revoked(flow.offers_revoked);
  Set(flow.mean_wait, &v1::Flow::mutable_mean_wait, proto);
  Set(flow.p50_wait, &v1::Flow::mutable_p50_wait, proto);
  Set(flow.p95_wait, &v1::Flow::mutable_p95_wait, proto);
  Set(flow.p99_wait, &v1::Flow::mutable_p99_wait, proto);
  Set(flow.mean_handle_time, &v1::Flow::mutable_mean_handle_time, proto);
  proto.set_service_level(flow.service_level);
  proto.set_service_level_without_short_abandons(flow.service_level_without_short_abandons);
  return proto;
}

// How a queue stands now, added to what `proto` has already.
void AddStanding(const engine::QueueStats& queue, absl::Time now, v1::QueueStatistics& proto) {
  proto.set_waiting(proto.waiting() + static_cast<int64_t>(queue.waiting + queue.offered));
  proto.set_offered(proto.offered() + static_cast<int64_t>(queue.offered));
  proto.set_assigned(proto.assigned() + static_cast<int64_t>(queue.assigned));
  proto.set_in_wrap_up(proto.in_wrap_up() + static_cast<int64_t>(queue.wrap_up));
  if (!queue.oldest_create_time) return;
  absl::Duration wait = std::max(now - *queue.oldest_create_time, absl::ZeroDuration());
  if (proto.has_longest_wait()) wait = std::max(wait, FromProtoDuration(proto.longest_wait()));
  *proto.mutable_longest_wait() = ToProtoDuration(wait);
}

v1::AgentStatistics AgentsOf(const PoolView& view, absl::Duration window) {
  engine::PoolStats pool = view.engine.Pool();
  // The engine counts agents with work; these have nothing but an offer.
  std::set<std::string> offered;
  for (const engine::OfferView& offer : view.engine.PendingOffers()) {
    std::optional<engine::AgentView> agent = view.engine.Agent(offer.agent_id);
    if (agent && agent->busy_units == 0) offered.insert(offer.agent_id);
  }
  v1::AgentStatistics proto;
  proto.set_registered(static_cast<int64_t>(pool.agents));
  proto.set_online(static_cast<int64_t>(pool.online));
  proto.set_idle(static_cast<int64_t>(pool.idle));
  proto.set_busy(static_cast<int64_t>(pool.busy + offered.size()));
  proto.set_paused(static_cast<int64_t>(pool.paused));
  proto.set_draining(static_cast<int64_t>(pool.draining));
  proto.set_capacity_units(static_cast<int64_t>(pool.capacity_units));
  proto.set_busy_units(static_cast<int64_t>(pool.busy_units));
  proto.set_occupancy(view.statistics.Occupancy(window, view.now));
  return proto;
}

}  // namespace

v1::Statistics StatisticsOf(std::string_view pool_id, const PoolView& view, absl::Duration window) {
  v1::Statistics proto;
  proto.set_pool_id(std::string(pool_id));
  *proto.mutable_time() = ToProtoTime(view.now);
  *proto.mutable_window() = ToProtoDuration(window);
  PoolStatistics::Flows flows = view.statistics.All(window, view.now);
  // A queue shows while it exists, has tickets, or has done something in the window.
  std::map<std::string, v1::QueueStatistics> queues;
  for (const auto& [queue_id, facts] : view.queues) {
    *queues[queue_id].mutable_target_wait() = ToProtoDuration(facts.target_wait);
  }
  for (const engine::QueueStats& queue : view.engine.Queues()) {
    AddStanding(queue, view.now, queues[queue.queue_id]);
    AddStanding(queue, view.now, *proto.mutable_total());
  }
  for (const auto& [queue_id, flow] : flows.queues) queues[queue_id];
  for (auto& [queue_id, queue] : queues) {
    auto flow = flows.queues.find(queue_id);
    queue.set_queue_id(queue_id);
    *queue.mutable_flow() = ToProto(flow == flows.queues.end() ? Flow() : flow->second);
    *proto.add_queues() = std::move(queue);
  }
  *proto.mutable_total()->mutable_flow() = ToProto(flows.total);
  *proto.mutable_agents() = AgentsOf(view, window);
  return proto;
}

}  // namespace muster::matcher
