#include "services/cli/replay/csv.h"

#include <string>

#include "tests/support/catch.h"

namespace muster::replay {
namespace {

using Fields = std::vector<std::string>;

std::string ProblemOf(const std::string& text) {
  const auto table = ParseCsv("x.csv", text);
  return table.ok() ? ""
                    : std::string(table.status().message().data(), table.status().message().size());
}

TEST_CASE("CSV fields may be quoted, and lines may end either way") {
  const auto table = ParseCsv("x.csv", "a,b\r\n1,\"x, \"\"y\"\"\nz\"\r\n,\n\"\",last");
  REQUIRE(table.ok());
  CHECK(table->header == Fields{"a", "b"});
  REQUIRE(table->rows.size() == 3);
  CHECK(table->rows[0].fields == Fields{"1", "x, \"y\"\nz"});
  CHECK(table->rows[0].line == 2);
  CHECK(table->rows[1].fields == Fields{"", ""});
  CHECK(table->rows[1].line == 4);
  CHECK(table->rows[2].fields == Fields{"", "last"});
}

TEST_CASE("A CSV file's last empty line is no row") {
  const auto table = ParseCsv("x.csv", "a\n1\n\n");
  REQUIRE(table.ok());
  CHECK(table->rows.size() == 1);
}

TEST_CASE("CSV errors name the file and the line") {
  struct Case {
    const char* text;
    const char* problem;
  };
  const Case cases[] = {
      {"", "x.csv: empty"},
      {"a,b\n1\n", "x.csv:2: the line has 1 fields, the header 2"},
      {"a\n\n1\n1,2\n", "x.csv:4: the line has 2 fields, the header 1"},
      {"a\n1\n\"2", "x.csv:3: the line opens a quote that is never closed"},
      {"a\n\"1\"x\n", "x.csv:2: the line has text after a closing quote"},
      {"a\nx\"y\n", "x.csv:2: the line has a quote within a field"},
  };
  for (const Case& c : cases) {
    INFO(c.text);
    CHECK(ProblemOf(c.text).rfind(c.problem, 0) == 0);
  }
}

TEST_CASE("CSV limits hold") {
  const std::string wide(kMaxCsvColumns, ',');
  CHECK(ProblemOf(wide).find("more than 64 columns") != std::string::npos);
  CHECK(ProblemOf("a\n" + std::string(kMaxCsvFieldBytes + 1, 'x')).find("bytes") !=
        std::string::npos);
  CHECK(ProblemOf("a\n\"" + std::string(kMaxCsvFieldBytes + 1, 'x') + "\"").find("bytes") !=
        std::string::npos);
  CHECK(ParseCsv("x.csv", "a\n" + std::string(kMaxCsvFieldBytes, 'x')).ok());
}

TEST_CASE("CSV columns are found by name, numbers within bounds") {
  const auto table = ParseCsv("x.csv", "b,a\n1,2.5\nx,nan\n");
  REQUIRE(table.ok());
  const auto a = table->Column("a");
  const auto b = table->Column("b");
  REQUIRE(a.ok());
  REQUIRE(b.ok());
  CHECK(table->Number(table->rows[0], *a, 0, 10).value() == 2.5);
  CHECK(table->Number(table->rows[0], *a, 0, 2).status().message() ==
        "x.csv:2: a: 2.5 is not within 0 and 2");
  CHECK(table->Number(table->rows[1], *b, 0, 2).status().message() ==
        "x.csv:3: b: not a number: \"x\"");
  CHECK_FALSE(table->Number(table->rows[1], *a, 0, 2).ok());
  CHECK(table->Column("c").status().message() == "x.csv:1: the header has no column c");
}

}  // namespace
}  // namespace muster::replay
