# The local stack: PostgreSQL, the three services, and what is known of them between two commands.
# shellcheck shell=bash

READY_SECONDS=60
DRAIN_SECONDS=30
LOG_ROTATE_BYTES=$((64 * 1024 * 1024))

# Takes MUSTER_HOME into use. Only one command at a time may change a stack.
open_stack() {
  mkdir -p "$MUSTER_HOME" || die "cannot make $MUSTER_HOME"
  MUSTER_HOME="$(cd "$MUSTER_HOME" && pwd -P)"
  [[ -w "$MUSTER_HOME" ]] || die "may not write to $MUSTER_HOME: it belongs to another user"
  mkdir -p "$MUSTER_HOME/log" "$MUSTER_HOME/run"
  exec 9>"$MUSTER_HOME/lock"
  find_postgres
  _load_settings
}
lock_stack() { flock -w 120 9 || die "another command has held $MUSTER_HOME for two minutes"; }

# A stack that runs keeps the ports and programs it was started with, whatever the environment says.
_load_settings() {
  PORT_BASE="${MUSTER_PORT_BASE:-$DEFAULT_PORT_BASE}"
  BIN="${MUSTER_BIN:-$MUSTER_ROOT/build/release/bin}"
  [[ "$PORT_BASE" =~ ^[0-9]+$ && "$PORT_BASE" -ge 1024 && "$PORT_BASE" -le 65000 ]] ||
    die "MUSTER_PORT_BASE is '$PORT_BASE'; it must be a number from 1024 to 65000"
  if stack_is_up; then
    local nodes=()
    { read -r PORT_BASE && read -r BIN && read -r -a nodes; } <"$MUSTER_HOME/run/stack" || true
    use_nodes "${nodes[0]:-1}" "${nodes[1]:-1}" "${nodes[2]:-1}"
  fi
}
all_counts() { printf '%s %s %s' "$(count_nodes intake)" "$(count_nodes availability)" "$(count_nodes matcher)"; }
_save_settings() {
  printf '%s\n%s\n%s\n' "$PORT_BASE" "$BIN" "$(all_counts)" >"$MUSTER_HOME/run/stack"
}
_forget_settings() { rm -f "$MUSTER_HOME/run/stack"; }

# A stack is up while any part of it runs. After a reboot the file is there, and the stack is not.
stack_is_up() {
  [[ -f "$MUSTER_HOME/run/stack" ]] || return 1
  local service
  for service in "${SERVICES[@]}"; do
    live_pid "$(pid_file_of "$service")" >/dev/null && return 0
  done
  postgres_is_running
}

address_of() { printf '127.0.0.1:%s' "$(service_port "$1")"; }
# Of all nodes of a kind, with commas between them: calls go to each in turn.
addresses_of() {
  local node all=''
  while read -r node; do all+="${all:+,}$(address_of "$node")"; done < <(nodes_of "$1")
  printf '%s' "$all"
}
pid_file_of() { printf '%s/run/%s.pid' "$MUSTER_HOME" "$1"; }
log_file_of() {
  if [[ "$1" == postgres ]]; then
    printf '%s/postgres.log' "$PG_HOME"
  else
    printf '%s/log/%s.log' "$MUSTER_HOME" "$1"
  fi
}

# Runs the command line against this stack.
muster() {
  MUSTER_INTAKE="$(addresses_of intake)" MUSTER_AVAILABILITY="$(addresses_of availability)" \
    MUSTER_MATCHER="$(address_of matcher)" "$BIN/muster" "$@"
}

# What a shell needs so that `muster` finds this stack.
print_environment() {
  local service
  for service in intake availability; do
    printf "export MUSTER_%s='%s'\n" "${service^^}" "$(addresses_of "$service")"
  done
  printf "export MUSTER_MATCHER='%s'\n" "$(address_of matcher)"
  printf "export MUSTER_DATABASE_URL='%s'\n" "$(database_url)"
  printf "export PATH='%s':\"\$PATH\"\n" "$BIN"
}

