#include "common/db/request_log.h"

#include <memory>
#include <thread>

#include "absl/time/clock.h"
#include "common/base/errors.h"
#include "common/db/database.h"
#include "common/db/migrations.h"
#include "common_test_migrations.h"
#include "tests/support/catch.h"
#include "tests/support/eventually.h"
#include "tests/support/postgres.h"

namespace muster {
namespace {

constexpr char kSchema[] = "notes";
const absl::Time kNow = absl::FromUnixSeconds(1767225600);

class Log {
 public:
  Log()
      : url_(SharedPostgres().CreateDatabase()),
        connection_({.url = url_}, [](pqxx::connection& c) { PrepareRequestLog(c, kSchema); }) {
    REQUIRE(Migrate({.url = url_}, kSchema, common_test_migrations()).ok());
  }

  absl::Status Transact(const std::function<absl::Status(pqxx::work&)>& body) {
    return connection_.Transact(body, absl::Now() + absl::Seconds(30));
  }
  absl::Status Write(const std::function<void(Script&)>& say) {
    return connection_.Write(
        [&](WriteTransaction& tx) {
          Script script(tx);
          say(script);
          script.Run();
          return absl::OkStatus();
        },
        absl::Now() + absl::Seconds(30));
  }
  void Put(const std::vector<RequestRecord>& records) {
    absl::Status status = Write([&](Script& script) { Store(script, kSchema, records); });
    INFO(status.ToString());
    REQUIRE(status.ok());
  }
  std::vector<RequestVerdict> Ask(const std::vector<RequestKey>& keys) {
    std::vector<RequestVerdict> verdicts;
    REQUIRE(Write([&](Script& script) { LookUp(script, kSchema, keys, &verdicts); }).ok());
    return verdicts;
  }
  const std::string& url() const { return url_; }

 private:
  std::string url_;
  Connection connection_;
};

TEST_CASE("what was answered is remembered, byte for byte", "[request_log]") {
  Log log;
  std::string answer("\x00\x01\xff\"\\ answer", 12);
  log.Put({{{"r-1", 11}, answer, kNow}, {{"r \"2\"", -22}, "", kNow}});
  auto verdicts = log.Ask({{"r-3", 1}, {"r-1", 11}, {"r \"2\"", -22}, {"r-1", 12}, {"", 5}});
  REQUIRE(verdicts.size() == 5);
  CHECK(verdicts[0].kind == RequestVerdict::kNew);
  CHECK(verdicts[1].kind == RequestVerdict::kAnswered);
  CHECK(verdicts[1].answer == answer);
  CHECK(verdicts[2].kind == RequestVerdict::kAnswered);
  CHECK(verdicts[2].answer.empty());
  CHECK(verdicts[3].kind == RequestVerdict::kReused);
  CHECK(verdicts[4].kind == RequestVerdict::kNew);
}

TEST_CASE("an id used with another body is refused", "[request_log]") {
  Log log;
  log.Put({{{"r-1", 11}, "answer", kNow}});
  auto verdicts = log.Ask({{"r-1", 12}});
  CHECK(verdicts[0].kind == RequestVerdict::kReused);
  CHECK(verdicts[0].answer.empty());
}

TEST_CASE("repeats within a batch point to the first", "[request_log]") {
  Log log;
  auto verdicts = log.Ask({{"a", 1}, {"b", 1}, {"a", 1}, {"a", 2}, {"", 0}, {"", 0}});
  CHECK(verdicts[0].kind == RequestVerdict::kNew);
  CHECK(verdicts[1].kind == RequestVerdict::kNew);
  CHECK(verdicts[2].kind == RequestVerdict::kRepeat);
  CHECK(verdicts[2].first == 0);
  CHECK(verdicts[3].kind == RequestVerdict::kReused);
  CHECK(verdicts[4].kind == RequestVerdict::kNew);
  CHECK(verdicts[5].kind == RequestVerdict::kNew);
}

TEST_CASE("an id that another transaction stored meanwhile asks for another try", "[request_log]") {
  Log log;
  log.Put({{{"r-1", 1}, "first", kNow}});
  absl::Status status = log.Write([](Script& script) {
    Store(script, kSchema, {{{"r-1", 1}, "second", kNow}});
  });
  CHECK(absl::IsAborted(status));
  CHECK(log.Ask({{"r-1", 1}})[0].answer == "first");
}

TEST_CASE("old records are forgotten, a bounded number at a time", "[request_log]") {
  Log log;
  std::vector<RequestRecord> records;
  for (int i = 0; i < 10; ++i) {
    records.push_back({{std::to_string(i), 0}, "x", kNow + i * absl::Hours(1)});
  }
  log.Put(records);
  auto forget = [&](int limit) {
    int64_t count = -1;
    REQUIRE(log.Transact([&](pqxx::work& tx) {
                 count = DeleteRequestsBefore(tx, kSchema, kNow + absl::Hours(5), limit);
                 return absl::OkStatus();
               })
                .ok());
    return count;
  };
  CHECK(forget(3) == 3);
  CHECK(log.Ask({{"0", 0}})[0].kind == RequestVerdict::kNew);  // oldest first
  CHECK(forget(3) == 2);
  CHECK(forget(3) == 0);
  CHECK(log.Ask({{"5", 0}})[0].kind == RequestVerdict::kAnswered);
}

}  // namespace
}  // namespace muster
