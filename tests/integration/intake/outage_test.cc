// What happens when PostgreSQL goes away, in mid-work, in mid-commit, or before the start.
#include <algorithm>
#include <atomic>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "common/base/errors.h"
#include "common/db/database.h"
#include "common/db/pqxx_compat.h"
#include "tests/integration/intake/harness.h"
#include "tests/support/catch.h"
#include "tests/support/tcp_proxy.h"

namespace muster::intake {
namespace {

// Every ticket of the pool, by request id. Fails the test if a request has two.
std::map<std::string, std::string> TicketsByRequest(Node& node, const std::string& pool_id) {
  std::map<std::string, std::string> tickets;
  v1::ListTicketsRequest list;
  list.set_pool_id(pool_id);
  list.set_page_size(1000);
  do {
    auto page = node.Call(&Stub::ListTickets, list);
    INFO(page.status());
    REQUIRE(page.ok());
    for (const v1::Ticket& ticket : page->tickets()) {
      CHECK(tickets.emplace(ticket.request_id(), ticket.ticket_id()).second);
    }
    list.set_page_token(page->next_page_token());
  } while (!list.page_token().empty());
  return tickets;
}

// A client that goes on with the same request id until it has an answer.
class Customer {
 public:
  Customer(Node& node, int number) : thread_([this, &node, number] { Run(node, number); }) {}
  ~Customer() { Stop(); }

  void Stop() {
    stopping_ = true;
    if (thread_.joinable()) thread_.join();
  }
  int acknowledged() const { return acknowledged_; }
  const std::map<std::string, std::string>& told() const { return told_; }  // after Stop
  const std::vector<std::string>& trouble() const { return trouble_; }

 private:
  void Run(Node& node, int number) {
    for (int i = 0; !stopping_; ++i) {
      const std::string id = "c" + std::to_string(number) + "-" + std::to_string(i);
      while (true) {
        auto ticket = node.TryCreateTicket("p", "q", "c", id);
        if (ticket.ok()) {
          told_[id] = ticket->ticket_id();
          ++acknowledged_;
          break;
        }
        if (!absl::IsUnavailable(ticket.status()) && !absl::IsDeadlineExceeded(ticket.status())) {
          trouble_.push_back(Describe(ticket.status()));
          return;
        }
        if (stopping_) return;
      }
    }
  }

