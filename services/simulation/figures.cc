#include "services/simulation/figures.h"

namespace muster::simulation {
namespace {

constexpr MeasureInfo kInfos[] = {
    {"tickets", "tickets", Unit::kCount, Better::kNeither},
    {"mean_wait_s", "mean wait", Unit::kSeconds, Better::kLess},
    {"mean_answer_s", "mean wait of the served", Unit::kSeconds, Better::kLess},
    {"p50_wait_s", "median wait", Unit::kSeconds, Better::kLess},
    {"p95_wait_s", "95 % wait under", Unit::kSeconds, Better::kLess},
    {"p99_wait_s", "99 % wait under", Unit::kSeconds, Better::kLess},
    {"waited", "waited at all", Unit::kPart, Better::kLess},
    {"within", "wait over in time", Unit::kPart, Better::kMore},
    {"service_level", "served in time (of all)", Unit::kPart, Better::kMore},
    {"service_level_stayed", "served in time (of who stayed)", Unit::kPart, Better::kMore},
    {"abandoned", "abandoned", Unit::kPart, Better::kLess},
    {"blocked", "blocked", Unit::kPart, Better::kLess},
    {"expired", "expired", Unit::kPart, Better::kLess},
    {"held", "set aside", Unit::kPart, Better::kLess},
    {"never_served", "never served", Unit::kCount, Better::kLess},
    {"utilization", "utilization", Unit::kPart, Better::kNeither},
    {"occupancy", "occupancy", Unit::kPart, Better::kNeither},
    {"refused", "offers refused", Unit::kPart, Better::kLess},
};
static_assert(sizeof(kInfos) / sizeof(kInfos[0]) == kMeasures);

}  // namespace

const MeasureInfo& InfoOf(Measure measure) { return kInfos[static_cast<std::size_t>(measure)]; }

}  // namespace muster::simulation
