#include "services/matcher/domain/work_id.h"

#include <string>

#include "tests/support/catch.h"

namespace muster::matcher {
namespace {

TEST_CASE("ids of work are read as they are written") {
  for (const WorkId& id : {WorkId{"bank", 3, 17}, WorkId{"a.b_c-d", 1, 1},
                           WorkId{"bank", kMaxEpoch, kMaxOfferNumber}}) {
    CHECK(ParseWorkId(id.ToString()) == id);
    CHECK(WorkId::FromSequence(id.pool_id, id.Sequence()) == id);
    CHECK(id.Sequence() > 0);
  }
  CHECK(WorkId{"bank", 3, 17}.ToString() == "bank/3/17");
}

TEST_CASE("what is no id of work is none") {
  for (const char* text : {"",
                           "bank",
                           "bank/3",
                           "bank/3/",
                           "bank//17",
                           "/3/17",
                           "bank/3/17/",
                           "bank/3/17/1",
                           "Bank/3/17",
                           "bank/03/17",
                           "bank/3/017",
                           "bank/0/17",
                           "bank/3/0",
                           "bank/-3/17",
                           "bank/3/+17",
                           "bank/3/ 17",
                           "bank/3/17 ",
                           "bank/3/0x11",
                           "bank/3/1e3",
                           "bank/4194304/1",
                           "bank/3/1099511627776",
                           "bank/3/99999999999999999999999",
                           "bank/3/17\n"}) {
    INFO(text);
    CHECK_FALSE(ParseWorkId(text).has_value());
  }
}

TEST_CASE("later offers have greater sequences, over epochs as well") {
  CHECK(WorkId{"p", 1, 1}.Sequence() < WorkId{"p", 1, 2}.Sequence());
  CHECK(WorkId{"p", 1, kMaxOfferNumber}.Sequence() < WorkId{"p", 2, 1}.Sequence());
}

}  // namespace
}  // namespace muster::matcher
