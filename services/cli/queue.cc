// muster queue create | get | list | update | delete | pause | drain | open
#include <memory>

#include "services/cli/commands.h"
#include "services/cli/flags.h"
#include "services/cli/output.h"
#include "services/cli/rules.h"

namespace muster::cli {
namespace {

using intake::v1::IntakeService;
using intake::v1::Queue;

Columns<Queue> QueueColumns() {
  return {{"QUEUE", [](const Queue& q) { return q.queue_id(); }},
          {"NAME", [](const Queue& q) { return q.display_name(); }},
          {"PHASE", [](const Queue& q) { return EnumText(q, "phase"); }},
          {"SKILLS", [](const Queue& q) { return SkillsText(q.required_skills()); }},
          {"WEIGHT", [](const Queue& q) { return std::to_string(q.weight()); }},
          {"AHEAD", [](const Queue& q) { return Text(q.priority_ahead()); }},
          {"TARGET", [](const Queue& q) { return Text(q.target_wait()); }},
          {"OFFER", [](const Queue& q) { return Text(q.offer_timeout()); }},
          {"TTL", [](const Queue& q) { return Text(q.time_to_live()); }},
          {"AFTER-WORK", [](const Queue& q) { return Text(q.after_work_time()); }},
          {"MOST", [](const Queue& q) { return std::to_string(q.most_waiting()); }}};
}

absl::Status ShowQueue(Context& context, const absl::StatusOr<Queue>& queue) {
  Columns<Queue> columns = QueueColumns();
  for (Column<Queue>& column : QueueRuleColumns()) columns.push_back(std::move(column));
  if (queue.ok()) Show(context, *queue, columns);
  return queue.status();
}

// The flags of create and update: each that was given changes its field.
struct QueueFlags {
  std::string id;
  FieldChanges<Queue> changes;

  void AddDuration(CLI::App* verb, const std::string& flag, const std::string& help,
                   google::protobuf::Duration* (Queue::*field)()) {
    verb->add_option_function<std::string>(
            flag,
            [this, field](const std::string& text) {
              changes.push_back([=](Queue& q) { *(q.*field)() = ParseProtoDuration(text); });
            },
            help)
        ->check(IsDuration());
  }

