// Every call over gRPC: what it does, and what it says to missing, oversized, malformed and unknown
// input.
#include "common/base/errors.h"
#include "common/obs/metrics.h"
#include "tests/integration/intake/harness.h"
#include "tests/support/catch.h"

namespace muster::intake {
namespace {

using absl::StatusCode;

std::string Text(int length) { return std::string(length, 'x'); }

// A wrong request, made from a good one, and what is said to it.
template <class Request>
struct Wrong {
  const char* name;
  std::function<void(Request&)> change;
  StatusCode code;
  std::string reason;
  std::string field;
};

template <class Request, class Response>
void CheckWrong(Node& node,
                grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&, Response*),
                const Request& good, const std::vector<Wrong<Request>>& cases) {
  for (const Wrong<Request>& one : cases) {
    INFO(good.GetTypeName() << ": " << one.name);
    Request request = good;
    one.change(request);
    absl::Status status = node.Call(method, request).status();
    INFO(Describe(status));
    CHECK(status.code() == one.code);
    CHECK(ErrorReason(status) == one.reason);
    CHECK(ErrorField(status) == one.field);
    CHECK((status.ok() || ErrorDomain(status) == "muster"));
  }
}

template <class Request>
Wrong<Request> Invalid(const char* name, std::function<void(Request&)> change, std::string field) {
  return {name, std::move(change), StatusCode::kInvalidArgument, "INVALID_FIELD", std::move(field)};
}

template <class Request>
Wrong<Request> LongRequestId() {
  return Invalid<Request>(
      "long request id", [](Request& r) { r.set_request_id(Text(129)); }, "request_id");
}

TEST_CASE("pools over gRPC", "[calls]") {
  Node node;
  v1::CreatePoolRequest create;
  create.mutable_pool()->set_pool_id("p");
  create.mutable_pool()->set_display_name("Bank");
  v1::Pool pool = node.Call(&Stub::CreatePool, create).value();
  CHECK(pool.etag().size() > 0);
  CHECK(pool.has_create_time());
  using Create = v1::CreatePoolRequest;
  CheckWrong(
      node, &Stub::CreatePool, create,
      {LongRequestId<Create>(),
       Invalid<Create>(
           "no pool", [](Create& r) { r.clear_pool(); }, "pool.pool_id"),
       Invalid<Create>(
           "bad id", [](Create& r) { r.mutable_pool()->set_pool_id("A b"); }, "pool.pool_id"),
       Invalid<Create>(
           "long name", [](Create& r) { r.mutable_pool()->set_display_name(Text(129)); },
           "pool.display_name"),
       {"again", [](Create&) {}, StatusCode::kAlreadyExists, "POOL_ALREADY_EXISTS",
        "pool.pool_id"}});

  v1::UpdatePoolRequest update;
  *update.mutable_pool() = pool;
  update.mutable_pool()->set_display_name("B");
  pool = node.Call(&Stub::UpdatePool, update).value();
  CHECK(pool.display_name() == "B");
  using Update = v1::UpdatePoolRequest;
  CheckWrong(node, &Stub::UpdatePool, update,
             {LongRequestId<Update>(),
              Invalid<Update>(
                  "no pool", [](Update& r) { r.clear_pool(); }, "pool.pool_id"),
              {"old etag", [](Update&) {}, StatusCode::kAborted, "ETAG_MISMATCH", ""},
              {"unknown", [](Update& r) { r.mutable_pool()->set_pool_id("none"); },
               StatusCode::kNotFound, "POOL_NOT_FOUND", "pool.pool_id"}});

  v1::GetPoolRequest get;
  get.set_pool_id("p");
  CHECK(node.Call(&Stub::GetPool, get).value().SerializeAsString() == pool.SerializeAsString());
  using Get = v1::GetPoolRequest;
  CheckWrong(node, &Stub::GetPool, get,
             {Invalid<Get>(
                  "none named", [](Get& r) { r.clear_pool_id(); }, "pool_id"),
              Invalid<Get>(
                  "long id", [](Get& r) { r.set_pool_id(Text(65)); }, "pool_id"),
              {"unknown", [](Get& r) { r.set_pool_id("none"); }, StatusCode::kNotFound,
               "POOL_NOT_FOUND", "pool_id"}});

  v1::DeletePoolRequest remove;
  remove.set_pool_id("p");
  using Delete = v1::DeletePoolRequest;
  CheckWrong(
      node, &Stub::DeletePool, remove,
      {LongRequestId<Delete>(),
       Invalid<Delete>(
           "none named", [](Delete& r) { r.clear_pool_id(); }, "pool_id"),
       {"old etag", [](Delete& r) { r.set_etag("r1"); }, StatusCode::kAborted, "ETAG_MISMATCH", ""},
       {"unknown", [](Delete& r) { r.set_pool_id("none"); }, StatusCode::kNotFound,
        "POOL_NOT_FOUND", "pool_id"}});
  CHECK(node.Call(&Stub::DeletePool, remove).ok());
  CHECK(node.Call(&Stub::GetPool, get).status().code() == StatusCode::kNotFound);
}

TEST_CASE("lists over gRPC come in pages", "[calls]") {
  Node node;
  for (int i = 0; i < 5; ++i) node.ApplyPool("p" + std::to_string(i), {"a", "b", "c"});
  v1::ListPoolsRequest pools;
  pools.set_page_size(2);
  std::vector<std::string> ids;
  do {
    v1::ListPoolsResponse page = node.Call(&Stub::ListPools, pools).value();
    CHECK(page.pools_size() <= 2);
    for (const v1::Pool& pool : page.pools()) ids.push_back(pool.pool_id());
    pools.set_page_token(page.next_page_token());
  } while (!pools.page_token().empty());
  CHECK(ids == std::vector<std::string>{"p0", "p1", "p2", "p3", "p4"});
  pools.set_page_size(5);
  CHECK(node.Call(&Stub::ListPools, pools).value().next_page_token().empty());
  using Pools = v1::ListPoolsRequest;
  CheckWrong(node, &Stub::ListPools, pools,
             {Invalid<Pools>(
                  "negative", [](Pools& r) { r.set_page_size(-1); }, "page_size"),
              Invalid<Pools>(
                  "no token", [](Pools& r) { r.set_page_token("x"); }, "page_token"),
              Invalid<Pools>(
                  "long token", [](Pools& r) { r.set_page_token(Text(1000)); }, "page_token")});

  v1::ListQueuesRequest queues;
  queues.set_pool_id("p1");
  queues.set_page_size(2);
  v1::ListQueuesResponse page = node.Call(&Stub::ListQueues, queues).value();
  CHECK(page.queues_size() == 2);
  queues.set_page_token(page.next_page_token());
  CHECK(node.Call(&Stub::ListQueues, queues).value().queues(0).queue_id() == "c");
  using Queues = v1::ListQueuesRequest;
  CheckWrong(node, &Stub::ListQueues, queues,
             {Invalid<Queues>(
                  "none named", [](Queues& r) { r.clear_pool_id(); }, "pool_id"),
              Invalid<Queues>(
                  "other list's token", [](Queues& r) { r.set_pool_id("p2"); }, "page_token"),
              {"unknown",
               [](Queues& r) {
                 r.set_pool_id("none");
                 r.clear_page_token();
               },
               StatusCode::kNotFound, "POOL_NOT_FOUND", "pool_id"}});
}

TEST_CASE("ApplyPool over gRPC", "[calls]") {
  Node node;
  v1::ApplyPoolRequest apply;
  apply.mutable_pool()->set_pool_id("p");
  apply.add_queues()->set_queue_id("a");
  apply.set_request_id("apply-1");
  v1::ApplyPoolRequest dry = apply;
  dry.set_validate_only(true);
  v1::ApplyPoolResponse planned = node.Call(&Stub::ApplyPool, dry).value();
  CHECK(planned.pool_outcome() == v1::APPLY_OUTCOME_CREATED);
  CHECK_FALSE(planned.has_pool());
  v1::ApplyPoolResponse made = node.Call(&Stub::ApplyPool, apply).value();
  CHECK(made.pool_outcome() == v1::APPLY_OUTCOME_CREATED);
  CHECK(made.queues(0).pool_id() == "p");
  CHECK(made.queues(0).offer_timeout().seconds() == 20);
  CHECK(node.Call(&Stub::ApplyPool, apply).value().SerializeAsString() == made.SerializeAsString());
  using Apply = v1::ApplyPoolRequest;
  apply.clear_request_id();
  CheckWrong(
      node, &Stub::ApplyPool, apply,
      {LongRequestId<Apply>(),
       Invalid<Apply>(
           "no pool", [](Apply& r) { r.clear_pool(); }, "pool.pool_id"),
       Invalid<Apply>(
           "a queue without an id", [](Apply& r) { r.add_queues(); }, "queues[1].queue_id"),
       Invalid<Apply>(
           "other pool's queue", [](Apply& r) { r.mutable_queues(0)->set_pool_id("other"); },
           "queues[0].pool_id"),
       Invalid<Apply>(
           "a queue twice", [](Apply& r) { r.add_queues()->set_queue_id("a"); },
           "queues[1].queue_id"),
       Invalid<Apply>(
           "501 queues",
           [](Apply& r) {
             for (int i = 0; i < 500; ++i) r.add_queues()->set_queue_id("q" + std::to_string(i));
           },
           "queues"),
       Invalid<Apply>(
           "malformed duration",
           [](Apply& r) { r.mutable_queues(0)->mutable_target_wait()->set_nanos(2'000'000'000); },
           "queues[0].target_wait"),
       {"reused id",
        [](Apply& r) {
          r.set_request_id("apply-1");
          r.add_queues()->set_queue_id("b");
        },
        StatusCode::kInvalidArgument, "REQUEST_ID_REUSED", "request_id"}});
  node.CreateTicket("p", "a", "c");
  apply.clear_queues();
  CheckWrong(
      node, &Stub::ApplyPool, apply,
      {{"live tickets", [](Apply&) {}, StatusCode::kFailedPrecondition, "QUEUE_NOT_EMPTY", ""}});
}

TEST_CASE("queues over gRPC", "[calls]") {
  Node node;
  node.ApplyPool("p", {"first"});
  v1::CreateQueueRequest create;
  create.mutable_queue()->set_pool_id("p");
  create.mutable_queue()->set_queue_id("q");
  create.mutable_queue()->add_required_skills()->set_skill("cards");
  v1::Queue queue = node.Call(&Stub::CreateQueue, create).value();
  CHECK(queue.required_skills(0).level() == 1);
  CHECK(queue.weight() == 1);
  CHECK(queue.most_waiting() == 100'000);
  using Create = v1::CreateQueueRequest;
  CheckWrong(node, &Stub::CreateQueue, create,
             {LongRequestId<Create>(),
              Invalid<Create>(
                  "no queue", [](Create& r) { r.clear_queue(); }, "queue.pool_id"),
              Invalid<Create>(
                  "heavy", [](Create& r) { r.mutable_queue()->set_weight(101); }, "queue.weight"),
              Invalid<Create>(
                  "said to be zero", [](Create& r) { r.mutable_queue()->mutable_time_to_live(); },
                  "queue.time_to_live"),
              {"again", [](Create&) {}, StatusCode::kAlreadyExists, "QUEUE_ALREADY_EXISTS",
               "queue.queue_id"},
              {"unknown pool", [](Create& r) { r.mutable_queue()->set_pool_id("none"); },
               StatusCode::kNotFound, "POOL_NOT_FOUND", "queue.pool_id"}});

  v1::UpdateQueueRequest update;
  *update.mutable_queue() = queue;
  update.mutable_queue()->set_weight(7);
  queue = node.Call(&Stub::UpdateQueue, update).value();
  CHECK(queue.weight() == 7);
  using Update = v1::UpdateQueueRequest;
  CheckWrong(node, &Stub::UpdateQueue, update,
             {LongRequestId<Update>(),
              {"old etag", [](Update&) {}, StatusCode::kAborted, "ETAG_MISMATCH", ""},
              Invalid<Update>(
                  "no queue", [](Update& r) { r.clear_queue(); }, "queue.pool_id"),
              {"unknown", [](Update& r) { r.mutable_queue()->set_queue_id("none"); },
               StatusCode::kNotFound, "QUEUE_NOT_FOUND", "queue.queue_id"}});

  v1::GetQueueRequest get;
  get.set_pool_id("p");
  get.set_queue_id("q");
  CHECK(node.Call(&Stub::GetQueue, get).value().SerializeAsString() == queue.SerializeAsString());
  using Get = v1::GetQueueRequest;
  CheckWrong(node, &Stub::GetQueue, get,
             {Invalid<Get>(
                  "no pool", [](Get& r) { r.clear_pool_id(); }, "pool_id"),
              Invalid<Get>(
                  "no queue", [](Get& r) { r.clear_queue_id(); }, "queue_id"),
              {"unknown pool", [](Get& r) { r.set_pool_id("none"); }, StatusCode::kNotFound,
               "POOL_NOT_FOUND", "pool_id"},
              {"unknown", [](Get& r) { r.set_queue_id("none"); }, StatusCode::kNotFound,
               "QUEUE_NOT_FOUND", "queue_id"}});

  v1::DeleteQueueRequest remove;
  remove.set_pool_id("p");
  remove.set_queue_id("q");
  v1::Ticket ticket = node.CreateTicket("p", "q", "c");
  using Delete = v1::DeleteQueueRequest;
  CheckWrong(
      node, &Stub::DeleteQueue, remove,
      {LongRequestId<Delete>(),
       Invalid<Delete>(
           "no pool", [](Delete& r) { r.clear_pool_id(); }, "pool_id"),
       Invalid<Delete>(
           "no queue", [](Delete& r) { r.clear_queue_id(); }, "queue_id"),
       {"live tickets", [](Delete&) {}, StatusCode::kFailedPrecondition, "QUEUE_NOT_EMPTY", ""},
       {"unknown", [](Delete& r) { r.set_queue_id("none"); }, StatusCode::kNotFound,
        "QUEUE_NOT_FOUND", "queue_id"}});
  node.CancelTicket(ticket.ticket_id());
  CHECK(node.Call(&Stub::DeleteQueue, remove).ok());
}

TEST_CASE("CreateTicket over gRPC", "[calls]") {
  Node node;
  node.ApplyPool("p", {"q"});
  v1::CreateTicketRequest create;
  create.set_request_id("order-1");
  create.mutable_ticket()->set_pool_id("p");
  create.mutable_ticket()->set_queue_id("q");
  create.mutable_ticket()->set_customer_id("ann");
  create.mutable_ticket()->set_state(v1::TICKET_STATE_RESOLVED);  // output only: no matter
  v1::Ticket ticket = node.Call(&Stub::CreateTicket, create).value();
  CHECK(ticket.ticket_id().substr(0, 2) == "t-");
  CHECK(ticket.state() == v1::TICKET_STATE_QUEUED);
  CHECK(ticket.channel() == v1::CHANNEL_CHAT);
  CHECK(ticket.request_id() == "order-1");
  CHECK(ticket.expire_time().seconds() - ticket.create_time().seconds() == 24 * 3600);
  CHECK(node.Call(&Stub::CreateTicket, create).value().SerializeAsString() ==
        ticket.SerializeAsString());
  using Create = v1::CreateTicketRequest;
  const auto in_ticket = [](std::function<void(v1::Ticket&)> change) {
    return [change](Create& r) {
      r.clear_request_id();
      change(*r.mutable_ticket());
    };
  };
  CheckWrong(node, &Stub::CreateTicket, create,
             {LongRequestId<Create>(),
              Invalid<Create>(
                  "no ticket", [](Create& r) { r.clear_ticket(); }, "ticket.pool_id"),
              Invalid<Create>("no customer", in_ticket([](auto& t) { t.clear_customer_id(); }),
                              "ticket.customer_id"),
              Invalid<Create>("long text", in_ticket([](auto& t) { t.set_text(Text(16'385)); }),
                              "ticket.text"),
              Invalid<Create>("no such channel", in_ticket([](auto& t) {
                                t.set_channel(static_cast<v1::Channel>(77));
                              }),
                              "ticket.channel"),
              Invalid<Create>("too big as a whole", in_ticket([](auto& t) {
                                for (int i = 0; i < 100; ++i) {
                                  t.mutable_origin()->add_transcript()->set_text(Text(4'000));
                                }
                              }),
                              "ticket"),
              Invalid<Create>("endless priority", in_ticket([](auto& t) {
                                t.mutable_priority_ahead()->set_seconds(INT64_MAX);
                              }),
                              "ticket.priority_ahead"),
              {"unknown pool", in_ticket([](auto& t) { t.set_pool_id("none"); }),
               StatusCode::kNotFound, "POOL_NOT_FOUND", "ticket.pool_id"},
              {"unknown queue", in_ticket([](auto& t) { t.set_queue_id("none"); }),
               StatusCode::kNotFound, "QUEUE_NOT_FOUND", "ticket.queue_id"},
              {"reused id", [](Create& r) { r.mutable_ticket()->set_text("other"); },
               StatusCode::kInvalidArgument, "REQUEST_ID_REUSED", "request_id"}});

  v1::UpdateQueueRequest update;
  update.mutable_queue()->set_pool_id("p");
  update.mutable_queue()->set_queue_id("q");
  update.mutable_queue()->set_most_waiting(1);
  REQUIRE(node.Call(&Stub::UpdateQueue, update).ok());
  create.set_request_id("order-2");
  CheckWrong(node, &Stub::CreateTicket, create,
             {{"full queue", [](Create&) {}, StatusCode::kResourceExhausted, "QUEUE_FULL", ""}});
}

TEST_CASE("BatchCreateTickets over gRPC: each by itself", "[calls]") {
  Node node;
  node.ApplyPool("p", {"q"});
  v1::BatchCreateTicketsRequest batch;
  batch.set_pool_id("p");
  const auto add = [&](const std::string& pool_id, const std::string& queue_id,
                       const std::string& request_id) {
    v1::CreateTicketRequest* one = batch.add_requests();
    one->set_request_id(request_id);
    one->mutable_ticket()->set_pool_id(pool_id);
    one->mutable_ticket()->set_queue_id(queue_id);
    one->mutable_ticket()->set_customer_id("c");
  };
  add("p", "q", "a");
  add("", "q", "b");
  add("other", "q", "c");
  add("p", "none", "d");
  add("p", "Q!", "e");
  add("p", "q", "a");
  add("p", "q", Text(129));
  auto results = node.Call(&Stub::BatchCreateTickets, batch).value().results();
  REQUIRE(results.size() == 7);
  const std::vector<std::pair<std::string, std::string>> expected = {
      {"", ""},
      {"", ""},
      {"INVALID_FIELD", "ticket.pool_id"},
      {"QUEUE_NOT_FOUND", "ticket.queue_id"},
      {"INVALID_FIELD", "ticket.queue_id"},
      {"", ""},
      {"INVALID_FIELD", "request_id"}};
  for (int i = 0; i < 7; ++i) {
    INFO("result " << i << ": " << results[i].message());
    CHECK(results[i].reason() == expected[i].first);
    CHECK(results[i].field() == expected[i].second);
    CHECK((results[i].code() == 0) == expected[i].first.empty());
    CHECK(results[i].has_ticket() == expected[i].first.empty());
  }
  CHECK(results[0].ticket().ticket_id() == results[5].ticket().ticket_id());
  CHECK(results[0].ticket().ticket_id() != results[1].ticket().ticket_id());

  using Batch = v1::BatchCreateTicketsRequest;
  CheckWrong(node, &Stub::BatchCreateTickets, batch,
             {Invalid<Batch>(
                  "no pool", [](Batch& r) { r.clear_pool_id(); }, "pool_id"),
              Invalid<Batch>(
                  "none", [](Batch& r) { r.clear_requests(); }, "requests"),
              Invalid<Batch>(
                  "1001",
                  [](Batch& r) {
                    while (r.requests_size() <= 1000) r.add_requests();
                  },
                  "requests")});
  // A full one, of unknown pool: the call succeeds, its tickets do not.
  batch.clear_requests();
  batch.set_pool_id("none");
  for (int i = 0; i < 1000; ++i) add("", "q", "");
  results = node.Call(&Stub::BatchCreateTickets, batch).value().results();
  REQUIRE(results.size() == 1000);
  for (const auto& result : results) CHECK(result.reason() == "POOL_NOT_FOUND");
}

TEST_CASE("GetTicket, ListTickets and CancelTicket over gRPC", "[calls]") {
  Node node;
  node.ApplyPool("p", {"q", "r"});
  std::vector<std::string> ids;
  for (const char* queue_id : {"q", "r", "q"}) {
    ids.push_back(node.CreateTicket("p", queue_id, "ann").ticket_id());
  }
  CHECK(node.GetTicket(ids[1]).queue_id() == "r");
  v1::GetTicketRequest get;
  get.set_ticket_id(ids[0]);
  using Get = v1::GetTicketRequest;
  CheckWrong(node, &Stub::GetTicket, get,
             {Invalid<Get>(
                  "none named", [](Get& r) { r.clear_ticket_id(); }, "ticket_id"),
              Invalid<Get>(
                  "malformed", [](Get& r) { r.set_ticket_id("T 1"); }, "ticket_id"),
              {"unknown", [](Get& r) { r.set_ticket_id("t-none"); }, StatusCode::kNotFound,
               "TICKET_NOT_FOUND", "ticket_id"}});

  v1::CancelTicketRequest cancel;
  cancel.set_ticket_id(ids[0]);
  cancel.set_reason("tired");
  using Cancel = v1::CancelTicketRequest;
  CheckWrong(node, &Stub::CancelTicket, cancel,
             {LongRequestId<Cancel>(),
              Invalid<Cancel>(
                  "none named", [](Cancel& r) { r.clear_ticket_id(); }, "ticket_id"),
              Invalid<Cancel>(
                  "long reason", [](Cancel& r) { r.set_reason(Text(257)); }, "reason"),
              {"unknown", [](Cancel& r) { r.set_ticket_id("t-none"); }, StatusCode::kNotFound,
               "TICKET_NOT_FOUND", "ticket_id"}});
  CHECK(node.Call(&Stub::CancelTicket, cancel).value().state() == v1::TICKET_STATE_CANCELLED);
  CheckWrong(node, &Stub::CancelTicket, cancel,
             {{"ended", [](Cancel&) {}, StatusCode::kFailedPrecondition, "TICKET_ENDED", ""}});
  node.Assign(node.GetTicket(ids[1]), "ann");
  cancel.set_ticket_id(ids[1]);
  CheckWrong(
      node, &Stub::CancelTicket, cancel,
      {{"assigned", [](Cancel&) {}, StatusCode::kFailedPrecondition, "TICKET_ASSIGNED", ""}});

  v1::ListTicketsRequest list;
  list.set_pool_id("p");
  list.set_page_size(2);
  v1::ListTicketsResponse page = node.Call(&Stub::ListTickets, list).value();
  REQUIRE(page.tickets_size() == 2);
  CHECK(page.tickets(0).ticket_id() == ids[0]);
  list.set_page_token(page.next_page_token());
  page = node.Call(&Stub::ListTickets, list).value();
  REQUIRE(page.tickets_size() == 1);
  CHECK(page.tickets(0).ticket_id() == ids[2]);
  CHECK(page.next_page_token().empty());
  using List = v1::ListTicketsRequest;
  CheckWrong(
      node, &Stub::ListTickets, list,
      {Invalid<List>(
           "no pool", [](List& r) { r.clear_pool_id(); }, "pool_id"),
       Invalid<List>(
           "bad queue", [](List& r) { r.set_queue_id("Q"); }, "queue_id"),
       Invalid<List>(
           "long customer", [](List& r) { r.set_customer_id(Text(129)); }, "customer_id"),
       Invalid<List>(
           "state 0", [](List& r) { r.add_states(v1::TICKET_STATE_UNSPECIFIED); }, "states[0]"),
       Invalid<List>(
           "state 9", [](List& r) { r.add_states(static_cast<v1::TicketState>(9)); }, "states[0]"),
       Invalid<List>(
           "other filters", [](List& r) { r.set_newest_first(true); }, "page_token"),
       Invalid<List>(
           "negative", [](List& r) { r.set_page_size(-5); }, "page_size"),
       {"unknown pool",
        [](List& r) {
          r.set_pool_id("none");
          r.clear_page_token();
        },
        StatusCode::kNotFound, "POOL_NOT_FOUND", "pool_id"}});
  list.clear_page_token();
  list.add_states(v1::TICKET_STATE_QUEUED);
  CHECK(node.Call(&Stub::ListTickets, list).value().tickets(0).ticket_id() == ids[2]);
}

TEST_CASE("RecordProgress over gRPC", "[calls]") {
  Node node;
  node.ApplyPool("p", {"q"});
  v1::Ticket ticket = node.CreateTicket("p", "q", "c");
  v1::RecordProgressRequest record;
  record.set_pool_id("p");
  v1::ProgressEntry* entry = record.add_entries();
  entry->set_ticket_id(ticket.ticket_id());
  entry->set_progress_revision(int64_t{1} << 40);
  entry->mutable_time()->set_seconds(1'700'000'000);
  entry->mutable_assigned()->set_assignment_id("p/1/1");
  entry->mutable_assigned()->set_agent_id("ann");
  const auto outcome = [&] {
    return node.Call(&Stub::RecordProgress, record).value().answers(0).outcome();
  };
  CHECK(outcome() == v1::PROGRESS_OUTCOME_APPLIED);
  CHECK(outcome() == v1::PROGRESS_OUTCOME_STALE);
  CHECK(node.GetTicket(ticket.ticket_id()).assign_time().seconds() == 1'700'000'000);
  entry->set_progress_revision(entry->progress_revision() + 1);
  entry->mutable_expired();
  CHECK(outcome() == v1::PROGRESS_OUTCOME_REJECTED);
  using Record = v1::RecordProgressRequest;
  CheckWrong(
      node, &Stub::RecordProgress, record,
      {Invalid<Record>(
           "no pool", [](Record& r) { r.clear_pool_id(); }, "pool_id"),
       Invalid<Record>(
           "nothing", [](Record& r) { r.clear_entries(); }, "entries"),
       Invalid<Record>(
           "1001",
           [](Record& r) {
             while (r.entries_size() <= 1000) *r.add_entries() = r.entries(0);
           },
           "entries"),
       Invalid<Record>(
           "no change", [](Record& r) { r.mutable_entries(0)->clear_change(); },
           "entries[0].change"),
       Invalid<Record>(
           "no ticket", [](Record& r) { r.mutable_entries(0)->clear_ticket_id(); },
           "entries[0].ticket_id"),
       Invalid<Record>(
           "odd time", [](Record& r) { r.mutable_entries(0)->mutable_time()->set_nanos(-1); },
           "entries[0].time"),
       {"unknown pool", [](Record& r) { r.set_pool_id("none"); }, StatusCode::kNotFound,
        "POOL_NOT_FOUND", "pool_id"}});
}

TEST_CASE("what happened can be counted", "[calls]") {
  Node node;
  node.ApplyPool("counted", {"q"});
  v1::Ticket one = node.CreateTicket("counted", "q", "c");
  v1::Ticket two = node.CreateTicket("counted", "q", "c");
  node.CreateTicket("counted", "q", "c");
  node.CancelTicket(one.ticket_id());
  node.Assign(two, "ann");
  node.Resolve(two);
  node.Resolve(two);  // with the disposition, say: it is resolved once
  const auto told = [](const std::string& line) {
    return ProcessMetrics().Text().find(line) != std::string::npos;
  };
  const std::string name = "muster_intake_tickets_total{pool=\"counted\",what=\"";
  CHECK(told(name + "created\"} 3"));
  CHECK(told(name + "cancelled\"} 1"));
  CHECK(told(name + "assigned\"} 1"));
  CHECK(told(name + "resolved\"} 1"));
  CHECK(Eventually([&] { return told("muster_intake_tickets_waiting{pool=\"counted\"} 1"); }));
  CHECK(told("muster_intake_commit_batch_size_count"));
  CHECK(told("muster_intake_feed_subscribers"));
}

TEST_CASE("a message beyond the server's limit is refused, and the service goes on", "[calls]") {
  Node node;
  node.ApplyPool("p", {"q"});
  v1::CreateTicketRequest create;
  create.mutable_ticket()->set_text(std::string(5 << 20, 'x'));
  CHECK(node.Call(&Stub::CreateTicket, create).status().code() == StatusCode::kResourceExhausted);
  node.CreateTicket("p", "q", "c");
}

}  // namespace
}  // namespace muster::intake
