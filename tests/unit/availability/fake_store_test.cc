// The contract suite on the fake.
#include "tests/unit/availability/fake_store.h"
#include "tests/unit/availability/store_tester.h"

namespace muster::availability {

std::unique_ptr<Store> NewStore() { return std::make_unique<FakeStore>(); }

}  // namespace muster::availability
