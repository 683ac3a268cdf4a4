// muster pool create | get | list | update | delete | apply | pause | drain | open
#include <memory>

#include "services/cli/commands.h"
#include "services/cli/flags.h"
#include "services/cli/output.h"
#include "services/cli/rules.h"

namespace muster::cli {
namespace {

using intake::v1::IntakeService;
using intake::v1::Pool;

Columns<Pool> PoolColumns() {
  return {{"POOL", [](const Pool& p) { return p.pool_id(); }},
          {"NAME", [](const Pool& p) { return p.display_name(); }},
          {"PHASE", [](const Pool& p) { return EnumText(p, "phase"); }},
          {"REVISION", [](const Pool& p) { return std::to_string(p.revision()); }},
          {"CREATED", [](const Pool& p) { return Text(p.create_time()); }},
          {"UPDATED", [](const Pool& p) { return Text(p.update_time()); }}};
}

absl::Status ShowPool(Context& context, const absl::StatusOr<Pool>& pool) {
  Columns<Pool> columns = PoolColumns();
  for (Column<Pool>& column : PoolRuleColumns()) columns.push_back(std::move(column));
  if (pool.ok()) Show(context, *pool, columns);
  return pool.status();
}

// The flags of create and update: each that was given changes its field.
struct PoolFlags {
  std::string id;
  FieldChanges<Pool> changes;

