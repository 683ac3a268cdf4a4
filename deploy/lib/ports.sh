# The ports of a local stack. All follow from one base: 7400 gives gRPC on 7401 to 7403, metrics on
# 7411 to 7413 and PostgreSQL on 7432, all on the loopback interface. More matchers than one have gRPC
# from 7442 and metrics from 7452.
# shellcheck shell=bash

# shellcheck disable=SC2034  # the scripts that source this use it
DEFAULT_PORT_BASE=7400

# The services in the order in which they start; a service's place is its port's last digit.
SERVICES=(intake availability matcher)
MAX_MATCHERS=9

# use_matchers N: SERVICES with that many matchers: matcher, matcher-2, matcher-3 and so on.
use_matchers() {
  local n
  SERVICES=(intake availability matcher)
  for ((n = 2; n <= $1; n++)); do SERVICES+=("matcher-$n"); done
}
count_matchers() { printf '%s' $((${#SERVICES[@]} - 2)); }
program_of() { printf 'muster-%s' "${1%-[0-9]}"; }

service_port() {
  local i
  if [[ "$1" == matcher-[2-9] ]]; then
    printf '%s' $((PORT_BASE + 40 + ${1#matcher-}))
    return
  fi
  for i in "${!SERVICES[@]}"; do
    [[ "${SERVICES[$i]}" == "$1" ]] && printf '%s' $((PORT_BASE + 1 + i))
  done
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
