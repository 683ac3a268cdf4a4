// The contract suite on PostgreSQL, and what only PostgreSQL can do.
#include "services/availability/storage/postgres_store.h"

#include <map>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "availability_migrations.h"
#include "common/base/errors.h"
#include "common/db/migrations.h"
#include "tests/support/postgres.h"
#include "tests/unit/availability/store_tester.h"

namespace muster::availability {
namespace {

DatabaseOptions NewDatabase() {
  DatabaseOptions options;
  options.url = SharedPostgres().CreateDatabase();
  const absl::Status status = Migrate(options, kSchema, availability_migrations());
  if (!status.ok()) throw std::runtime_error(Describe(status));
  return options;
}

// What the committer does: again while the whole batch could not be applied.
Applied ApplyAgain(Store& store, const std::vector<Mutation>& batch) {
  while (true) {
    absl::StatusOr<Applied> applied = store.Apply(batch);
    if (applied.ok()) return *std::move(applied);
    if (!absl::IsAborted(applied.status())) throw std::runtime_error(Describe(applied.status()));
  }
}

Mutation Create(const std::string& pool_id, const std::string& agent_id,
                const std::string& request_id) {
  Mutation mutation;
  mutation.key = {pool_id, agent_id};
  mutation.act = CreateAgent{};
  mutation.request = {request_id, 1};
  mutation.now = absl::FromUnixSeconds(1'767'225'600);
  mutation.new_etag = "e";
  return mutation;
}

}  // namespace

std::unique_ptr<Store> NewStore() { return std::make_unique<PostgresStore>(NewDatabase()); }

namespace {

TEST_CASE("two nodes write to the same pools without loss, gap or deadlock", "[postgres]") {
  const DatabaseOptions options = NewDatabase();
  constexpr int kBatches = 40;
  std::vector<std::map<std::string, std::map<int64_t, int64_t>>> steps(2);
  std::vector<std::thread> nodes;
  for (int node = 0; node < 2; ++node) {
    nodes.emplace_back([&, node] {
      PostgresStore store(options);
      for (int i = 0; i < kBatches; ++i) {
        const std::string id = std::to_string(i);
        // The pools in one order here and in the other there; each request on both nodes.
        const std::string mine = node == 0 ? "a" : "b", yours = node == 0 ? "b" : "a";
        const Applied applied =
            ApplyAgain(store, {Create(mine, mine + id, "r-" + mine + id),
                               Create(yours, yours + id, "r-" + yours + id),
                               Create("a", "own-" + std::to_string(node) + "-" + id, "")});
        for (const auto& outcome : applied.outcomes) {
          if (!outcome.ok()) throw std::runtime_error(Describe(outcome.status()));
        }
        for (const auto& [pool_id, change] : applied.changes) {
          steps[node][pool_id][change.from_revision] = change.to_revision;
        }
      }
    });
  }
  for (std::thread& node : nodes) node.join();
  StoreTester t;
  t.store = std::make_unique<PostgresStore>(options);
  for (const char* pool_id : {"a", "b"}) {
    t.pool_id = pool_id;
    std::map<int64_t, int64_t> all = steps[0][pool_id];
    for (const auto& [from, to] : steps[1][pool_id]) CHECK(all.emplace(from, to).second);
    int64_t revision = 0;
    for (const auto& [from, to] : all) {
      CHECK(from == revision);
      revision = to;
    }
    CHECK(t.Snapshot()->revision == revision);
    CHECK(t.Snapshot()->agents.size() == (t.pool_id == "a" ? 3 : 1) * kBatches);
  }
}

TEST_CASE("a database that is away is UNAVAILABLE", "[postgres]") {
  DatabaseOptions options;
  options.url = "postgresql://postgres@127.0.0.1:1/none";
  StoreTester t;
  t.store = std::make_unique<PostgresStore>(options);
  CHECK(absl::IsUnavailable(
      t.store->Apply(std::vector<Mutation>{Create("p", "anna", "r")}).status()));
  CHECK(absl::IsUnavailable(t.Get("anna").status()));
  CHECK(absl::IsUnavailable(t.store->Forget(t.now, t.now).status()));
}

}  // namespace
}  // namespace muster::availability
