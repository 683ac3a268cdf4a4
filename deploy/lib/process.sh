# Starts, recognises and stops background processes by pid file. A pid alone may have passed to a
# stranger, so a pid file also holds the process's start time, and nothing is signalled unless both
# still match.
# shellcheck shell=bash

_start_time() {
  local stat
  stat="$(cat "/proc/$1/stat" 2>/dev/null)" || return 1
  # The command's name may hold spaces and brackets: count fields after the last bracket.
  stat="${stat##*) }"
  awk '{print $20}' <<<"$stat"
}

# Prints the pid in pid file $1 if the process that wrote it still runs.
live_pid() {
  local pid started
  [[ -f "$1" ]] && read -r pid started <"$1" || return 1
  [[ -n "${pid:-}" && "$(_start_time "$pid")" == "${started:-none}" ]] || return 1
  # A zombie has ended, though its parent has not yet noticed.
  [[ "$(awk '/^State:/ {print $2}' "/proc/$pid/status" 2>/dev/null)" != Z ]] || return 1
  printf '%s' "$pid"
}

# start_process PID_FILE LOG_FILE COMMAND...: in a session of its own, so that Ctrl-C at this
# terminal does not reach it, and with this script's lock closed.
start_process() {
  local pid_file="$1" log_file="$2" pid
  shift 2
  setsid "$@" >>"$log_file" 2>&1 </dev/null 9>&- &
  pid=$!
  printf '%s %s\n' "$pid" "$(_start_time "$pid")" >"$pid_file"
}

# stop_process NAME PID_FILE SECONDS: asks it to finish what it has, and insists after SECONDS.
stop_process() {
  local name="$1" pid_file="$2" seconds="$3" pid
  if ! pid="$(live_pid "$pid_file")"; then
    rm -f "$pid_file"
    return 0
  fi
  kill -TERM "$pid"
  if ! _wait_until_gone "$pid_file" "$seconds"; then
    warn "$name (pid $pid) did not finish within $seconds s; killing it"
    kill -KILL "$pid" 2>/dev/null || true
    _wait_until_gone "$pid_file" 5 || die "$name (pid $pid) cannot be killed"
  fi
  rm -f "$pid_file"
}

_wait_until_gone() {
  local pid_file="$1" tries=$(($2 * 20))
  while ((tries-- > 0)); do
    live_pid "$pid_file" >/dev/null || return 0
    sleep 0.05
  done
  return 1
}
