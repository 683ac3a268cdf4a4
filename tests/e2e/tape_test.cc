// A run recorded from a running stack, and replayed: `muster matcher record` and `replay`.
#include <cstdio>
#include <filesystem>
#include <fstream>

#include "common/base/ids.h"
#include "tests/e2e/support/people.h"
#include "tests/support/catch.h"

namespace muster::e2e {
namespace {

struct Ran {
  int code;
  std::string out;
  std::string err;
};

Ran Muster(const std::vector<std::string>& args) {
  ProcessOptions options;
  options.env = SharedStack().Environment();
  Process process(BinDir() + "/muster", args, options);
  const int code = process.Wait(absl::Seconds(30)).value_or(-1);
  return {code, process.Stdout(), process.Stderr()};
}

bool Contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

// A file that goes when the test ends.
struct TapeFile {
  std::string path = (std::filesystem::temp_directory_path() / NewId("tape")).string();
  ~TapeFile() { std::remove(path.c_str()); }
};

void Serve(Pool& pool, Agent& ann, const std::string& customer) {
  const std::string ticket = pool.CreateTicket(customer).ticket_id();
  const std::string offer = ann.WaitForOffer().offer_id();
  ann.Received(offer);
  ann.Accept(offer);
  ann.Complete(ann.WaitForAssignment().assignment_id());
  pool.WaitForTicket(ticket, intake::v1::TICKET_STATE_RESOLVED);
}

TEST_CASE("a run is recorded after some work, and its replay does the same, byte for byte") {
  Pool pool(SharedStack());
  pool.AddAgent("ann");
  Agent ann(SharedStack(), pool.id(), "ann");
  for (int i = 0; i < 5; ++i) Serve(pool, ann, "c-" + std::to_string(i));
  TapeFile tape;
  Ran ran = Muster({"matcher", "record", pool.id(), "--out", tape.path});
  INFO(ran.out << ran.err);
  REQUIRE(ran.code == 0);
  ran = Muster({"matcher", "replay", tape.path});
  INFO(ran.out << ran.err);
  REQUIRE(ran.code == 0);
  REQUIRE(Contains(ran.out, "byte for byte"));
  REQUIRE(Contains(ran.out, "Assign          5\n"));
  REQUIRE(Contains(Muster({"-o", "json", "matcher", "replay", tape.path}).out, "\"equal\": true"));

  // What comes while it is followed is on it as well.
  TapeFile longer;
  ProcessOptions options;
  options.env = SharedStack().Environment();
  Process follow(BinDir() + "/muster",
                 {"matcher", "record", pool.id(), "--out", longer.path, "--for", "3s"}, options);
  Serve(pool, ann, "c-late");
  REQUIRE(follow.Wait(absl::Seconds(30)) == 0);
  ran = Muster({"matcher", "replay", longer.path});
  INFO(ran.out << ran.err);
  REQUIRE(ran.code == 0);
  REQUIRE(Contains(ran.out, "Assign          6\n"));
}

TEST_CASE("a tape that is damaged or of no pool is told, and exits with 1") {
  Pool pool(SharedStack());
  TapeFile tape;
  REQUIRE(Muster({"matcher", "record", pool.id(), "--out", tape.path}).code == 0);
  std::filesystem::resize_file(tape.path, std::filesystem::file_size(tape.path) - 3);
  Ran ran = Muster({"matcher", "replay", tape.path});
  REQUIRE(ran.code == 1);
  REQUIRE(Contains(ran.err, "damaged"));
  std::ofstream(tape.path) << "something else";
  ran = Muster({"matcher", "replay", tape.path});
  REQUIRE(ran.code == 1);
  REQUIRE(Contains(ran.err, "not a tape"));
  ran = Muster({"matcher", "record", "no-such-pool", "--out", tape.path});
  REQUIRE(ran.code == 1);
  REQUIRE(Contains(ran.err, "POOL_NOT_SERVED"));
}

}  // namespace
}  // namespace muster::e2e