  void Add(CLI::App* verb) {
    verb->add_option("QUEUE", id, "its id")->required();
    verb->add_option_function<std::string>(
        "--name",
        [this](const std::string& name) {
          changes.push_back([=](Queue& q) { q.set_display_name(name); });
        },
        "what people call it");
    verb->add_option_function<std::vector<std::string>>(
            "--skill",
            [this](const std::vector<std::string>& skills) {
              changes.push_back([=](Queue& q) {
                q.clear_required_skills();
                AddSkills(skills, [&] { return q.add_required_skills(); });
              });
            },
            "a skill that its agents need; repeat for more")
        ->check(IsSkill());
    verb->add_option_function<int>(
        "--weight",
        [this](int weight) { changes.push_back([=](Queue& q) { q.set_weight(weight); }); },
        "units of an agent's capacity that one job takes");
    AddDuration(verb, "--priority-ahead", "rank as if this much earlier",
                &Queue::mutable_priority_ahead);
    AddDuration(verb, "--target-wait", "the wait the service level is measured against",
                &Queue::mutable_target_wait);
    AddDuration(verb, "--offer-timeout", "how long an agent has to answer an offer",
                &Queue::mutable_offer_timeout);
    AddDuration(verb, "--time-to-live", "how long a ticket waits before it expires",
                &Queue::mutable_time_to_live);
    AddDuration(verb, "--after-work-time", "time for notes after a conversation",
                &Queue::mutable_after_work_time);
    verb->add_option_function<int>(
        "--most-waiting",
        [this](int most) { changes.push_back([=](Queue& q) { q.set_most_waiting(most); }); },
        "refuse tickets while this many wait");
    AddQueueRuleFlags(verb, &changes);
  }
};

absl::StatusOr<Queue> GetQueue(Context& context, const std::string& id) {
  auto pool = context.Pool();
  if (!pool.ok()) return pool.status();
  intake::v1::GetQueueRequest request;
  request.set_pool_id(*pool);
  request.set_queue_id(id);
  return context.Call(context.Intake(), &IntakeService::Stub::GetQueue, request);
}

void AddCreateAndUpdate(CLI::App* noun, Context& context) {
  auto create = std::make_shared<QueueFlags>();
  CLI::App* verb = noun->add_subcommand("create", "Make a queue");
  create->Add(verb);
  verb->callback([=, &context] {
    context.Run([=, &context]() -> absl::Status {
      auto pool = context.Pool();
      if (!pool.ok()) return pool.status();
      intake::v1::CreateQueueRequest request;
      request.mutable_queue()->set_pool_id(*pool);
      request.mutable_queue()->set_queue_id(create->id);
      for (const auto& change : create->changes) change(*request.mutable_queue());
      return ShowQueue(context,
                       context.Call(context.Intake(), &IntakeService::Stub::CreateQueue, request));
    });
  });

  auto update = std::make_shared<QueueFlags>();
  verb = noun->add_subcommand("update", "Change a queue: only what the flags name");
  update->Add(verb);
  verb->callback([=, &context] {
    context.Run([=, &context]() -> absl::Status {
      auto queue = GetQueue(context, update->id);
      if (!queue.ok()) return queue.status();
      intake::v1::UpdateQueueRequest request;
      *request.mutable_queue() = *queue;  // with its etag: a change in between is noticed
      for (const auto& change : update->changes) change(*request.mutable_queue());
      return ShowQueue(context,
                       context.Call(context.Intake(), &IntakeService::Stub::UpdateQueue, request));
    });
  });
}

void AddPhase(CLI::App* noun, Context& context, const std::string& name, intake::v1::Phase phase,
              const std::string& help) {
  auto id = std::make_shared<std::string>();
  CLI::App* verb = noun->add_subcommand(name, help);
  verb->add_option("QUEUE", *id, "its id")->required();
  verb->callback([=, &context] {
    context.Run([=, &context]() -> absl::Status {
      auto queue = GetQueue(context, *id);
      if (!queue.ok()) return queue.status();
      intake::v1::UpdateQueueRequest request;
      *request.mutable_queue() = *queue;
      request.mutable_queue()->set_phase(phase);
      return ShowQueue(context,
                       context.Call(context.Intake(), &IntakeService::Stub::UpdateQueue, request));
    });
  });
}

}  // namespace

void AddQueueCommands(CLI::App& app, Context& context) {
  CLI::App* noun = AddNoun(app, "queue", "Queues: lines in a pool, and their rules");
  AddCreateAndUpdate(noun, context);
  AddPhase(noun, context, "pause", intake::v1::PHASE_PAUSED, "Make no offers; tickets wait");
  AddPhase(noun, context, "drain", intake::v1::PHASE_DRAINING, "Take no new tickets; offers go on");
  AddPhase(noun, context, "open", intake::v1::PHASE_OPEN, "Take tickets and make offers");

  auto id = std::make_shared<std::string>();
  CLI::App* verb = noun->add_subcommand("get", "Show one queue");
  verb->add_option("QUEUE", *id, "its id")->required();
  verb->callback([=, &context] {
    context.RunWatchable([=, &context] { return ShowQueue(context, GetQueue(context, *id)); });
  });

  auto limit = std::make_shared<Limit>();
  verb = noun->add_subcommand("list", "Show the queues of the pool");
  limit->Add(verb);
  verb->callback([=, &context] {
    context.RunWatchable([=, &context]() -> absl::Status {
      auto pool = context.Pool();
      if (!pool.ok()) return pool.status();
      intake::v1::ListQueuesRequest request;
      request.set_pool_id(*pool);
      auto queues = ListAll(context, context.Intake(), &IntakeService::Stub::ListQueues, request,
                            *limit, [](auto& r) { return r.mutable_queues(); });
      if (queues.ok()) ShowList(context, *queues, queues->queues(), QueueColumns());
      return queues.status();
    });
  });

  auto remove = std::make_shared<std::string>();
  verb = noun->add_subcommand("delete", "Delete a queue in which no ticket lives");
  verb->add_option("QUEUE", *remove, "its id")->required();
  verb->callback([=, &context] {
    context.Run([=, &context]() -> absl::Status {
      auto pool = context.Pool();
      if (!pool.ok()) return pool.status();
      intake::v1::DeleteQueueRequest request;
      request.set_pool_id(*pool);
      request.set_queue_id(*remove);
      return context.Call(context.Intake(), &IntakeService::Stub::DeleteQueue, request).status();
    });
  });
}

}  // namespace muster::cli
