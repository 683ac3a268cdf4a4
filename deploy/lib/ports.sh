# The ports of a local stack. All follow from one base: 7400 gives gRPC on 7401 to 7403, metrics on
# 7411 to 7413 and PostgreSQL on 7432, all on the loopback interface. Further nodes have gRPC from 7442
# (matchers), 7462 (intake) and 7482 (availability), and metrics 10 above.
# shellcheck shell=bash

# shellcheck disable=SC2034  # the scripts that source this use it
DEFAULT_PORT_BASE=7400

# The services, as many nodes of each, in the order in which they start.
SERVICES=(intake availability matcher)
MAX_NODES=9

# use_nodes I A M: SERVICES with so many nodes: intake, intake-2, availability, matcher, matcher-2 ...
use_nodes() {
  local kind n
  SERVICES=()
  for kind in intake availability matcher; do
    SERVICES+=("$kind")
    for ((n = 2; n <= $1; n++)); do SERVICES+=("$kind-$n"); done
    shift
  done
}
# nodes_of KIND: the names of its nodes, one a line.
nodes_of() {
  local service
  for service in "${SERVICES[@]}"; do
    [[ "${service%-[0-9]}" == "$1" ]] && printf '%s\n' "$service"
  done
}
count_nodes() { nodes_of "$1" | wc -l; }
program_of() { printf 'muster-%s' "${1%-[0-9]}"; }

service_port() {
  local further
  case "$1" in
    intake) printf '%s' $((PORT_BASE + 1)) && return ;;
    availability) printf '%s' $((PORT_BASE + 2)) && return ;;
    matcher) printf '%s' $((PORT_BASE + 3)) && return ;;
    matcher-*) further=40 ;;
    intake-*) further=60 ;;
    *) further=80 ;;
  esac
  printf '%s' $((PORT_BASE + further + ${1##*-}))
}
metrics_port() { printf '%s' $(($(service_port "$1") + 10)); }
postgres_port() { printf '%s' $((PORT_BASE + 32)); }

_all_ports() {
  local service
  for service in "${SERVICES[@]}"; do
    service_port "$service"
    printf '\n'
    metrics_port "$service"
    printf '\n'
  done
  postgres_port
  printf '\n'
}

port_is_free() { ! (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

# Prints the ports of PORT_BASE that somebody listens on.
taken_ports() {
  local port
  while read -r port; do
    port_is_free "$port" || printf '%s ' "$port"
  done < <(_all_ports)
}

# Prints the first base at or after $1, in steps of 100, whose ports are all free.
find_free_base() {
  local base PORT_BASE
  for ((base = $1; base < 30000; base += 100)); do
    PORT_BASE=$base
    if [[ -z "$(taken_ports)" ]]; then
      printf '%s' "$base"
      return 0
    fi
  done
  die "found no free ports between $1 and 30000"
}
