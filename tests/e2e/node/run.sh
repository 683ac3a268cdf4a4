#!/usr/bin/env bash
# Starts a private stack, lets the Node client play against it, and stops it again.
#   run.sh BUILD_BIN WORK_DIR      the programs, and where node_modules may go
set -euo pipefail
here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd -P)"
root="$(cd "$here/../../.." && pwd -P)"
# shellcheck source=/dev/null
source "$root/deploy/lib/base.sh"
# shellcheck source=/dev/null
source "$root/deploy/lib/ports.sh"

[[ $# == 2 ]] || misuse 'run.sh BUILD_BIN WORK_DIR'
export MUSTER_BIN="$1"
work="$2"

# Packages are fetched once per version of the lock file.
install_modules() {
  mkdir -p "$work"
  if ! cmp -s "$here/package-lock.json" "$work/installed-lock.json"; then
    cp "$here/package.json" "$here/package-lock.json" "$work/"
    (cd "$work" && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error)
    cp "$here/package-lock.json" "$work/installed-lock.json"
  fi
  cp "$here"/*.mjs "$work/"
}

MUSTER_HOME="$(mktemp -d "${TMPDIR:-/tmp}/muster-node.XXXXXX")"
export MUSTER_HOME
# PostgreSQL runs as another user when root starts it, and must get in.
chmod 711 "$MUSTER_HOME"

finish() {
  local status=$?
  trap - EXIT INT TERM
  if ((status != 0)); then "$root/deploy/local" logs >&2 || true; fi
  "$root/deploy/local" down --wipe || status=1
  rm -rf "$MUSTER_HOME"
  exit "$status"
}
trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

install_modules
# Other tests choose ports at the same time: where to begin the search is left to chance.
MUSTER_PORT_BASE="$(find_free_base $((10000 + RANDOM % 150 * 100)))"
export MUSTER_PORT_BASE
"$root/deploy/local" up
eval "$("$root/deploy/local" env)"
export MUSTER_PROTO_DIR="$root/proto"
node "$work/client.mjs"
