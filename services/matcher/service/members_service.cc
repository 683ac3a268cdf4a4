#include "services/matcher/service/members_service.h"

#include "common/rpc/unary.h"

namespace muster::matcher {

grpc::ServerUnaryReactor* MembersService::ListMatchers(grpc::CallbackServerContext* context,
                                                       const v1::ListMatchersRequest*,
                                                       v1::ListMatchersResponse* response) {
  return HandleUnary(context, "matcher.ListMatchers", [&](const CallContext&, UnaryDone done) {
    const MatcherList list = operations_.Matchers();
    for (const MatcherInfo& info : list.matchers) {
      v1::Matcher* matcher = response->add_matchers();
      matcher->set_matcher_id(info.matcher_id);
      matcher->set_address(info.address);
      matcher->set_pools(info.pools);
      matcher->set_takes_pools(info.takes);
    }
    response->set_pools_without_matcher(list.pools_without_holder);
    done(absl::OkStatus());
  });
}

}  // namespace muster::matcher
