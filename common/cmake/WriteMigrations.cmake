# Writes ${OUT}/${TARGET}.{h,cc} from the .sql files of ${DIR}; run with cmake -P.
file(GLOB files "${DIR}/*.sql")
list(SORT files)

set(rows "")
foreach(file IN LISTS files)
  get_filename_component(name "${file}" NAME_WE)
  if(NOT name MATCHES "^([0-9][0-9][0-9][0-9])_[a-z0-9_]+$")
    message(FATAL_ERROR "${file}: a migration is called NNNN_name.sql")
  endif()
  string(REGEX REPLACE "^0*([1-9][0-9]*)$" "\\1" number "${CMAKE_MATCH_1}")
  # As bytes in hex: no delimiter, quoting or length limit of the compiler gets in the way.
  file(READ "${file}" hex HEX)
  string(REGEX REPLACE "([0-9a-f][0-9a-f])" "\\\\x\\1" escaped "${hex}")
  string(LENGTH "${hex}" length)
  math(EXPR length "${length} / 2")
  string(APPEND rows "      {${number}, \"${name}\", std::string(\"${escaped}\", ${length})},\n")
endforeach()

file(WRITE "${OUT}/${TARGET}.h" "// Written by cmake/WriteMigrations.cmake.
#pragma once

#include <vector>

#include \"common/db/migrations.h\"

namespace muster {
const std::vector<Migration>& ${TARGET}();
}  // namespace muster
")
file(WRITE "${OUT}/${TARGET}.cc" "// Written by cmake/WriteMigrations.cmake.
#include \"${TARGET}.h\"

#include <string>

namespace muster {
const std::vector<Migration>& ${TARGET}() {
  static const auto* migrations = new std::vector<Migration>{
${rows}  };
  return *migrations;
}
}  // namespace muster
")
