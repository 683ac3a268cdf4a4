// Every released schema of every service comes up to the newest, and is then the same as a new one.
#include <string>
#include <thread>
#include <vector>

#include "availability_migrations.h"
#include "common/db/migrations.h"
#include "common/db/pqxx_compat.h"
#include "intake_migrations.h"
#include "matcher_migrations.h"
#include "tests/support/catch.h"
#include "tests/support/postgres.h"

namespace muster {
namespace {

// Tables, columns, indexes, constraints, views and functions of schema $1, a line each.
constexpr char kStructure[] = R"sql(
  SELECT string_agg(line, E'\n' ORDER BY line COLLATE "C") FROM (
    SELECT format('%s %s %s', c.relname, c.relkind, c.reloptions)
      FROM pg_class c WHERE c.relnamespace = $1::text::regnamespace
    UNION ALL
    SELECT format('%s.%s %s %s %s %s %s', c.relname, a.attname, format_type(a.atttypid, a.atttypmod),
                  a.attnotnull, a.attgenerated, a.attcollation::regcollation,
                  pg_get_expr(d.adbin, d.adrelid))
      FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid AND c.relkind IN ('r', 'v')
      LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
     WHERE c.relnamespace = $1::text::regnamespace AND a.attnum > 0 AND NOT a.attisdropped
    UNION ALL
    SELECT indexdef FROM pg_indexes WHERE schemaname = $1::text
    UNION ALL
    SELECT format('%s %s', conrelid::regclass, pg_get_constraintdef(oid))
      FROM pg_constraint WHERE connamespace = $1::text::regnamespace
    UNION ALL
    SELECT format('%s %s', viewname, definition) FROM pg_views WHERE schemaname = $1::text
    UNION ALL
    SELECT pg_get_functiondef(oid) FROM pg_proc WHERE pronamespace = $1::text::regnamespace) AS s (line)
)sql";

std::string StructureOf(const std::string& url, const std::string& schema) {
  pqxx::connection connection(url);
  pqxx::nontransaction tx(connection);
  return tx.exec_params(kStructure, schema)[0][0].c_str();
}

TEST_CASE("every released schema is brought up, also by several nodes that start at once") {
  const struct {
    std::string schema;
    const std::vector<Migration>& all;
  } services[] = {{"intake", intake_migrations()},
                  {"availability", availability_migrations()},
                  {"matcher", matcher_migrations()}};
  for (const auto& [schema, all] : services) {
    const DatabaseOptions fresh{.url = SharedPostgres().CreateDatabase()};
    REQUIRE(Migrate(fresh, schema, all).ok());
    const std::string wanted = StructureOf(fresh.url, schema);
    CHECK(wanted.size() > 1000);
    for (size_t released = 1; released < all.size(); ++released) {
      CAPTURE(schema, released);
      const DatabaseOptions options{.url = SharedPostgres().CreateDatabase()};
      REQUIRE(Migrate(options, schema, absl::MakeSpan(all).first(released)).ok());
      CHECK(StructureOf(options.url, schema) != wanted);
      std::vector<absl::Status> statuses(3);
      std::vector<std::thread> nodes;
      for (absl::Status& status : statuses) {
        nodes.emplace_back([&] { status = Migrate(options, schema, all); });
      }
      for (std::thread& node : nodes) node.join();
      for (const absl::Status& status : statuses) CHECK(status == absl::OkStatus());
      CHECK(StructureOf(options.url, schema) == wanted);
    }
  }
}

}  // namespace
}  // namespace muster
