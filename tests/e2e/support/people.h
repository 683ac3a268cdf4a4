// Customers, agents and pools of end-to-end tests: thin clients that say what they were told.
//
//   Pool pool(stack, "chat");
//   pool.AddAgent("ann");
//   Agent ann(stack, pool.id(), "ann");
//   std::string ticket = pool.CreateTicket("c-1").ticket_id();
//   OfferNotice offer = ann.WaitForOffer();
//   ann.Accept(offer.offer_id());
//   REQUIRE(ann.WaitForAssignment().ticket().ticket_id() == ticket);
//
// Whatever does not come in time fails the test that waits.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "absl/time/time.h"
#include "muster/availability/v1/link.grpc.pb.h"
#include "services/cli/session_place.h"
#include "tests/e2e/support/stack.h"

namespace muster::e2e {

// How long a test waits for what must come.
inline constexpr absl::Duration kPatience = absl::Seconds(20);

class Pool {
 public:
  using Rules = std::function<void(intake::v1::Queue&)>;

  // A pool of its own, with one queue "q" that asks for `skill`, and the matcher at work on it.
  Pool(Stack& stack, const std::string& skill = "chat", const Rules& rules = {});

  const std::string& id() const { return id_; }
  void AddAgent(const std::string& agent_id, int capacity = 1);
  intake::v1::Ticket CreateTicket(const std::string& customer_id);
  intake::v1::Ticket GetTicket(const std::string& ticket_id);
  grpc::Status Cancel(const std::string& ticket_id, bool even_if_assigned = false);
  matcher::v1::Assignment GetAssignment(const std::string& assignment_id);
  std::vector<matcher::v1::Assignment> ListAssignments(const std::string& ticket_id = "");
  std::vector<matcher::v1::Offer> ListOffers(const std::string& ticket_id = "");
  std::vector<intake::v1::Ticket> ListTickets();
  availability::v1::Agent GetAgent(const std::string& agent_id);
  // Until intake says so; fails the test otherwise.
  void WaitForTicket(const std::string& ticket_id, intake::v1::TicketState state);
  void WaitForAssignment(const std::string& assignment_id, matcher::v1::AssignmentState state);

 private:
  Stack& stack_;
  std::string id_;
  std::string skill_;
};

// An agent with a link of its own.
class Agent {
 public:
  using Frame = availability::v1::PlatformFrame;

  // Connects and says hello, ONLINE; returns once welcomed.
  Agent(Stack& stack, const std::string& pool_id, const std::string& agent_id);
  ~Agent();

  availability::v1::OfferNotice WaitForOffer();
  availability::v1::OfferRevoked WaitForRevoked();
  availability::v1::AssignmentConfirmed WaitForAssignment();
  // The end of that assignment; an earlier one's stays where it is.
  availability::v1::AssignmentEnded WaitForEnded(const std::string& assignment_id);
  // The answer to the request id.
  google::rpc::Status WaitForAnswer(const std::string& request_id);

  // Each sends one frame and returns its request id.
  std::string Received(const std::string& offer_id);
  std::string Accept(const std::string& offer_id);
  std::string Decline(const std::string& offer_id);
  std::string StartWrapUp(const std::string& assignment_id);
  std::string Complete(const std::string& assignment_id, const std::string& request_id = "");
  std::string SetPresence(availability::v1::Presence presence);
  std::string Send(availability::v1::AgentFrame frame, const std::string& request_id = "");

  // Cuts the stream without a word.
  void Cut();
  // A new stream and hello, with the presence as it was.
  void Reconnect();
  // A new stream, to this node, and a hello that names what it has seen; the welcome.
  Frame::Welcome Return(const std::shared_ptr<grpc::Channel>& node);
  // What was wrong with the numbers of the frames that it got, if anything.
  std::vector<std::string> wrong();
  // The stream has ended, from the other side or ours.
  bool ended();
  // Nothing of this kind has come so far.
  bool Has(Frame::KindCase kind);

 private:
  Frame WaitFor(const std::string& what, const std::function<bool(const Frame&)>& wanted);
  Frame::Welcome Connect(availability::v1::Presence presence, bool resume);

  Stack& stack_;
  const std::string pool_id_;
  const std::string agent_id_;
  std::unique_ptr<availability::v1::AgentLink::Stub> stub_;
  std::unique_ptr<grpc::ClientContext> call_;
  std::unique_ptr<grpc::ClientReaderWriter<availability::v1::AgentFrame, Frame>> stream_;
  std::mutex mutex_;
  std::mutex write_mutex_;
  std::condition_variable changed_;
  std::deque<Frame> frames_;
  cli::SessionPlace place_;
  std::vector<std::string> wrong_;
  bool ended_ = false;
  std::thread reader_;
};

// The reason of a gRPC error, as ErrorInfo tells it.
std::string ReasonOf(const grpc::Status& status);

}  // namespace muster::e2e