  std::atomic<bool> stopping_{false};
  std::atomic<int> acknowledged_{0};
  std::map<std::string, std::string> told_;
  std::vector<std::string> trouble_;
  std::thread thread_;
};

TEST_CASE("PostgreSQL crashes in mid-work: nothing acknowledged is lost or doubled", "[outage]") {
  PrivatePostgres& postgres = SharedPostgres();
  Node node(postgres.CreateDatabase());
  node.ApplyPool("p", {"q"});
  auto feed = node.WatchTickets("p");
  std::vector<std::unique_ptr<Customer>> customers;
  for (int i = 0; i < 3; ++i) customers.push_back(std::make_unique<Customer>(node, i));
  const auto acknowledged = [&] {
    int sum = 0;
    for (const auto& customer : customers) sum += customer->acknowledged();
    return sum;
  };
  for (const char* mode : {"immediate", "fast"}) {
    const int before = acknowledged();
    REQUIRE(Eventually([&] { return acknowledged() > before + 30; }));
    postgres.Stop(mode);
    CHECK(Eventually([&] { return !node.Serving(); }));
    postgres.Start();
    CHECK(Eventually([&] { return node.Serving(); }));
  }
  const int before = acknowledged();
  REQUIRE(Eventually([&] { return acknowledged() > before + 30; }));
  for (auto& customer : customers) customer->Stop();

  std::map<std::string, std::string> recorded = TicketsByRequest(node, "p");
  std::set<std::string> fed;
  for (const auto& customer : customers) {
    CHECK(customer->trouble().empty());
    for (const auto& [request_id, ticket_id] : customer->told()) {
      INFO(request_id);
      CHECK(recorded[request_id] == ticket_id);
    }
  }
  // The feed of before the crash has gone on, and has told of all of them; and maybe of one whose
  // customer gave up, and which was written when the records had been read.
  const auto all = feed->Await([&](const v1::WatchTicketsResponse& message) {
    for (const v1::Ticket& ticket : message.changes().tickets()) fed.insert(ticket.ticket_id());
    for (const v1::Ticket& ticket : message.chunk().tickets()) fed.insert(ticket.ticket_id());
    return std::all_of(recorded.begin(), recorded.end(),
                       [&](const auto& ticket) { return fed.count(ticket.second) > 0; });
  });
  INFO("fed " << fed.size() << " of " << recorded.size());
  REQUIRE(all);
}

// One statement outside of a transaction, as ALTER SYSTEM wants it.
std::string Execute(const std::string& url, const std::string& sql) {
  pqxx::connection connection(url);
  pqxx::nontransaction tx(connection);
  pqxx::result rows = tx.exec(sql);
  return rows.empty() || rows[0].size() == 0 || rows[0][0].is_null() ? ""
                                                                     : rows[0][0].as<std::string>();
}

// While it stands, commits wait for a standby that does not exist, after they have been written.
class CommitsHang {
 public:
  explicit CommitsHang(const std::string& url) : url_(url) {
    Execute(url_, "ALTER SYSTEM SET synchronous_standby_names = 'nobody'");
    Execute(url_, "SELECT pg_reload_conf()");
  }
  ~CommitsHang() {
    Execute(url_, "ALTER SYSTEM RESET synchronous_standby_names");
    Execute(url_, "SELECT pg_reload_conf()");
  }

