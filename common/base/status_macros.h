// Early return on a status that is not OK.
//
//   MUSTER_RETURN_IF_ERROR(Validate(request));
//   MUSTER_ASSIGN_OR_RETURN(Queue queue, store.GetQueue(id));
//
// MUSTER_ASSIGN_OR_RETURN stands for several statements: never use it as the unbraced body of an
// if.
#pragma once

#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

#define MUSTER_RETURN_IF_ERROR(expr)                 \
  do {                                               \
    ::absl::Status muster_status_ = (expr);          \
    if (!muster_status_.ok()) return muster_status_; \
  } while (false)

#define MUSTER_STATUS_CONCAT_INNER_(a, b) a##b
#define MUSTER_STATUS_CONCAT_(a, b) MUSTER_STATUS_CONCAT_INNER_(a, b)

#define MUSTER_ASSIGN_OR_RETURN(lhs, expr) \
  MUSTER_ASSIGN_OR_RETURN_(MUSTER_STATUS_CONCAT_(muster_statusor_, __LINE__), lhs, expr)

#define MUSTER_ASSIGN_OR_RETURN_(temporary, lhs, expr)       \
  auto temporary = (expr);                                   \
  if (!temporary.ok()) return std::move(temporary).status(); \
  lhs = *std::move(temporary)
