#include "absl/strings/str_cat.h"
#include "services/intake/service/handlers.h"

namespace muster::intake {

absl::Status IntakeService::CheckReady() const {
  return parts_.ready ? absl::OkStatus() : Unavailable("STARTING", "the database is not ready yet");
}

IntakeService::Unary* IntakeService::Handle(Context* context, const char* method,
                                            const Handler& handler) {
  return HandleUnary(context, method, [&](const CallContext& call, UnaryDone done) {
    absl::Status status = CheckReady();
    if (status.ok()) status = handler(call, done);
    if (!status.ok()) done(status);
  });
}

void IntakeService::WriteEmpty(Mutation mutation, const CallContext& call, UnaryDone done) {
  parts_.writer.Submit(std::move(mutation), call.deadline,
                       [done](absl::StatusOr<Outcome> outcome) { done(outcome.status()); });
}

IntakeService::Unary* IntakeService::CreatePool(Context* context,
                                                const v1::CreatePoolRequest* request,
                                                v1::Pool* response) {
  return Handle(context, "intake.CreatePool", [&](const CallContext& call, UnaryDone done) {
    MUSTER_RETURN_IF_ERROR(ValidateRequestId(request->request_id(), "request_id"));
    intake::CreatePool act;
    MUSTER_ASSIGN_OR_RETURN(act.pool, WantedPool(request->pool(), "pool"));
    MUSTER_RETURN_IF_ERROR(Validate(act.pool, "pool"));
    Write<Pool>(MutationOf(std::move(act), *request), call, response, done);
    return absl::OkStatus();
  });
}

IntakeService::Unary* IntakeService::GetPool(Context* context, const v1::GetPoolRequest* request,
                                             v1::Pool* response) {
  return Handle(context, "intake.GetPool", [&](const CallContext& call, UnaryDone done) {
    MUSTER_RETURN_IF_ERROR(ValidateId(request->pool_id(), "pool_id"));
    parts_.store.GetPool(request->pool_id(), call.deadline, AnswerWith<Pool>(response, done));
    return absl::OkStatus();
  });
}

IntakeService::Unary* IntakeService::ListPools(Context* context,
                                               const v1::ListPoolsRequest* request,
                                               v1::ListPoolsResponse* response) {
  return Handle(context, "intake.ListPools", [&](const CallContext& call, UnaryDone done) {
    MUSTER_ASSIGN_OR_RETURN(Page page, PageOf(*request, "pools"));
    parts_.store.ListPools(page.after, page.size + 1, call.deadline,
                           AnswerPage<Pool>(
                               page, response, response->mutable_pools(),
                               [](const Pool& pool) { return pool.pool_id; }, done));
    return absl::OkStatus();
  });
}

IntakeService::Unary* IntakeService::UpdatePool(Context* context,
                                                const v1::UpdatePoolRequest* request,
                                                v1::Pool* response) {
  return Handle(context, "intake.UpdatePool", [&](const CallContext& call, UnaryDone done) {
    MUSTER_RETURN_IF_ERROR(ValidateRequestId(request->request_id(), "request_id"));
    intake::UpdatePool act{.etag = request->pool().etag()};
    MUSTER_ASSIGN_OR_RETURN(act.pool, WantedPool(request->pool(), "pool"));
    MUSTER_RETURN_IF_ERROR(Validate(act.pool, "pool"));
    Write<Pool>(MutationOf(std::move(act), *request), call, response, done);
    return absl::OkStatus();
  });
}

IntakeService::Unary* IntakeService::DeletePool(Context* context,
                                                const v1::DeletePoolRequest* request, Empty*) {
  return Handle(context, "intake.DeletePool", [&](const CallContext& call, UnaryDone done) {
    MUSTER_RETURN_IF_ERROR(ValidateRequestId(request->request_id(), "request_id"));
    MUSTER_RETURN_IF_ERROR(ValidateId(request->pool_id(), "pool_id"));
    WriteEmpty(MutationOf(intake::DeletePool{request->pool_id(), request->etag()}, *request), call,
               done);
    return absl::OkStatus();
  });
}

IntakeService::Unary* IntakeService::ApplyPool(Context* context,
                                               const v1::ApplyPoolRequest* request,
                                               v1::ApplyPoolResponse* response) {
  return Handle(context, "intake.ApplyPool", [&](const CallContext& call, UnaryDone done) {
    MUSTER_RETURN_IF_ERROR(ValidateRequestId(request->request_id(), "request_id"));
    if (request->queues_size() > kMaxQueuesPerPool) {
      return InvalidField("queues", absl::StrCat("must be at most ", kMaxQueuesPerPool));
    }
    intake::ApplyPool act{.validate_only = request->validate_only()};
    MUSTER_ASSIGN_OR_RETURN(act.pool, WantedPool(request->pool(), "pool"));
    for (int i = 0; i < request->queues_size(); ++i) {
      MUSTER_ASSIGN_OR_RETURN(Queue queue,
                              WantedQueue(request->queues(i), absl::StrCat("queues[", i, "]")));
      if (queue.pool_id.empty()) queue.pool_id = act.pool.pool_id;
      act.queues.push_back(std::move(queue));
    }
    MUSTER_RETURN_IF_ERROR(Validate(act));
    Mutation mutation = MutationOf(std::move(act), *request);
    // A dry run is no request to remember: the real one may come with the same id.
    if (request->validate_only()) mutation.request = {};
    Write<AppliedPool>(std::move(mutation), call, response, done);
    return absl::OkStatus();
  });
}

}  // namespace muster::intake
