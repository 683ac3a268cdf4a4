// muster top: a live board of a pool, from the matcher's stream of statistics.
#include <memory>

#include "absl/strings/str_format.h"
#include "common/rpc/proto_time.h"
#include "services/cli/commands.h"
#include "services/cli/flags.h"
#include "services/cli/output.h"
#include "services/cli/terminal.h"

namespace muster::cli {
namespace {

using matcher::v1::Flow;
using matcher::v1::QueueStatistics;
using matcher::v1::Statistics;

std::string Share(double share) { return share < 0 ? "-" : absl::StrFormat("%.1f%%", share * 100); }

std::string PerMinute(int64_t count, const Statistics& s) {
  const double minutes = absl::ToDoubleMinutes(FromProtoDuration(s.window()));
  return minutes > 0 ? absl::StrFormat("%.1f", count / minutes) : "-";
}

std::vector<std::string> QueueRow(const std::string& name, const QueueStatistics& q,
                                  const Statistics& s) {
  const Flow& f = q.flow();
  return {name,
          std::to_string(q.waiting()),
          std::to_string(q.offered()),
          std::to_string(q.assigned()),
          std::to_string(q.in_wrap_up()),
          q.has_longest_wait() ? Text(q.longest_wait()) : "-",
          f.has_mean_wait() ? Text(f.mean_wait()) : "-",
          f.has_p95_wait() ? Text(f.p95_wait()) : "-",
          Share(f.service_level()),
          PerMinute(f.tickets_arrived(), s),
          PerMinute(f.tickets_assigned(), s),
          std::to_string(f.tickets_abandoned()),
          f.has_mean_handle_time() ? Text(f.mean_handle_time()) : "-"};
}

std::string Board(const Statistics& s) {
  const auto& a = s.agents();
  const Flow& f = s.total().flow();
  std::string out =
      absl::StrFormat("pool %s   %s   last %s\n\n", s.pool_id(), Text(s.time()), Text(s.window()));
  out += absl::StrFormat(
      "agents   %d online   %d idle   %d busy   %d paused   %d draining   units %d/%d   occupancy "
      "%s\n",
      a.online(), a.idle(), a.busy(), a.paused(), a.draining(), a.busy_units(), a.capacity_units(),
      Share(a.occupancy()));
  out += absl::StrFormat(
      "offers   %d made   %d accepted   %d declined   %d expired   %d revoked   %s/min\n\n",
      f.offers_made(), f.offers_accepted(), f.offers_declined(), f.offers_expired(),
      f.offers_revoked(), PerMinute(f.offers_made(), s));
  std::vector<std::vector<std::string>> rows;
  for (const QueueStatistics& q : s.queues()) rows.push_back(QueueRow(q.queue_id(), q, s));
  rows.push_back(QueueRow("total", s.total(), s));
  out += RenderTable({"QUEUE", "WAITING", "OFFERED", "ASSIGNED", "WRAP-UP", "LONGEST", "MEAN",
                      "P95", "SERVICE", "IN/MIN", "OUT/MIN", "ABANDONED", "HANDLE"},
                     rows);
  return out;
}

struct TopFlags {
  std::string window = "5m";
  bool once = false;
};

absl::Status Top(Context& context, const TopFlags& flags) {
  auto pool = context.Pool();
  if (!pool.ok()) return pool.status();
  matcher::v1::WatchStatisticsRequest request;
  request.set_pool_id(*pool);
  *request.mutable_window() = ToProtoDuration(ParseDuration(flags.window));
  *request.mutable_interval() = ToProtoDuration(context.options().interval);
  grpc::ClientContext call;
  auto stream = context.Matcher().WatchStatistics(&call, request);
  Statistics statistics;
  while (!Interrupted() && stream->Read(&statistics)) {
    if (context.options().output == Output::kJson) {
      PrintJson(statistics, /*pretty=*/false);
    } else {
      ClearScreen();
      Print(Board(statistics));
    }
    if (flags.once || Interrupted()) break;
  }
  call.TryCancel();
  const absl::Status status = FromGrpc(stream->Finish());
  // We ended it ourselves.
  return absl::IsCancelled(status) ? absl::OkStatus() : status;
}

}  // namespace

void AddTopCommand(CLI::App& app, Context& context) {
  auto flags = std::make_shared<TopFlags>();
  CLI::App* verb = app.add_subcommand("top", "Live board: queues, waits, agents, offers, rates");
  verb->add_option("--window", flags->window, "how far back rates and waits look")
      ->check(IsDuration())
      ->capture_default_str();
  verb->add_flag("--once", flags->once, "one board, then end");
  verb->callback([=, &context] { context.Run([=, &context] { return Top(context, *flags); }); });
}

}  // namespace muster::cli
