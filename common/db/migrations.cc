#include "common/db/migrations.h"

#include <map>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "common/base/errors.h"
#include "common/base/ids.h"
#include "common/base/status_macros.h"
#include "common/base/strings.h"
#include "common/db/values.h"

namespace muster {
namespace {

// A migration may rewrite a table, and a second migrator waits for the first.
constexpr absl::Duration kMigrationTimeout = absl::Minutes(10);

absl::Status CheckNumbers(absl::Span<const Migration> migrations) {
  for (size_t i = 0; i < migrations.size(); ++i) {
    if (migrations[i].number != static_cast<int>(i) + 1) {
      return InvalidField("migrations",
                          absl::StrCat(migrations[i].name, " should be number ", i + 1));
    }
  }
  return absl::OkStatus();
}

// Quoting would let any name in, but every other statement writes it bare.
bool IsPlainName(std::string_view schema) {
  return IsValidId(schema) && schema.find_first_of(".-") == std::string_view::npos &&
         (schema[0] < '0' || schema[0] > '9');
}

// number → checksum of what has been applied
std::map<int, std::string> Applied(pqxx::work& tx, const std::string& schema) {
  std::map<int, std::string> applied;
  for (const pqxx::row& row :
       tx.exec(absl::StrCat("SELECT number, checksum FROM ", schema, ".migration"))) {
    applied.emplace(row[0].as<int>(), row[1].as<std::string>());
  }
  return applied;
}

std::string Checksum(pqxx::work& tx, const std::string& sql) {
  return tx.exec_params("SELECT encode(sha256($1), 'hex')", ToPqBytes(sql))[0][0].as<std::string>();
}

absl::Status CheckApplied(const std::map<int, std::string>& applied,
                          absl::Span<const Migration> migrations,
                          const std::vector<std::string>& checksums) {
  for (const auto& [number, checksum] : applied) {
    if (number > static_cast<int>(migrations.size())) {
      return FailedPrecondition("MIGRATION_UNKNOWN",
                                absl::StrCat("the database has migration ", number,
                                             ", which this program does not know"));
    }
    if (checksum != checksums[number - 1]) {
      return FailedPrecondition(
          "MIGRATION_CHANGED",
          absl::StrCat("migration ", migrations[number - 1].name, " is not what was applied"));
    }
  }
  return absl::OkStatus();
}

absl::Status MigrateIn(pqxx::work& tx, const std::string& schema,
                       absl::Span<const Migration> migrations, absl::Time now) {
  tx.exec_params("SELECT pg_advisory_xact_lock(hashtext($1))", "muster.migrate." + schema);
  tx.exec(absl::StrCat("CREATE SCHEMA IF NOT EXISTS ", schema, "; CREATE TABLE IF NOT EXISTS ",
                       schema,
                       ".migration (number integer PRIMARY KEY, name text NOT NULL, "
                       "checksum text NOT NULL, applied_at timestamptz NOT NULL)"));
  std::vector<std::string> checksums;
  for (const Migration& migration : migrations) checksums.push_back(Checksum(tx, migration.sql));
  std::map<int, std::string> applied = Applied(tx, schema);
  MUSTER_RETURN_IF_ERROR(CheckApplied(applied, migrations, checksums));
  tx.exec(absl::StrCat("SET LOCAL search_path TO ", schema));
  for (const Migration& migration : migrations) {
    if (applied.count(migration.number) > 0) continue;
    tx.exec(migration.sql);
    tx.exec_params(absl::StrCat("INSERT INTO ", schema, ".migration VALUES ($1, $2, $3, $4)"),
                   migration.number, migration.name, checksums[migration.number - 1],
                   ToTimestamp(now));
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status Migrate(const DatabaseOptions& options, std::string_view schema,
                     absl::Span<const Migration> migrations, absl::Time now) {
  if (!IsPlainName(schema)) return InvalidField("schema", "must be a plain lower-case name");
  MUSTER_RETURN_IF_ERROR(CheckNumbers(migrations));
  DatabaseOptions patient = options;
  patient.statement_timeout = kMigrationTimeout;
  patient.transaction_timeout = kMigrationTimeout;
  patient.read_only = false;
  Connection connection(patient);
  return connection.Transact(
      [&](pqxx::work& tx) { return MigrateIn(tx, std::string(schema), migrations, now); },
      absl::Now() + kMigrationTimeout);
}

}  // namespace muster
