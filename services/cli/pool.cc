// muster pool create | get | list | update | delete | apply
#include <memory>

#include "services/cli/commands.h"
#include "services/cli/flags.h"
#include "services/cli/output.h"

namespace muster::cli {
namespace {

using intake::v1::IntakeService;
using intake::v1::Pool;

Columns<Pool> PoolColumns() {
  return {{"POOL", [](const Pool& p) { return p.pool_id(); }},
          {"NAME", [](const Pool& p) { return p.display_name(); }},
          {"REVISION", [](const Pool& p) { return std::to_string(p.revision()); }},
          {"CREATED", [](const Pool& p) { return Text(p.create_time()); }},
          {"UPDATED", [](const Pool& p) { return Text(p.update_time()); }}};
}

absl::Status ShowPool(Context& context, const absl::StatusOr<Pool>& pool) {
  if (pool.ok()) Show(context, *pool, PoolColumns());
  return pool.status();
}

void AddCreate(CLI::App* noun, Context& context) {
  auto request = std::make_shared<intake::v1::CreatePoolRequest>();
  CLI::App* verb = noun->add_subcommand("create", "Make a pool");
  verb->add_option_function<std::string>(
          "POOL", [=](const std::string& id) { request->mutable_pool()->set_pool_id(id); },
          "its id")
      ->required();
  verb->add_option_function<std::string>(
      "--name", [=](const std::string& name) { request->mutable_pool()->set_display_name(name); },
      "what people call it");
  verb->callback([=, &context] {
    context.Run([=, &context] {
      return ShowPool(context,
                      context.Call(context.Intake(), &IntakeService::Stub::CreatePool, *request));
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
  auto update = std::make_shared<intake::v1::UpdatePoolRequest>();
  CLI::App* verb = noun->add_subcommand("update", "Rename a pool");
  verb->add_option_function<std::string>(
          "POOL", [=](const std::string& id) { update->mutable_pool()->set_pool_id(id); }, "its id")
      ->required();
  verb->add_option_function<std::string>(
          "--name",
          [=](const std::string& name) { update->mutable_pool()->set_display_name(name); },
          "its new name")
      ->required();
  verb->add_option_function<std::string>(
      "--etag", [=](const std::string& etag) { update->mutable_pool()->set_etag(etag); },
      "only if this is still its version");
  verb->callback([=, &context] {
    context.Run([=, &context] {
      return ShowPool(context,
                      context.Call(context.Intake(), &IntakeService::Stub::UpdatePool, *update));
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
}

}  // namespace muster::cli
