#include "absl/strings/str_cat.h"
#include "services/intake/service/handlers.h"

namespace muster::intake {

IntakeService::Unary* IntakeService::CreateQueue(Context* context,
                                                 const v1::CreateQueueRequest* request,
                                                 v1::Queue* response) {
  return Handle(context, "intake.CreateQueue", [&](const CallContext& call, UnaryDone done) {
    MUSTER_RETURN_IF_ERROR(ValidateRequestId(request->request_id(), "request_id"));
    intake::CreateQueue act;
    MUSTER_ASSIGN_OR_RETURN(act.queue, WantedQueue(request->queue(), "queue"));
    MUSTER_RETURN_IF_ERROR(Validate(act.queue, "queue"));
    Write<Queue>(MutationOf(std::move(act), *request), call, response, done);
    return absl::OkStatus();
  });
}

IntakeService::Unary* IntakeService::GetQueue(Context* context, const v1::GetQueueRequest* request,
                                              v1::Queue* response) {
  return Handle(context, "intake.GetQueue", [&](const CallContext& call, UnaryDone done) {
    MUSTER_RETURN_IF_ERROR(ValidateId(request->pool_id(), "pool_id"));
    MUSTER_RETURN_IF_ERROR(ValidateId(request->queue_id(), "queue_id"));
    parts_.store.GetQueue(request->pool_id(), request->queue_id(), call.deadline,
                          AnswerWith<Queue>(response, done));
    return absl::OkStatus();
  });
}

IntakeService::Unary* IntakeService::ListQueues(Context* context,
                                                const v1::ListQueuesRequest* request,
                                                v1::ListQueuesResponse* response) {
  return Handle(context, "intake.ListQueues", [&](const CallContext& call, UnaryDone done) {
    MUSTER_RETURN_IF_ERROR(ValidateId(request->pool_id(), "pool_id"));
    MUSTER_ASSIGN_OR_RETURN(Page page,
                            PageOf(*request, absl::StrCat("queues/", request->pool_id())));
    parts_.store.ListQueues(request->pool_id(), page.after, page.size + 1, call.deadline,
                            AnswerPage<Queue>(
                                page, response, response->mutable_queues(),
                                [](const Queue& queue) { return queue.queue_id; }, done));
    return absl::OkStatus();
  });
}

IntakeService::Unary* IntakeService::UpdateQueue(Context* context,
                                                 const v1::UpdateQueueRequest* request,
                                                 v1::Queue* response) {
  return Handle(context, "intake.UpdateQueue", [&](const CallContext& call, UnaryDone done) {
    MUSTER_RETURN_IF_ERROR(ValidateRequestId(request->request_id(), "request_id"));
    intake::UpdateQueue act{.etag = request->queue().etag()};
    MUSTER_ASSIGN_OR_RETURN(act.queue, WantedQueue(request->queue(), "queue"));
    MUSTER_RETURN_IF_ERROR(Validate(act.queue, "queue"));
    Write<Queue>(MutationOf(std::move(act), *request), call, response, done);
    return absl::OkStatus();
  });
}

IntakeService::Unary* IntakeService::DeleteQueue(Context* context,
                                                 const v1::DeleteQueueRequest* request, Empty*) {
  return Handle(context, "intake.DeleteQueue", [&](const CallContext& call, UnaryDone done) {
    MUSTER_RETURN_IF_ERROR(ValidateRequestId(request->request_id(), "request_id"));
    MUSTER_RETURN_IF_ERROR(ValidateId(request->pool_id(), "pool_id"));
    MUSTER_RETURN_IF_ERROR(ValidateId(request->queue_id(), "queue_id"));
    WriteEmpty(
        MutationOf(intake::DeleteQueue{request->pool_id(), request->queue_id(), request->etag()},
                   *request),
        call, done);
    return absl::OkStatus();
  });
}

}  // namespace muster::intake
