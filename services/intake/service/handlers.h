// What the handlers of IntakeService share. For the .cc files of this folder alone.
//
// Threading: as IntakeService.
#pragma once

#include <string>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "common/base/errors.h"
#include "common/base/ids.h"
#include "common/base/page_token.h"
#include "common/base/status_macros.h"
#include "common/rpc/fingerprint.h"
#include "services/intake/convert/from_proto.h"
#include "services/intake/convert/to_proto.h"
#include "services/intake/domain/validate.h"
#include "services/intake/service/intake_service.h"

namespace muster::intake {

// A request without an id gets one here, so that a commit in doubt can be settled. A new ticket
// needs none: its own id is as new.
template <class Act, class Request>
Mutation IntakeService::MutationOf(Act act, const Request& request) const {
  Mutation mutation{.act = std::move(act), .now = parts_.clock.Now()};
  const bool has_id = !request.request_id().empty();
  if (!has_id && std::is_same_v<Act, intake::CreateTicket>) return mutation;
  mutation.request.request_id = has_id ? request.request_id() : NewId("r");
  mutation.request.fingerprint = Fingerprint(request);
  return mutation;
}

template <class Value, class Response>
void IntakeService::Write(Mutation mutation, const CallContext& call, Response* response,
                          UnaryDone done) {
  parts_.writer.Submit(std::move(mutation), call.deadline,
                       [response, done](absl::StatusOr<Outcome> outcome) {
                         if (outcome.ok()) ToProto(std::get<Value>(*outcome), response);
                         done(outcome.status());
                       });
}

// Answers with what was read, converted.
template <class Value, class Response>
Store::Done<Value> AnswerWith(Response* response, UnaryDone done) {
  return [response, done](absl::StatusOr<Value> value) {
    if (value.ok()) ToProto(*value, response);
    done(value.status());
  };
}

// One page of a list: asks for a row more than fits, to know whether there is a next page.
struct Page {
  std::string filters;
  std::string after;
  int size = 0;
};

template <class Request>
absl::StatusOr<Page> PageOf(const Request& request, std::string filters) {
  Page page{.filters = std::move(filters)};
  MUSTER_ASSIGN_OR_RETURN(page.size, PageSizeOf(request.page_size()));
  MUSTER_ASSIGN_OR_RETURN(page.after, ReadPageToken(page.filters, request.page_token()));
  return page;
}

// `rows` are the response's repeated field, `id` the text that a row sorts by.
template <class Value, class Response, class Rows, class Id>
Store::Done<std::vector<Value>> AnswerPage(Page page, Response* response, Rows* rows, Id id,
                                           UnaryDone done) {
  return [page = std::move(page), response, rows, id,
          done](absl::StatusOr<std::vector<Value>> values) {
    if (!values.ok()) return done(values.status());
    const bool more = values->size() > static_cast<size_t>(page.size);
    if (more) values->resize(page.size);
    for (const Value& value : *values) ToProto(value, rows->Add());
    if (more) response->set_next_page_token(MakePageToken(page.filters, id(values->back())));
    done(absl::OkStatus());
  };
}

}  // namespace muster::intake
