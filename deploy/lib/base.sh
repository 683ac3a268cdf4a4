# What every script here shares: where things are, and how to speak to the person at the terminal.
# Source it after `set -euo pipefail`. The other files of this folder expect it.
# shellcheck shell=bash

MUSTER_ROOT="$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd -P)"

# Where a local stack keeps its data, logs and process ids.
MUSTER_HOME="${MUSTER_HOME:-$MUSTER_ROOT/.local}"

say() { printf '%s\n' "$*"; }
step() { printf '==> %s\n' "$*"; }
warn() { printf 'warning: %s\n' "$*" >&2; }
die() {
  printf 'error: %s\n' "$*" >&2
  exit 1
}
# Wrong use of a command, as opposed to a command that failed.
misuse() {
  printf 'error: %s\n' "$*" >&2
  exit 2
}

have() { command -v "$1" >/dev/null 2>&1; }
is_root() { [[ "$(id -u)" == 0 ]]; }

# The comment at the head of a script is its help text.
print_help() { sed -n '2,/^[^#]/{s/^# \{0,1\}//p}' "$1"; }
