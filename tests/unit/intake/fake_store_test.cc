// The contract suite on the fake.
#include "tests/unit/intake/fake_store.h"
#include "tests/unit/intake/store_tester.h"

namespace muster::intake {

std::unique_ptr<Store> NewStore() { return std::make_unique<FakeStore>(); }

}  // namespace muster::intake
