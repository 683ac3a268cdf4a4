#include "services/cli/replay/player.h"

#include <algorithm>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "common/base/errors.h"
#include "common/rpc/channel.h"
#include "muster/intake/v1/intake.grpc.pb.h"
#include "services/cli/replay/call.h"

namespace muster::replay {
namespace {

using intake::v1::IntakeService;

constexpr absl::Duration kAssembleWithin = absl::Seconds(30);
constexpr absl::Duration kLeadIn = absl::Milliseconds(100);
constexpr absl::Duration kProgressEvery = absl::Milliseconds(250);
// Without a sign of life for this long, with nothing left to play, the services leave us hanging.
constexpr absl::Duration kHangsAfter = absl::Seconds(30);
constexpr absl::Duration kDisperseWithin = absl::Seconds(5);

// A service that comes back is to be found soon: a replay has no time to lose.
ChannelOptions Quick() {
  ChannelOptions options;
  options.min_reconnect = absl::Milliseconds(50);
  options.max_reconnect = absl::Milliseconds(200);
  options.own_connection = true;
  return options;
}

}  // namespace

class Player::IntakeDesk final : public Desk {
 public:
  IntakeDesk(EventLoop& loop, const std::string& address)
      : loop_(loop), stub_(IntakeService::NewStub(MakeChannel(address, Quick()))) {}

  void Create(const intake::v1::CreateTicketRequest& request, Answer answer) override {
    CallUntilAnswered(loop_, *stub_, &IntakeService::Stub::AsyncCreateTicket, request,
                      std::move(answer));
  }
  void Cancel(const intake::v1::CancelTicketRequest& request, Answer answer) override {
    CallUntilAnswered(loop_, *stub_, &IntakeService::Stub::AsyncCancelTicket, request,
                      std::move(answer));
  }