 private:
  const std::string url_;
};

TEST_CASE("a commit in doubt that was written is answered, once", "[outage]") {
  const std::string request_id = GENERATE("order-1", "");
  const std::string url = SharedPostgres().CreateDatabase();
  Node node(url);
  node.ApplyPool("p", {"q"});
  CommitsHang hang(url);
  REQUIRE(Eventually([&] { return Execute(url, "SHOW synchronous_standby_names") == "nobody"; }));
  absl::StatusOr<v1::Ticket> ticket;
  std::thread customer([&] { ticket = node.TryCreateTicket("p", "q", "c", request_id); });
  // Cut off there, the service cannot know.
  const bool cut = Eventually([&] {
    return Execute(url,
                   "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity "
                   "WHERE wait_event = 'SyncRep'") == "1";
  });
  customer.join();
  CHECK(cut);
  INFO(ticket.status());
  REQUIRE(ticket.ok());
  CHECK(TicketsByRequest(node, "p") ==
        std::map<std::string, std::string>{{request_id, ticket->ticket_id()}});
}

TEST_CASE("a commit in doubt that is still under way is waited for, and answered, once",
          "[outage]") {
  const std::string request_id = GENERATE("order-1", "");
  const std::string url = SharedPostgres().CreateDatabase();
  TcpProxy proxy(SharedPostgres().port());
  Node node(absl::StrReplaceAll(
      url, {{absl::StrCat(":", SharedPostgres().port()), absl::StrCat(":", proxy.port())}}));
  node.ApplyPool("p", {"q"});
  auto hang = std::make_unique<CommitsHang>(url);
  REQUIRE(Eventually([&] { return Execute(url, "SHOW synchronous_standby_names") == "nobody"; }));
  absl::StatusOr<v1::Ticket> ticket;
  std::thread customer([&] { ticket = node.TryCreateTicket("p", "q", "c", request_id); });
  const auto waiting = [&](const std::string& what) {
    return Eventually(
        [&] { return Execute(url, "SELECT count(*) FROM pg_stat_activity WHERE " + what) == "1"; });
  };
  const bool committing = waiting("wait_event = 'SyncRep'");
  proxy.Cut();  // the server does not notice while it waits
  const bool again = waiting("wait_event_type = 'Lock'");
  hang.reset();
  customer.join();
  CHECK(committing);
  CHECK(again);
  INFO(ticket.status());
  REQUIRE(ticket.ok());
  CHECK(TicketsByRequest(node, "p") ==
        std::map<std::string, std::string>{{request_id, ticket->ticket_id()}});
}

TEST_CASE("a commit in doubt that was not written is written again, once", "[outage]") {
  const std::string request_id = GENERATE("order-1", "");
  const std::string url = SharedPostgres().CreateDatabase();
  Node node(url);
  node.ApplyPool("p", {"q"});
  // The first commit to come kills its own connection before it is written. (A sequence counts
  // also what is rolled back.)
  Execute(url, R"(
    CREATE SEQUENCE commits;
    CREATE FUNCTION cut_first() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      IF nextval('public.commits') = 1 THEN
        PERFORM pg_terminate_backend(pg_backend_pid());
      END IF;
      RETURN NULL;
    END $$;
    CREATE CONSTRAINT TRIGGER cut AFTER INSERT ON intake.ticket
      DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION cut_first())");
  auto ticket = node.TryCreateTicket("p", "q", "c", request_id);
  INFO(ticket.status());
  REQUIRE(ticket.ok());
  CHECK(Execute(url, "SELECT last_value FROM commits") == "2");
  CHECK(TicketsByRequest(node, "p") ==
        std::map<std::string, std::string>{{request_id, ticket->ticket_id()}});
}

TEST_CASE("while the database is away calls fail in time, and say so", "[outage]") {
  PrivatePostgres& postgres = SharedPostgres();
  Node node(postgres.CreateDatabase());
  node.ApplyPool("p", {"q"});
  v1::Ticket ticket = node.CreateTicket("p", "q", "c");
  auto watch = node.WatchTicket(ticket.ticket_id());
  CHECK(watch->Next().has_value());
  postgres.Stop();
  v1::GetTicketRequest get;
  get.set_ticket_id(ticket.ticket_id());
  CHECK(absl::IsUnavailable(node.Call(&Stub::GetTicket, get).status()));
  v1::CancelTicketRequest cancel;
  cancel.set_ticket_id(ticket.ticket_id());
  cancel.set_request_id("leave-1");
  absl::Status status = node.Call(&Stub::CancelTicket, cancel, absl::Milliseconds(300)).status();
  CHECK(absl::IsDeadlineExceeded(status));
  CHECK(Eventually([&] { return !node.Serving(); }));
  postgres.Start();
  CHECK(Eventually([&] { return node.Serving(); }));
  CHECK(node.Call(&Stub::CancelTicket, cancel).value().state() == v1::TICKET_STATE_CANCELLED);
  CHECK(watch->Await([](const v1::TicketStanding& standing) {
    return standing.state() == v1::TICKET_STATE_CANCELLED;
  }));
  CHECK(watch->End() == absl::OkStatus());
}

TEST_CASE("a service that starts before its database serves once that is there", "[outage]") {
  PrivatePostgres& postgres = SharedPostgres();
  Config config;
  config.listen = "127.0.0.1:0";
  config.node_id = "early";
  config.database_url = postgres.CreateDatabase();
  postgres.Stop();
  App app(config);
  REQUIRE(app.Start().ok());
  auto stub = v1::IntakeService::NewStub(
      grpc::CreateChannel(app.address(), grpc::InsecureChannelCredentials()));
  const auto list = [&] {
    grpc::ClientContext context;
    context.set_deadline(absl::ToChronoTime(absl::Now() + absl::Seconds(2)));
    v1::ListPoolsResponse response;
    return FromGrpc(stub->ListPools(&context, {}, &response));
  };
  absl::Status status = list();
  CHECK(absl::IsUnavailable(status));
  CHECK(ErrorReason(status) == "STARTING");
  postgres.Start();
  CHECK(Eventually([&] { return list().ok(); }));
}

}  // namespace
}  // namespace muster::intake
