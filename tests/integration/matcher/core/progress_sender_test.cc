#include "services/matcher/wire/progress_sender.h"

#include "tests/integration/matcher/core/fake_peers.h"
#include "tests/support/catch.h"

namespace muster::matcher {
namespace {

intake::v1::ProgressEntry Expired(int number) {
  intake::v1::ProgressEntry entry;
  entry.set_ticket_id("t-" + std::to_string(number));
  entry.set_progress_revision(number);
  entry.mutable_expired();
  return entry;
}

TEST_CASE("what comes within the pace of a batch shares the next call, in order") {
  constexpr int kEntries = 20;
  FakeIntake intake;
  // Long beside the time that it takes to say twenty things.
  ProgressSender progress(intake.Channel(), {.pace = absl::Milliseconds(500)},
                          [](const std::string&, std::vector<ProgressAnswer>) {});
  progress.Send("bank", Expired(0));
  progress.Flush("bank");
  REQUIRE(intake.Await([&] { return intake.told.size() == 1; }));  // the first waits for nothing
  for (int i = 1; i < kEntries; ++i) {
    progress.Send("bank", Expired(i));
    progress.Flush("bank");
  }
  REQUIRE(intake.Await([&] { return intake.progress.size() == kEntries; }));
  std::lock_guard lock(intake.mutex);
  CHECK(intake.told.size() == 2);
  for (int i = 0; i < kEntries; ++i) {
    CHECK(intake.progress[static_cast<size_t>(i)].progress_revision() == i);
  }
}

}  // namespace
}  // namespace muster::matcher
