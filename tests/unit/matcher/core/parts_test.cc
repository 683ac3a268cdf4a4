// The small parts on their own: sequencer, progress order, health, mirrors.
#include <atomic>
#include <future>
#include <thread>

#include "services/matcher/core/health_board.h"
#include "services/matcher/core/progress_order.h"
#include "services/matcher/core/sequencer.h"
#include "services/matcher/core/ticket_mirror.h"
#include "tests/support/catch.h"
#include "tests/support/fake_clock.h"

namespace muster::matcher {

namespace in = intake::v1;

namespace {

class CountingTask : public Sequencer::Task {
 public:
  absl::Time NextWakeup() const override { return next; }
  void Wake(absl::Time) override {
    ++woken;
    next = absl::InfiniteFuture();
    if (on_wake) on_wake();
  }
  void Flush() override { ++flushed; }

  absl::Time next = absl::InfiniteFuture();
  int woken = 0;
  int flushed = 0;
  std::function<void()> on_wake;
};

}  // namespace

TEST_CASE("a round runs what is queued in order, and flushes each touched task once") {
  FakeClock clock;
  Sequencer sequencer({}, clock);
  CountingTask task;
  std::vector<int> ran;
  for (int i = 0; i < 3; ++i) {
    REQUIRE(sequencer.TryPost([&, i] {
      ran.push_back(i);
      sequencer.Touch(&task);
    }));
  }
  CHECK(sequencer.RunPending() == 3);
  CHECK(ran == std::vector<int>{0, 1, 2});
  CHECK(task.flushed == 1);
}

TEST_CASE("tasks are woken when they are due, and not once they are forgotten") {
  FakeClock clock;
  Sequencer sequencer({}, clock);
  CountingTask task;
  task.next = clock.Now() + absl::Seconds(1);
  sequencer.Touch(&task);
  sequencer.RunPending();
  CHECK(task.woken == 0);
  clock.Advance(absl::Seconds(1));
  sequencer.RunPending();
  CHECK(task.woken == 1);
  CHECK(task.flushed == 2);
  task.next = clock.Now() + absl::Seconds(1);
  sequencer.Touch(&task);
  sequencer.RunPending();
  sequencer.Forget(&task);
  clock.Advance(absl::Seconds(2));
  sequencer.RunPending();
  CHECK(task.woken == 1);
}

TEST_CASE("news is refused when too much waits, answers are not") {
  FakeClock clock;
  Sequencer sequencer({.max_queued = 2}, clock);
  int ran = 0;
  CHECK(sequencer.TryPost([&] { ++ran; }));
  CHECK(sequencer.TryPost([&] { ++ran; }));
  CHECK_FALSE(sequencer.TryPost([&] { ++ran; }));
  sequencer.Post([&] { ++ran; });
  CHECK(sequencer.queued() == 3);
  sequencer.RunPending();
  CHECK(ran == 3);
}

TEST_CASE("many threads post, one runs, and what was posted before the end is run") {
  constexpr int kThreads = 4;
  constexpr int kEach = 2'000;
  Sequencer sequencer({}, SystemClock());
  int64_t sum = 0;  // not atomic: the sequencer's alone
  std::vector<int> last(kThreads, -1);
  bool in_order = true;
  sequencer.Start();
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < kEach; ++i) {
        sequencer.Post([&, t, i] {
          in_order = in_order && last[t] < i;
          last[t] = i;
          ++sum;
        });
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  sequencer.Stop();
  CHECK(sum == kThreads * kEach);
  CHECK(in_order);
  CHECK_FALSE(sequencer.TryPost([] {}));
}

TEST_CASE("the thread wakes a task by itself") {
  Sequencer sequencer({}, SystemClock());
  CountingTask task;
  std::promise<void> woken;
  task.next = SystemClock().Now() + absl::Milliseconds(20);
  task.on_wake = [&] { woken.set_value(); };
  sequencer.Post([&] { sequencer.Touch(&task); });
  sequencer.Start();
  CHECK(woken.get_future().wait_for(std::chrono::seconds(15)) == std::future_status::ready);
  sequencer.Stop();
}

TEST_CASE("progress goes in the order of its numbers, as soon as it may") {
  ProgressOrder order(3);
  auto add = [&order](const char* ticket_id) {
    in::ProgressEntry entry;
    entry.set_ticket_id(ticket_id);
    return order.Add(std::move(entry));
  };
  int64_t first = add("t-1");
  int64_t second = add("t-2");
  int64_t third = add("t-3");
  CHECK(first == (int64_t{3} << 40) + 1);
  order.Release(second);
  CHECK_FALSE(order.TakeNext().has_value());
  order.Drop(first);
  std::optional<in::ProgressEntry> next = order.TakeNext();
  REQUIRE(next.has_value());
  CHECK(next->ticket_id() == "t-2");
  CHECK(next->progress_revision() == second);
  CHECK_FALSE(order.TakeNext().has_value());
  CHECK(order.held() == 1);
  order.Release(first);  // long gone: no harm
  order.Release(third);
  CHECK(order.TakeNext()->ticket_id() == "t-3");
  CHECK(add("t-4") == third + 1);
}

TEST_CASE("health forgives a short absence, but not one from the start") {
  FakeClock clock;
  HealthBoard board(absl::Seconds(2));
  CHECK(board.Set("delivery", false, "not heard of yet", clock.Now()));
  CHECK_FALSE(board.Evaluate(clock.Now()).ok());
  CHECK(board.Set("delivery", true, "", clock.Now()));
  CHECK(board.Evaluate(clock.Now()).ok());
  CHECK(board.Set("delivery", false, "connection refused", clock.Now()));
  CHECK(board.Evaluate(clock.Now()).ok());
  clock.Advance(absl::Seconds(1));
  CHECK_FALSE(board.Set("delivery", false, "still refused", clock.Now()));
  clock.Advance(absl::Seconds(1));
  CHECK(board.Evaluate(clock.Now()).message() == "delivery: still refused");
  board.Remove("delivery");
  CHECK(board.Evaluate(clock.Now()).ok());
}

TEST_CASE("what is missing in a new snapshot is gone") {
  TicketMirror mirror;
  Events events;
  TicketSnapshot snapshot;
  snapshot.queues.emplace_back().set_queue_id("card");
  for (const char* id : {"t-1", "t-2"}) {
    in::Ticket& ticket = snapshot.tickets.emplace_back();
    ticket.set_ticket_id(id);
    ticket.set_queue_id("card");
    ticket.set_state(in::TICKET_STATE_QUEUED);
  }
  mirror.Apply(snapshot, &events);
  CHECK(events.size() == 3);
  events.clear();
  snapshot.queues.clear();
  snapshot.tickets.erase(snapshot.tickets.begin());
  mirror.Apply(snapshot, &events);
  REQUIRE(events.size() == 3);
  CHECK(std::get<engine::TicketGone>(events[0]).ticket_id == "t-1");
  CHECK(std::get<engine::TicketQueued>(events[1]).ticket.ticket_id == "t-2");
  CHECK(std::get<engine::QueueRemoved>(events[2]).queue_id == "card");
  CHECK(mirror.size() == 1);
}

TEST_CASE("a ticket's state at intake counts by what intake has heard") {
  TicketMirror mirror;
  auto say = [&mirror](in::TicketState state, int64_t heard) {
    in::WatchTicketsResponse::Changes changes;
    in::Ticket* ticket = changes.add_tickets();
    ticket->set_ticket_id("t-1");
    ticket->set_state(state);
    ticket->set_progress_revision(heard);
    Events events;
    mirror.Apply(std::move(changes), &events);
    return events.size();
  };
  CHECK(say(in::TICKET_STATE_QUEUED, 0) == 1);
  mirror.Told("t-1", 5);
  CHECK(say(in::TICKET_STATE_QUEUED, 4) == 0);
  CHECK(say(in::TICKET_STATE_ASSIGNED, 5) == 1);
  mirror.Told("t-1", 6);
  mirror.Refused("t-1", 6);
  CHECK(say(in::TICKET_STATE_QUEUED, 5) == 1);
  mirror.Told("t-1", 7);
  CHECK(say(in::TICKET_STATE_CANCELLED, 5) == 1);  // final, whatever is on its way
  CHECK(mirror.Ticket("t-1") == nullptr);
  CHECK(say(in::TICKET_STATE_RESOLVED, 7) == 0);
}

}  // namespace muster::matcher