  void Add(CLI::App* verb) {
    verb->add_option("POOL", id, "its id")->required();
    verb->add_option_function<std::string>(
        "--name",
        [this](const std::string& name) {
          changes.push_back([=](Pool& p) { p.set_display_name(name); });
        },
        "what people call it");
    AddPoolRuleFlags(verb, &changes);
  }
};

// Changes a pool as it is now, with its etag: a change in between is noticed.
absl::Status Change(Context& context, const std::string& id, const FieldChanges<Pool>& changes) {
  intake::v1::GetPoolRequest get;
  get.set_pool_id(id);
  auto pool = context.Call(context.Intake(), &IntakeService::Stub::GetPool, get);
  if (!pool.ok()) return pool.status();
  intake::v1::UpdatePoolRequest request;
  *request.mutable_pool() = *pool;
  for (const auto& change : changes) change(*request.mutable_pool());
  return ShowPool(context,
                  context.Call(context.Intake(), &IntakeService::Stub::UpdatePool, request));
}

void AddPhase(CLI::App* noun, Context& context, const std::string& name, intake::v1::Phase phase,
              const std::string& help) {
  auto id = std::make_shared<std::string>();
  CLI::App* verb = noun->add_subcommand(name, help);
  verb->add_option("POOL", *id, "its id")->required();
  verb->callback([=, &context] {
    context.Run([=, &context] {
      return Change(context, *id, {[=](Pool& pool) { pool.set_phase(phase); }});
    });
  });
}

void AddCreate(CLI::App* noun, Context& context) {
  auto flags = std::make_shared<PoolFlags>();
  CLI::App* verb = noun->add_subcommand("create", "Make a pool");
  flags->Add(verb);
  verb->callback([=, &context] {
    context.Run([=, &context] {
      intake::v1::CreatePoolRequest request;
      request.mutable_pool()->set_pool_id(flags->id);
      for (const auto& change : flags->changes) change(*request.mutable_pool());
      return ShowPool(context,
                      context.Call(context.Intake(), &IntakeService::Stub::CreatePool, request));
    });
  });
}

void AddGetAndList(CLI::App* noun, Context& context) {
  auto get = std::make_shared<intake::v1::GetPoolRequest>();
  CLI::App* verb = noun->add_subcommand("get", "Show one pool");
  verb->add_option_function<std::string>(
          "POOL", [=](const std::string& id) { get->set_pool_id(id); }, "its id")
      ->required();
  verb->callback([=, &context] {
    context.RunWatchable([=, &context] {
      return ShowPool(context, context.Call(context.Intake(), &IntakeService::Stub::GetPool, *get));
    });
  });

  auto limit = std::make_shared<Limit>();
  verb = noun->add_subcommand("list", "Show all pools");
  limit->Add(verb);
  verb->callback([=, &context] {
    context.RunWatchable([=, &context]() -> absl::Status {
      auto pools = ListAll(context, context.Intake(), &IntakeService::Stub::ListPools,
                           intake::v1::ListPoolsRequest(), *limit,
                           [](auto& r) { return r.mutable_pools(); });
      if (pools.ok()) ShowList(context, *pools, pools->pools(), PoolColumns());
      return pools.status();
    });
  });
}

void AddUpdateAndDelete(CLI::App* noun, Context& context) {
  auto flags = std::make_shared<PoolFlags>();
  auto etag = std::make_shared<std::string>();
  CLI::App* verb = noun->add_subcommand("update", "Change a pool: only what the flags name");
  flags->Add(verb);
  verb->add_option("--etag", *etag, "only if this is still its version");
  verb->callback([=, &context] {
    context.Run([=, &context] {
      FieldChanges<Pool> changes = flags->changes;
      if (!etag->empty()) changes.push_back([=](Pool& pool) { pool.set_etag(*etag); });
      return Change(context, flags->id, changes);
    });
  });

  auto remove = std::make_shared<intake::v1::DeletePoolRequest>();
  verb = noun->add_subcommand("delete", "Delete a pool, its queues and its ended tickets");
  verb->add_option_function<std::string>(
          "POOL", [=](const std::string& id) { remove->set_pool_id(id); }, "its id")
      ->required();
  verb->callback([=, &context] {
    context.Run([=, &context] {
      return context.Call(context.Intake(), &IntakeService::Stub::DeletePool, *remove).status();
    });
  });
}

void AddApply(CLI::App* noun, Context& context) {
  struct Flags {
    std::string file;
    bool dry_run = false;
  };
  auto flags = std::make_shared<Flags>();
  CLI::App* verb = noun->add_subcommand(
      "apply", "Make a pool and its queues be what a file says (queues not named are deleted)");
  verb->add_option("-f,--file", flags->file,
                   "JSON: {\"pool\": {\"pool_id\": …}, \"queues\": [{\"queue_id\": …}]}; - for "
                   "standard input")
      ->required();
  verb->add_flag("--dry-run", flags->dry_run, "say what would change, and change nothing");
  verb->callback([=, &context] {
    context.Run([=, &context]() -> absl::Status {
      intake::v1::ApplyPoolRequest request;
      if (absl::Status read = ReadJson(flags->file, &request); !read.ok()) return read;
      if (!context.options().pool.empty()) {
        request.mutable_pool()->set_pool_id(context.options().pool);
      }
      request.set_validate_only(flags->dry_run);
      auto answer = context.Call(context.Intake(), &IntakeService::Stub::ApplyPool, request);
      if (!answer.ok()) return answer.status();
      if (context.options().output == Output::kJson) {
        PrintJson(*answer);
        return absl::OkStatus();
      }
      const std::string prefix = "APPLY_OUTCOME_";
      std::vector<std::vector<std::string>> rows = {
          {"pool", answer->pool().pool_id(),
           EnumText(intake::v1::ApplyOutcome_Name(answer->pool_outcome()), prefix)}};
      for (const auto& queue : answer->queue_outcomes()) {
        rows.push_back({"queue", queue.queue_id(),
                        EnumText(intake::v1::ApplyOutcome_Name(queue.outcome()), prefix)});
      }
      Print(RenderTable({"KIND", "ID", flags->dry_run ? "WOULD BE" : "OUTCOME"}, rows));
      return absl::OkStatus();
    });
  });
}

}  // namespace

void AddPoolCommands(CLI::App& app, Context& context) {
  CLI::App* noun = AddNoun(app, "pool", "Pools: dispatch domains");
  AddCreate(noun, context);
  AddGetAndList(noun, context);
  AddUpdateAndDelete(noun, context);
  AddApply(noun, context);
  AddPhase(noun, context, "pause", intake::v1::PHASE_PAUSED, "Make no offers; tickets wait");
  AddPhase(noun, context, "drain", intake::v1::PHASE_DRAINING, "Take no new tickets; offers go on");
  AddPhase(noun, context, "open", intake::v1::PHASE_OPEN, "Take tickets and make offers");
}

}  // namespace muster::cli
