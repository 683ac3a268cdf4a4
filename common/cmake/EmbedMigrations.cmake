# muster_embed_migrations(target dir): a library with the .sql files of `dir`, in order of their
# names NNNN_name.sql, as `const std::vector<muster::Migration>& muster::<target>()`, declared in
# "<target>.h". See common/db/migrations.h.
include_guard(GLOBAL)

set(_MUSTER_EMBED_SCRIPT "${CMAKE_CURRENT_LIST_DIR}/WriteMigrations.cmake")

function(muster_embed_migrations target dir)
  set(out "${CMAKE_BINARY_DIR}/generated/migrations")
  file(GLOB files CONFIGURE_DEPENDS "${dir}/*.sql")
  add_custom_command(OUTPUT "${out}/${target}.cc" "${out}/${target}.h"
      COMMAND ${CMAKE_COMMAND} -D "TARGET=${target}" -D "DIR=${dir}" -D "OUT=${out}"
              -P "${_MUSTER_EMBED_SCRIPT}"
      DEPENDS ${files} "${_MUSTER_EMBED_SCRIPT}"
      COMMENT "Embedding migrations ${target}" VERBATIM)
  add_library(${target} STATIC "${out}/${target}.cc" "${out}/${target}.h")
  target_include_directories(${target} PUBLIC "${out}" "${CMAKE_SOURCE_DIR}")
  target_link_libraries(${target} PUBLIC muster_db)
endfunction()
