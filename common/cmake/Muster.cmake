# Settings and helpers that every target of Muster shares.
include_guard(GLOBAL)

set(MUSTER_SANITIZE "" CACHE STRING "Value for -fsanitize=, or empty")
option(MUSTER_CCACHE "Compile through ccache when it is installed" ON)
option(MUSTER_MOLD "Link with mold when it is installed" ON)

set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}/bin")
if(NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE Debug CACHE STRING "" FORCE)
endif()
# Line tables are enough for stack traces and halve what the linker has to carry.
set(CMAKE_CXX_FLAGS_DEBUG "-O0 -g1")
set(CMAKE_CXX_FLAGS_RELWITHDEBINFO "-O1 -g1 -fno-omit-frame-pointer")
set(CMAKE_CXX_FLAGS_RELEASE "-O2 -g1 -DNDEBUG")

if(MUSTER_CCACHE)
  find_program(MUSTER_CCACHE_PROGRAM ccache)
  if(MUSTER_CCACHE_PROGRAM)
    # Paths relative to the source tree let build folders share results.
    set(CMAKE_CXX_COMPILER_LAUNCHER
        ${CMAKE_COMMAND} -E env
        CCACHE_BASEDIR=${CMAKE_SOURCE_DIR} CCACHE_NOHASHDIR=1
        CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime
        ${MUSTER_CCACHE_PROGRAM})
  endif()
endif()

# Dozens of test programs: GNU ld takes two seconds for each, mold a fifth of one.
if(MUSTER_MOLD)
  find_program(MUSTER_MOLD_PROGRAM mold)
  if(MUSTER_MOLD_PROGRAM)
    add_link_options(-fuse-ld=mold)
  endif()
endif()

if(MUSTER_SANITIZE)
  add_compile_options(-fsanitize=${MUSTER_SANITIZE} -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${MUSTER_SANITIZE})
endif()

set(THREADS_PREFER_PTHREAD_FLAG ON)
find_package(Threads REQUIRED)
find_package(absl REQUIRED)
find_package(Protobuf REQUIRED)
find_package(gRPC CONFIG REQUIRED)
find_package(PkgConfig REQUIRED)
pkg_check_modules(PQXX REQUIRED IMPORTED_TARGET libpqxx)
find_package(nlohmann_json REQUIRED)
find_package(prometheus-cpp CONFIG REQUIRED COMPONENTS pull)
find_program(MUSTER_PROTOC protoc REQUIRED)
find_program(MUSTER_GRPC_PLUGIN grpc_cpp_plugin REQUIRED)

# Warnings are for our own code, not for what protoc writes.
add_library(muster_warnings INTERFACE)
target_compile_options(muster_warnings INTERFACE -Wall -Wextra -Werror -Wno-unused-parameter
                       -Wno-missing-field-initializers)

# Headers that many files read and that take seconds each: precompiled once, and reused by every
# target of the kind. The flags of owner and user must agree, -pthread among them.
function(_muster_pch name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "HEADERS;DEPS")
  add_library(${name} OBJECT "${CMAKE_SOURCE_DIR}/common/cmake/pch.cc")
  target_link_libraries(${name} PRIVATE ${arg_DEPS} muster_warnings Threads::Threads)
  target_include_directories(${name} PRIVATE "${CMAKE_SOURCE_DIR}")
  target_precompile_headers(${name} PRIVATE ${arg_HEADERS}
      <absl/status/statusor.h> <absl/time/time.h> <functional> <map> <memory> <mutex> <optional>
      <string> <vector>)
  _muster_pch_flags(${name})
endfunction()

# What ccache needs to look into a precompiled header.
function(_muster_pch_flags name)
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    target_compile_options(${name} PRIVATE -fpch-preprocess)
  endif()
endfunction()

set(catch "${CMAKE_SOURCE_DIR}/tests/support/catch.h")
_muster_pch(muster_pch_grpc HEADERS <grpcpp/grpcpp.h> DEPS gRPC::grpc++ protobuf::libprotobuf)
_muster_pch(muster_pch_test HEADERS "${catch}" DEPS absl::statusor)
_muster_pch(muster_pch_grpc_test HEADERS <grpcpp/grpcpp.h> "${catch}"
            DEPS gRPC::grpc++ protobuf::libprotobuf)

function(_muster_target name kind)
  cmake_parse_arguments(PARSE_ARGV 2 arg "GRPC" "" "SOURCES;DEPS;LABELS")
  target_include_directories(${name} PUBLIC "${CMAKE_SOURCE_DIR}")
  target_link_libraries(${name} PUBLIC ${arg_DEPS} PRIVATE muster_warnings)
  set(pch "")
  if(arg_GRPC)
    target_link_libraries(${name} PUBLIC gRPC::grpc++ protobuf::libprotobuf Threads::Threads)
    set(pch muster_pch_grpc)
  endif()
  if(kind STREQUAL "test")
    target_link_libraries(${name} PRIVATE Threads::Threads)
    set(pch muster_pch_test)
    if(arg_GRPC)
      set(pch muster_pch_grpc_test)
    endif()
  endif()
  if(pch)
    target_precompile_headers(${name} REUSE_FROM ${pch})
    _muster_pch_flags(${name})
  endif()
