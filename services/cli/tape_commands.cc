// muster matcher record | replay: a run's tape, fetched from a matcher, and played on a fresh
// engine here, to prove that the same effects follow byte for byte.
#include <cstdio>
#include <fstream>
#include <memory>
#include <thread>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/time/clock.h"
#include "common/base/errors.h"
#include "common/rpc/proto_time.h"
#include "services/cli/commands.h"
#include "services/cli/flags.h"
#include "services/cli/output.h"
#include "services/cli/terminal.h"
#include "services/matcher/tape/player.h"

namespace muster::cli {
namespace {

constexpr absl::Duration kFollowAtMost = absl::Hours(24);  // as the service has it

struct RecordFlags {
  std::string pool;
  std::string out;
  bool follow = false;
  std::string follow_for;
};

absl::Status CannotWrite(const std::string& path) {
  return ErrorOf(absl::StatusCode::kUnavailable, "FILE", absl::StrCat("cannot write ", path));
}

// Ends the stream at the first interrupt, though it be at rest.
void CancelAtInterrupt(grpc::ClientContext* call, std::stop_token done) {
  while (!done.stop_requested() && !Interrupted()) WaitForInterrupt(absl::Milliseconds(100));
  if (Interrupted()) call->TryCancel();
}

absl::Status Record(Context& context, const RecordFlags& flags) {
  matcher::v1::RecordRunRequest request;
  request.set_pool_id(flags.pool);
  if (flags.follow) *request.mutable_follow() = ToProtoDuration(kFollowAtMost);
  if (!flags.follow_for.empty()) *request.mutable_follow() = ParseProtoDuration(flags.follow_for);
  std::ofstream file(flags.out, std::ios::binary | std::ios::trunc);
  if (!file) return CannotWrite(flags.out);
  grpc::ClientContext call;
  std::jthread interrupt([&call](std::stop_token done) { CancelAtInterrupt(&call, done); });
  auto stream = context.Matcher().RecordRun(&call, request);
  matcher::v1::RecordRunResponse part;
  std::string last;
  while (stream->Read(&part)) {
    last.swap(*part.mutable_data());
    file.write(last.data(), static_cast<std::streamsize>(last.size())).flush();
    if (!file) break;
  }
  if (!file) call.TryCancel();
  absl::Status status = FromGrpc(stream->Finish());
  // Whatever came before is a tape all the same, once it has an end.
  if (!status.ok() && !last.empty()) {
    const std::string end = tape::BlockWriter::After(last).End(tape::EndReason::kInterrupted);
    file.write(end.data(), static_cast<std::streamsize>(end.size())).flush();
  }
  if (!file) return CannotWrite(flags.out);
  if (last.empty()) std::remove(flags.out.c_str());
  if (absl::IsCancelled(status) && Interrupted()) status = absl::OkStatus();
  if (!status.ok()) return status;
  absl::StatusOr<std::string> bytes = ReadAll(flags.out);
  if (!bytes.ok()) return bytes.status();
  absl::StatusOr<tape::TapeReader> tape = tape::TapeReader::Open(*bytes);
  if (!tape.ok()) return tape.status();
  while (true) {
    absl::StatusOr<std::optional<tape::TapedEvent>> event = tape->Next();
    if (!event.ok()) return event.status();
    if (!event->has_value()) break;
  }
  Print(absl::StrFormat("%d events in %d bytes to %s; %s\n", tape->events(), bytes->size(),
                        flags.out, std::string(tape::Text(tape->end_reason()))));
  return absl::OkStatus();
}

std::string JsonText(const std::string& text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    if (static_cast<unsigned char>(c) < ' ') {
      out += absl::StrFormat("\\u%04x", c);
    } else {
      out += c;
    }
  }
  return out + "\"";
}

std::string Json(const tape::PlayResult& result) {
  std::string kinds;
  for (const auto& [kind, count] : result.by_kind) {
    absl::StrAppend(&kinds, kinds.empty() ? "" : ", ", JsonText(kind), ": ", count);
  }
  std::string out = absl::StrFormat(
      "{\"pool_id\": %s, \"recorded_by\": %s, \"epoch\": %d, \"events\": %d, \"effects\": %d, "
      "\"by_kind\": {%s}, \"text_hash\": \"%016x\", \"end\": %s, \"equal\": %s",
      JsonText(result.head.pool_id), JsonText(result.head.recorded_by), result.head.options.epoch,
      result.events, result.effects, kinds, result.text_hash,
      JsonText(std::string(tape::Text(result.end))),
      result.difference || !result.status.ok() ? "false" : "true");
  if (result.difference) {
    absl::StrAppend(&out, ", \"difference\": {\"event_number\": ", result.difference->event_number,
                    ", \"event\": ", JsonText(result.difference->event),
                    ", \"recorded\": ", JsonText(result.difference->recorded), "}");
  }
  return out + "}\n";
}

std::string Table(const tape::PlayResult& result) {
  std::string out = absl::StrFormat(
      "pool      %s, epoch %d, recorded by %s\n"
      "events    %d, over %s; %s\n"
      "effects   %d, text hash %016x\n",
      result.head.pool_id, result.head.options.epoch, result.head.recorded_by, result.events,
      Text(result.last - result.first), std::string(tape::Text(result.end)), result.effects,
      result.text_hash);
  for (const auto& [kind, count] : result.by_kind) {
    absl::StrAppendFormat(&out, "  %-16s%d\n", kind, count);
  }
  if (!result.difference) return out;
  const tape::Difference& d = *result.difference;
  absl::StrAppend(&out, "\nfirst difference: event ", d.event_number, " at ",
                  absl::FormatTime(d.now, absl::UTCTimeZone()), "\n  ", d.event,
                  "\nrecorded: ", d.recorded, "\nplayed:");
  for (const std::string& effect : d.played) absl::StrAppend(&out, "\n  ", effect);
  return out + (d.played.empty() ? " nothing\n" : "\n");
}

absl::Status Replay(Context& context, const std::string& path) {
  absl::StatusOr<std::string> bytes = ReadAll(path);
  if (!bytes.ok()) return bytes.status();
  absl::StatusOr<tape::PlayResult> result = tape::Play(*bytes);
  if (!result.ok()) return result.status();
  Print(context.options().output == Output::kJson ? Json(*result) : Table(*result));
  if (!result->status.ok()) return result->status;
  if (result->difference) {
    return ErrorOf(
        absl::StatusCode::kDataLoss, "DIFFERENT",
        absl::StrCat("the engine did something else at event ", result->difference->event_number));
  }
  if (context.options().output == Output::kTable) Print("the same effects, byte for byte\n");
  return absl::OkStatus();
}

}  // namespace

void AddMatcherCommands(CLI::App& app, Context& context) {
  CLI::App* noun = AddNoun(app, "matcher", "The tape of a pool's run: record it, replay it");
  auto flags = std::make_shared<RecordFlags>();
  CLI::App* record = noun->add_subcommand(
      "record", "Fetch what the pool's engine was told since it was taken over");
  record->add_option("POOL", flags->pool, "the pool")->required();
  record->add_option("--out", flags->out, "the file to write")->required();
  auto* follow = record->add_flag("--follow", flags->follow, "go on until interrupted");
  record->add_option("--for", flags->follow_for, "go on for so long")
      ->check(IsDuration())
      ->excludes(follow);
  record->callback(
      [=, &context] { context.Run([=, &context] { return Record(context, *flags); }); });
  auto path = std::make_shared<std::string>();
  CLI::App* replay = noun->add_subcommand(
      "replay", "Play a tape on a fresh engine: do the same effects follow, byte for byte?");
  replay->add_option("FILE", *path, "the tape")->required();
  replay->callback(
      [=, &context] { context.Run([=, &context] { return Replay(context, *path); }); });
}

}  // namespace muster::cli