 private:
  EventLoop& loop_;
  std::unique_ptr<IntakeService::Stub> stub_;
};

Player::Player(const Play& play, const PlayOptions& options,
               std::function<void(const Progress&)> progress)
    : play_(play),
      options_(options),
      progress_(std::move(progress)),
      moments_(MakeSchedule(play.trace, play.roster)),
      tickets_left_(play.trace.size()),
      desk_(std::make_unique<IntakeDesk>(loop_, options.intake)),
      crew_(loop_.timers(), troubles_, options.pool,
            {.offered =
                 [this](const availability::v1::OfferNotice& offer) {
                   watch_.Offered(offer.ticket_id(), offer.queue_id(), loop_.timers().Now());
                 },
             .confirmed = [this](const intake::v1::Ticket& ticket) { return TakeUp(ticket); },
             .now = [] { return absl::Now(); }}),
      customers_(loop_.timers(), *desk_, watch_, troubles_, play.trace, play.pace,
                 {options.pool, play.pace.Real(play.bonus_s), options.min_patience},
                 [this](const std::string& queue) { return crew_.IdleFor(queue); }) {}

Player::~Player() = default;

absl::Status Player::Assemble(const std::function<bool()>& interrupted) {
  const Link::Listener listener = {
      .connected = [this](Link* link) { crew_.Connected(link); },
      .disconnected = [this](Link* link) { crew_.Disconnected(link); },
      .hear =
          [this](Link* link, const availability::v1::PlatformFrame& frame) {
            last_sign_ = std::max(last_sign_, loop_.timers().Now());
            crew_.Hear(link, frame);
          }};
  for (int i = 0; i < options_.links; ++i) {
    links_.push_back(
        std::make_unique<Link>(loop_, MakeChannel(options_.availability, Quick()), listener));
  }
  size_t dealt = 0;
  for (const AgentProfile& agent : AgentsOf(play_.roster)) {
    crew_.Add(agent, links_[dealt++ % links_.size()].get());
  }
  for (const auto& link : links_) link->Open();
  const absl::Duration give_up = loop_.timers().Now() + kAssembleWithin;
  loop_.RunUntil(
      [&] { return crew_.Welcomed() || loop_.timers().Now() >= give_up || interrupted(); });
  if (crew_.Welcomed()) return absl::OkStatus();
  return Unavailable("AGENTS_NOT_WELCOMED", "the agents' links did not come about");
}

absl::Status Player::Run(const std::function<bool()>& interrupted) {
  absl::Status status = Assemble(interrupted);
  bool hangs = false;
  if (status.ok() && !moments_.empty()) {
    start_ = loop_.timers().Now() + kLeadIn;
    last_sign_ = start_ + play_.pace.After(moments_.back().at_s);
    PlayNext();
    ShowProgress();
    loop_.RunUntil([&] {
      hangs = loop_.timers().Now() > last_sign_ + kHangsAfter;
      return Over() || hangs || interrupted();
    });
  }
  Disperse();
  if (!status.ok()) return status;
  if (interrupted()) return absl::CancelledError("interrupted");
  if (!hangs) return absl::OkStatus();
  return DeadlineExceeded("REPLAY_HANGS",
                          absl::StrCat(customers_.waiting(), " customers and ", crew_.AtWork(),
                                       " agents at work were left without a word"));
}

// One timer at a time: the next moment's.
void Player::PlayNext() {
  while (next_ < moments_.size()) {
    const Moment& moment = moments_[next_];
    const absl::Duration due = start_ + play_.pace.After(moment.at_s);
    if (due > loop_.timers().Now()) return loop_.timers().At(due, [this] { PlayNext(); });
    ++next_;
    Happen(moment);
  }
}

void Player::Happen(const Moment& moment) {
  switch (moment.kind) {
    case MomentKind::kAgentComes:
      return crew_.Come(play_.roster[moment.index].agent);
    case MomentKind::kAgentGoes:
      return crew_.Go(play_.roster[moment.index].agent);
    case MomentKind::kTicketComes: {
      const absl::Duration due = start_ + play_.pace.After(moment.at_s);
      const double patience_s = play_.trace[moment.index].patience_s.value_or(0);
      last_sign_ = std::max(last_sign_, due + play_.pace.Real(patience_s));
      --tickets_left_;
      return customers_.Arrive(moment.index, due);
    }
    case MomentKind::kWorkEnds:
    case MomentKind::kCustomerLeaves:
      return;  // follow from what happens
  }
}

absl::Duration Player::TakeUp(const intake::v1::Ticket& ticket) {
  const auto attribute = ticket.attributes().find(kPlaceAttribute);
  size_t place = 0;
  if (attribute == ticket.attributes().end() || !absl::SimpleAtoi(attribute->second, &place) ||
      place >= play_.trace.size()) {
    troubles_.Add(absl::StrCat("ticket ", ticket.ticket_id()),
                  absl::InternalError("an agent was given it without the attributes it came with"));
    return absl::ZeroDuration();
  }
  customers_.TakenUp(place);
  const absl::Duration work = play_.pace.Real(play_.trace[place].handle_s);
  last_sign_ = std::max(last_sign_, loop_.timers().Now() + work);
  return work;
}

bool Player::Over() {
  if (tickets_left_ > 0 || !customers_.Settled() || crew_.AtWork() > 0) return false;
  if (next_ < moments_.size()) {
    // Who waits without patience may yet be served by an agent who is to come.
    if (customers_.waiting() > 0) return false;
    SendHome();
  }
  return crew_.Gone();
}

void Player::SendHome() {
  next_ = moments_.size();
  last_sign_ = loop_.timers().Now();
  for (const Spell& spell : play_.roster) crew_.Go(spell.agent);
}

void Player::ShowProgress() {
  const absl::Duration played = std::max(loop_.timers().Now() - start_, absl::ZeroDuration());
  progress_({play_.pace.SecondAt(played), customers_.created(), customers_.waiting(),
             crew_.OnDuty(), crew_.AtWork()});
  loop_.timers().After(kProgressEvery, [this] { ShowProgress(); });
}

void Player::Disperse() {
  for (const auto& link : links_) link->Close();
  const absl::Duration give_up = loop_.timers().Now() + kDisperseWithin;
  loop_.RunUntil([&] {
    return loop_.timers().Now() >= give_up ||
           std::all_of(links_.begin(), links_.end(),
                       [](const auto& link) { return link->closed(); });
  });
}

History Player::Told() const {
  History history;
  history.told_tickets = customers_.Told();
  history.told_assignments = crew_.Told();
  return history;
}

}  // namespace muster::replay
