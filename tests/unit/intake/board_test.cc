#include "services/intake/domain/board.h"

#include "tests/support/catch.h"

namespace muster::intake {
namespace {

const absl::Time kStart = absl::FromUnixSeconds(1'700'000'000);

BoardEntry Waiting(const std::string& id, int second, int ahead = 0,
                   const std::string& queue = "q") {
  return {.ticket_id = id,
          .queue_id = queue,
          .create_time = kStart + absl::Seconds(second),
          .priority_ahead = absl::Seconds(ahead)};
}

BoardEntry Assigned(BoardEntry entry, int waited) {
  entry.state = TicketState::kAssigned;
  entry.assign_time = entry.create_time + absl::Seconds(waited);
  entry.agent_id = "ann";
  return entry;
}

int PositionOf(const Board& board, const std::string& id, const std::string& queue = "q") {
  auto places = board.PlacesOf(queue, {id});
  return places.count(id) > 0 ? places[id].position : 0;
}

TEST_CASE("the first come is next, a priority counts as having come earlier", "[board]") {
  Board board;
  board.Put(Waiting("t-2", 10));
  board.Put(Waiting("t-1", 0));
  board.Put(Waiting("t-3", 20, 15));
  board.Put(Waiting("t-4", 0, 0, "other"));
  CHECK(PositionOf(board, "t-1") == 1);
  CHECK(PositionOf(board, "t-3") == 2);
  CHECK(PositionOf(board, "t-2") == 3);
  CHECK(PositionOf(board, "t-4", "other") == 1);
  CHECK(PositionOf(board, "t-4", "q") == 0);
  CHECK(PositionOf(board, "none") == 0);
}

TEST_CASE("equal ranks go by time of arrival, then id", "[board]") {
  Board board;
  board.Put(Waiting("t-b", 5));
  board.Put(Waiting("t-a", 5));
  board.Put(Waiting("t-c", 10, 5));
  CHECK(PositionOf(board, "t-a") == 1);
  CHECK(PositionOf(board, "t-b") == 2);
  CHECK(PositionOf(board, "t-c") == 3);
}

TEST_CASE("who leaves makes room, who comes back has the old place", "[board]") {
  Board board;
  for (int i = 1; i <= 3; ++i) board.Put(Waiting("t-" + std::to_string(i), i));
  board.Put(Assigned(Waiting("t-1", 1), 4));
  CHECK(PositionOf(board, "t-1") == 0);
  CHECK(PositionOf(board, "t-2") == 1);
  CHECK(board.Find("t-1")->agent_id == "ann");
  board.Put(Waiting("t-1", 1));
  CHECK(PositionOf(board, "t-1") == 1);
  CHECK(PositionOf(board, "t-2") == 2);
  BoardEntry gone = Waiting("t-1", 1);
  gone.state = TicketState::kCancelled;
  board.Put(gone);
  CHECK(board.Find("t-1") == nullptr);
  CHECK(board.size() == 2);
  CHECK(PositionOf(board, "t-3") == 2);
}

TEST_CASE("a transfer moves a ticket to the other line", "[board]") {
  Board board;
  board.Put(Waiting("t-1", 1));
  board.Put(Waiting("t-2", 2, 0, "other"));
  board.Put(Waiting("t-1", 1, 0, "other"));
  CHECK(PositionOf(board, "t-1", "q") == 0);
  CHECK(PositionOf(board, "t-1", "other") == 1);
  CHECK(PositionOf(board, "t-2", "other") == 2);
}

TEST_CASE("the estimate is the mean of the last waits, by the share of the line", "[board]") {
  Board board;
  for (int i = 1; i <= 4; ++i) board.Put(Waiting("t-" + std::to_string(i), i));
  CHECK_FALSE(board.PlacesOf("q", {"t-4"})["t-4"].estimated_wait.has_value());
  board.Put(Assigned(Waiting("t-1", 1), 30));
  board.Put(Assigned(Waiting("t-2", 2), 90));
  auto places = board.PlacesOf("q", {"t-3", "t-4"});
  CHECK(places["t-3"].estimated_wait == absl::Seconds(30));
  CHECK(places["t-4"].estimated_wait == absl::Seconds(60));
  // Another queue knows nothing of it; a new snapshot does not forget it.
  board.Put(Waiting("t-9", 9, 0, "other"));
  CHECK_FALSE(board.PlacesOf("other", {"t-9"})["t-9"].estimated_wait.has_value());
  board.Clear();
  CHECK(board.size() == 0);
  board.Put(Waiting("t-5", 5));
  CHECK(board.PlacesOf("q", {"t-5"})["t-5"].estimated_wait == absl::Seconds(60));
}

TEST_CASE("only the last waits count", "[board]") {
  Board board;
  for (size_t i = 0; i < kRecentWaits + 5; ++i) {
    BoardEntry entry = Waiting("t-" + std::to_string(i), static_cast<int>(i));
    board.Put(entry);
    board.Put(Assigned(entry, i < 5 ? 1000 : 10));
  }
  board.Put(Waiting("t-z", 1));
  CHECK(board.PlacesOf("q", {"t-z"})["t-z"].estimated_wait == absl::Seconds(10));
}

}  // namespace
}  // namespace muster::intake
