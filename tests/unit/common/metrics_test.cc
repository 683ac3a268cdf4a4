#include "common/obs/metrics.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "common/base/errors.h"
#include "tests/support/catch.h"

namespace muster {
namespace {

std::string HttpGet(int port, const std::string& path) {
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  REQUIRE(connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof(address)) == 0);
  std::string request = absl::StrCat("GET ", path, " HTTP/1.0\r\n\r\n");
  REQUIRE(write(fd, request.data(), request.size()) == static_cast<ssize_t>(request.size()));
  std::string answer;
  char buffer[4096];
  for (ssize_t n; (n = read(fd, buffer, sizeof(buffer))) > 0;) {
    answer.append(buffer, static_cast<size_t>(n));
  }
  close(fd);
  return answer;
}

TEST_CASE("the same name and labels are the same metric", "[metrics]") {
  Metrics metrics;
  metrics.Counter("muster_x_total", "X", {{"pool", "a"}}).Increment();
  metrics.Counter("muster_x_total", "X", {{"pool", "a"}}).Increment(2);
  metrics.Counter("muster_x_total", "X", {{"pool", "b"}}).Increment();
  std::string text = metrics.Text();
  CHECK(absl::StrContains(text, "muster_x_total{pool=\"a\"} 3"));
  CHECK(absl::StrContains(text, "muster_x_total{pool=\"b\"} 1"));
}

TEST_CASE("metrics are read over HTTP", "[metrics]") {
  Metrics metrics;
  metrics.SetBuildInfo("intake");
  metrics.Gauge("muster_waiting", "Waiting").Set(7);
  metrics.Histogram("muster_wait_seconds", "Wait").Observe(0.3);
  CHECK(metrics.port() == 0);
  REQUIRE(metrics.Expose("127.0.0.1:0").ok());
  std::string answer = HttpGet(metrics.port(), "/metrics");
  CHECK(absl::StrContains(answer, "200 OK"));
  CHECK(absl::StrContains(answer, "muster_build_info{service=\"intake\",version=\""));
  CHECK(absl::StrContains(answer, "muster_waiting 7"));
  CHECK(absl::StrContains(answer, "muster_wait_seconds_bucket{le=\"0.5\"} 1"));
}

TEST_CASE("an address that cannot be had is an error, none is fine", "[metrics]") {
  Metrics metrics;
  CHECK(metrics.Expose("").ok());
  CHECK(ErrorReason(metrics.Expose("203.0.113.1:1")) == "METRICS_ADDRESS");
}

}  // namespace
}  // namespace muster
