// What each mutation does to a workspace. Called through Apply (workspace.h).
//
// Threading: as Workspace.
#pragma once

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "services/intake/domain/mutation.h"
#include "services/intake/domain/workspace.h"

namespace muster::intake {

absl::StatusOr<Outcome> Do(Workspace& workspace, const CreatePool& act, absl::Time now);
absl::StatusOr<Outcome> Do(Workspace& workspace, const UpdatePool& act, absl::Time now);
absl::StatusOr<Outcome> Do(Workspace& workspace, const DeletePool& act, absl::Time now);
absl::StatusOr<Outcome> Do(Workspace& workspace, const ApplyPool& act, absl::Time now);
absl::StatusOr<Outcome> Do(Workspace& workspace, const CreateQueue& act, absl::Time now);
absl::StatusOr<Outcome> Do(Workspace& workspace, const UpdateQueue& act, absl::Time now);
absl::StatusOr<Outcome> Do(Workspace& workspace, const DeleteQueue& act, absl::Time now);
absl::StatusOr<Outcome> Do(Workspace& workspace, const CreateTicket& act, absl::Time now);
absl::StatusOr<Outcome> Do(Workspace& workspace, const CancelTicket& act, absl::Time now);
absl::StatusOr<Outcome> Do(Workspace& workspace, const ReleaseTicket& act, absl::Time now);
absl::StatusOr<Outcome> Do(Workspace& workspace, const RecordProgress& act, absl::Time now);

}  // namespace muster::intake
