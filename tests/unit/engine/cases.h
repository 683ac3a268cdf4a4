// A rule in words, and the script that shows it.
#pragma once

#include "tests/support/catch.h"
#include "tests/unit/engine/script.h"

namespace muster::engine {

struct Case {
  const char* rule;
  const char* script;
};

template <typename Cases>
void RunAll(const Cases& cases) {
  for (const Case& c : cases) {
    DYNAMIC_SECTION(c.rule) { RunScript(c.script); }
  }
}

}  // namespace muster::engine
