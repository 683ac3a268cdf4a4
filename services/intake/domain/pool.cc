#include "services/intake/domain/pool.h"

#include "absl/strings/str_cat.h"

namespace muster::intake {

bool SameSettings(const Pool& wanted, const Pool& current) {
  return wanted.pool_id == current.pool_id && wanted.display_name == current.display_name &&
         wanted.rules == current.rules;
}

bool SameSettings(const Queue& wanted, const Queue& current) {
  Queue same = wanted;
  same.revision = current.revision;
  same.create_time = current.create_time;
  same.update_time = current.update_time;
  return same == current;
}

std::string EtagOf(int64_t revision) { return absl::StrCat("r", revision); }

}  // namespace muster::intake
