// MatcherMembers: which matchers share the pools, as this one knows them.
//
// Threading: thread-safe.
//
//   MembersService members(operations);
//   server.Register(&members);
#pragma once

#include "muster/matcher/v1/members.grpc.pb.h"
#include "services/matcher/core/operations.h"

namespace muster::matcher {

class MembersService final : public v1::MatcherMembers::CallbackService {
 public:
  explicit MembersService(const PoolOperations& operations) : operations_(operations) {}

  grpc::ServerUnaryReactor* ListMatchers(grpc::CallbackServerContext*,
                                         const v1::ListMatchersRequest*,
                                         v1::ListMatchersResponse*) override;

 private:
  const PoolOperations& operations_;
};

}  // namespace muster::matcher