_start_service() {
  local service="$1" log flags
  live_pid "$(pid_file_of "$service")" >/dev/null && return 0
  log="$(log_file_of "$service")"
  if [[ -f "$log" && "$(stat -c %s "$log")" -gt "$LOG_ROTATE_BYTES" ]]; then mv -f "$log" "$log.1"; fi
  flags=(--listen "$(address_of "$service")" --metrics-listen "127.0.0.1:$(metrics_port "$service")")
  if [[ "$(program_of "$service")" == muster-matcher ]]; then
    flags+=(--intake "$(addresses_of intake)" --availability "$(addresses_of availability)")
  fi
  # The address holds a password: it goes by the environment, which no other user can read.
  MUSTER_DATABASE_URL="$(database_url)" \
    start_process "$(pid_file_of "$service")" "$log" "$BIN/$(program_of "$service")" "${flags[@]}"
}

# Whether every node says that it serves: each is asked beside the first of the other kinds.
_all_serve() {
  local service intake availability matcher
  for service in "${SERVICES[@]}"; do
    intake=intake availability=availability matcher=matcher
    printf -v "${service%-[0-9]}" '%s' "$service"
    MUSTER_INTAKE="$(address_of "$intake")" MUSTER_AVAILABILITY="$(address_of "$availability")" \
      MUSTER_MATCHER="$(address_of "$matcher")" "$BIN/muster" status >/dev/null 2>&1 || return 1
  done
}

# Waits until every service says that it serves; fails early if one has ended.
_wait_until_ready() {
  local deadline=$((SECONDS + READY_SECONDS)) service
  until _all_serve; do
    for service in "${SERVICES[@]}"; do
      live_pid "$(pid_file_of "$service")" >/dev/null || _report_failure "$service ended"
    done
    ((SECONDS < deadline)) || {
      muster status >&2 || true
      _report_failure "not everything serves after $READY_SECONDS s"
    }
    sleep 0.1
  done
}

_report_failure() {
  local service
  for service in "${SERVICES[@]}"; do
    printf -- '--- the end of %s\n' "$(log_file_of "$service")" >&2
    tail -n 5 "$(log_file_of "$service")" >&2 || true
  done
  die "$1; deploy/local down stops what still runs"
}

stack_up() {
  local program service
  for program in muster muster-intake muster-availability muster-matcher; do
    [[ -x "$BIN/$program" ]] || die "there is no $BIN/$program: build it, or set MUSTER_BIN"
  done
  if ! stack_is_up; then
    local taken
    taken="$(taken_ports)"
    [[ -z "$taken" ]] ||
      die "taken by another program: ports $taken; try MUSTER_PORT_BASE=$(find_free_base "$PORT_BASE")"
  fi
  _save_settings
  start_postgres
  for service in "${SERVICES[@]}"; do _start_service "$service"; done
  _wait_until_ready
}

# The matcher goes first, while the others can still hear what it has to tell.
stack_down() {
  local i
  for ((i = ${#SERVICES[@]} - 1; i >= 0; i--)); do
    stop_process "${SERVICES[$i]}" "$(pid_file_of "${SERVICES[$i]}")" "$DRAIN_SECONDS"
  done
  stop_postgres
  _forget_settings
}

restart_part() {
  if [[ "$1" == postgres ]]; then
    stop_postgres
    start_postgres
  else
    stop_process "$1" "$(pid_file_of "$1")" "$DRAIN_SECONDS"
    _start_service "$1"
  fi
  _wait_until_ready
}

# One line a process; fails unless all of them run.
print_processes() {
  local service pid all=0
  if postgres_is_running; then
    printf '%-13s running   127.0.0.1:%s   %s\n' postgres "$(postgres_port)" "$PG_HOME"
  else
    printf '%-13s stopped   %s\n' postgres "$PG_HOME"
    all=1
  fi
  for service in "${SERVICES[@]}"; do
    if pid="$(live_pid "$(pid_file_of "$service")")"; then
      printf '%-13s running   %s   pid %s\n' "$service" "$(address_of "$service")" "$pid"
    else
      printf '%-13s stopped\n' "$service"
      all=1
    fi
  done
  return "$all"
}
