# Configures and builds a preset of CMakePresets.json.
#   build_preset release muster muster-intake     (no targets: all)
# shellcheck shell=bash

# gRPC's headers make a compiler process large: more of them than this would swap.
_MEMORY_PER_JOB_KB=1500000

build_jobs() {
  local cores memory_kb by_memory
  cores="$(nproc)"
  memory_kb="$(awk '/^MemAvailable:/ {print $2}' /proc/meminfo)"
  by_memory=$((${memory_kb:-0} / _MEMORY_PER_JOB_KB))
  ((by_memory < 1)) && by_memory=1
  ((by_memory < cores)) && cores=$by_memory
  printf '%s' "$cores"
}

configure_preset() {
  local preset="$1" folder="$MUSTER_ROOT/build/$1" log="$MUSTER_ROOT/build/$1/configure.log"
  if [[ -f "$folder/build.ninja" ]]; then
    # Runs CMake again only if one of its files changed.
    ninja -C "$folder" build.ninja >"$log" 2>&1 && return 0
  fi
  mkdir -p "$folder"
  step "Configuring $preset"
  if ! (cd "$MUSTER_ROOT" && cmake --preset "$preset") >"$log" 2>&1; then
    cat "$log" >&2
    die "CMake could not configure the preset $preset"
  fi
}

build_preset() {
  local preset="$1" folder="$MUSTER_ROOT/build/$1"
  shift
  configure_preset "$preset"
  if ninja -C "$folder" -n "$@" 2>/dev/null | grep -q 'ninja: no work to do'; then
    return 0
  fi
  step "Building $preset (${*:-everything}) with $(build_jobs) jobs"
  NINJA_STATUS='[%f/%t, %es] ' ninja -C "$folder" -j "$(build_jobs)" "$@" ||
    die "the build of $preset failed; the first error above says why"
}