endfunction()

# muster_library(name [GRPC] SOURCES a.cc b.cc DEPS x y)
function(muster_library name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "GRPC" "" "SOURCES;DEPS")
  add_library(${name} STATIC ${arg_SOURCES})
  _muster_target(${name} library ${ARGN})
endfunction()

# muster_executable(name [GRPC] SOURCES main.cc DEPS x y): lands in build/<preset>/bin
function(muster_executable name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "GRPC" "" "SOURCES;DEPS")
  add_executable(${name} ${arg_SOURCES})
  _muster_target(${name} program ${ARGN})
endfunction()

# muster_service(name SOURCES main.cc DEPS x y): an executable with an allocator made for many threads
# and short lives, where it is installed (docs/decisions/0027).
find_library(MUSTER_JEMALLOC jemalloc)
function(muster_service name)
  muster_executable(${name} ${ARGN})
  if(MUSTER_JEMALLOC AND NOT MUSTER_SANITIZE)
    # Nothing refers to it by name: it must be linked all the same.
    target_link_options(${name} PRIVATE "LINKER:--push-state,--no-as-needed"
                        "${MUSTER_JEMALLOC}" "LINKER:--pop-state")
  endif()
endfunction()

# muster_test(name [GRPC] LABELS unit SOURCES x_test.cc DEPS y): one Catch2 program, one ctest entry
function(muster_test name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "GRPC" "TIMEOUT" "SOURCES;DEPS;LABELS")
  add_executable(${name} ${arg_SOURCES})
  _muster_target(${name} test ${ARGN})
  target_link_libraries(${name} PRIVATE muster_test_main)
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}/tests")
  add_test(NAME ${name} COMMAND ${name})
  if(NOT arg_TIMEOUT)
    set(arg_TIMEOUT 300)
  endif()
  set_tests_properties(${name} PROPERTIES LABELS "${arg_LABELS}" TIMEOUT ${arg_TIMEOUT}
      ENVIRONMENT "MUSTER_TEST_BIN=${CMAKE_BINARY_DIR}/bin;MUSTER_SOURCE_DIR=${CMAKE_SOURCE_DIR};\
LSAN_OPTIONS=suppressions=${CMAKE_SOURCE_DIR}/tests/support/lsan.supp:print_suppressions=0")
endfunction()

# muster_proto(name a.proto b.proto): messages and gRPC code, from proto/
function(muster_proto name)
  set(out "${CMAKE_BINARY_DIR}/generated")
  file(MAKE_DIRECTORY "${out}")
  set(sources "")
  foreach(file IN LISTS ARGN)
    string(REGEX REPLACE "\\.proto$" "" stem "${file}")
    set(generated "${out}/${stem}.pb.cc" "${out}/${stem}.pb.h")
    set(plugin "")
    file(STRINGS "${CMAKE_SOURCE_DIR}/proto/${file}" services REGEX "^service ")
    if(services)
      list(APPEND generated "${out}/${stem}.grpc.pb.cc" "${out}/${stem}.grpc.pb.h")
      set(plugin "--plugin=protoc-gen-grpc=${MUSTER_GRPC_PLUGIN}" "--grpc_out=${out}")
    endif()
    add_custom_command(OUTPUT ${generated}
        COMMAND ${MUSTER_PROTOC} -I "${CMAKE_SOURCE_DIR}/proto" "--cpp_out=${out}" ${plugin} ${file}
        DEPENDS "${CMAKE_SOURCE_DIR}/proto/${file}"
        COMMENT "protoc ${file}" VERBATIM)
    list(APPEND sources ${generated})
  endforeach()
  add_library(${name} STATIC ${sources})
  target_include_directories(${name} SYSTEM PUBLIC "${out}")
  target_link_libraries(${name} PUBLIC gRPC::grpc++ protobuf::libprotobuf Threads::Threads)
  if(MUSTER_SANITIZE)
    target_compile_options(${name} PRIVATE -fno-sanitize=all)  # what protoc writes is not ours to check
  endif()
endfunction()

# muster_embed_migrations(target dir): a library with the .sql files of `dir`, in order, as
# `const std::vector<muster::Migration>& muster::<target>()` in "<target>.h"
# (see common/db/migrations.h).
include("${CMAKE_CURRENT_LIST_DIR}/EmbedMigrations.cmake" OPTIONAL)

enable_testing()
