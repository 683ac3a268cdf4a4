// Several nodes of availability under one matcher: agents move, a node is killed, accepted work
// goes on; and what becomes of it when nobody comes back.
#include <csignal>

#include "absl/strings/str_cat.h"
#include "common/rpc/channel.h"
#include "muster/availability/v1/delivery.grpc.pb.h"
#include "tests/e2e/support/people.h"
#include "tests/support/catch.h"
#include "tests/support/eventually.h"
#include "tests/support/free_port.h"

namespace muster::e2e {
namespace {

namespace av = availability::v1;
namespace ma = matcher::v1;

// One more node of availability of a stack, on a port of its own.
class Node {
 public:
  Node(Stack& stack, const std::string& name)
      : address_(absl::StrCat("127.0.0.1:", FreePort())),
        process_(BinDir() + "/muster-availability",
                 {"--listen=" + address_, "--node-id=" + name, "--metrics-listen=127.0.0.1:0",
                  "--database-url=" + stack.database_url(), "--lease=60s", "--grace=10s",
                  "--node-lease=1s"}),
        channel_(MakeChannel(address_)) {}
  ~Node() {
    process_.Signal(SIGTERM);
    process_.Wait();
  }

  const std::shared_ptr<grpc::Channel>& channel() const { return channel_; }
  void Kill() {
    process_.Signal(SIGKILL);
    process_.Wait();
  }

 private:
  const std::string address_;
  Process process_;
  std::shared_ptr<grpc::Channel> channel_;
};

bool Listed(Stack& stack, size_t nodes) {
  auto stub = av::AgentDelivery::NewStub(stack.channel(Part::kAvailability));
  return Eventually(
      [&] {
        grpc::ClientContext call;
        av::ListNodesResponse response;
        return stub->ListNodes(&call, {}, &response).ok() &&
               static_cast<size_t>(response.nodes_size()) == nodes;
      },
      kPatience);
}

TEST_CASE("an agent's work goes on on another node, and what it missed comes once") {
  Stack stack;
  Node second(stack, "second");
  REQUIRE(Listed(stack, 2));
  Pool pool(stack);
  pool.AddAgent("ann", 3);
  Agent ann(stack, pool.id(), "ann");
  const std::string first = pool.CreateTicket("c-1").ticket_id();
  ann.Accept(ann.WaitForOffer().offer_id());
  const std::string assignment = ann.WaitForAssignment().assignment_id();

  // To the same node: the rest, and nothing else.
  CHECK(ann.Return(stack.channel(Part::kAvailability)).resumed());
  // To the other: everything, in a new session.
  const av::PlatformFrame::Welcome welcome = ann.Return(second.channel());
  CHECK_FALSE(welcome.resumed());
  CHECK(welcome.agent().node_id() == "second");
  CHECK(ann.WaitForAssignment().assignment_id() == assignment);
  const std::string next = pool.CreateTicket("c-2").ticket_id();
  ann.Accept(ann.WaitForOffer().offer_id());
  CHECK(ann.WaitForAssignment().ticket().ticket_id() == next);

  // The node dies; its agent comes back to the first.
  second.Kill();
  CHECK_FALSE(ann.Return(stack.channel(Part::kAvailability)).resumed());
  CHECK(ann.WaitForAnswer(ann.Complete(assignment)).code() == 0);
  pool.WaitForTicket(first, intake::v1::TICKET_STATE_RESOLVED);
  pool.WaitForAssignment(assignment, ma::ASSIGNMENT_STATE_COMPLETED);
  REQUIRE(Listed(stack, 1));
  CHECK(pool.GetAgent("ann").connected());
  CHECK(ann.wrong().empty());
}

TEST_CASE("accepted work of an agent whose node died and who stays away goes to another") {
  Stack stack({.grace = "500ms", .lost_after = "1s"});
  Pool pool(stack);
  pool.AddAgent("ann");
  pool.AddAgent("bob");
  std::string assignment, ticket;
  {
    Node second(stack, "second");
    REQUIRE(Listed(stack, 2));
    Agent ann(stack, pool.id(), "ann");
    ann.Return(second.channel());
    ticket = pool.CreateTicket("c-1").ticket_id();
    ann.Accept(ann.WaitForOffer().offer_id());
    assignment = ann.WaitForAssignment().assignment_id();
    second.Kill();
  }
  pool.WaitForAssignment(assignment, ma::ASSIGNMENT_STATE_LOST);
  pool.WaitForTicket(ticket, intake::v1::TICKET_STATE_QUEUED);
  CHECK(pool.GetTicket(ticket).interrupted());
  Agent bob(stack, pool.id(), "bob");
  CHECK(bob.WaitForOffer().ticket_id() == ticket);
}

}  // namespace
}  // namespace muster::e2e
