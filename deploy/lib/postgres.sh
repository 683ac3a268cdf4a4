# A PostgreSQL of the local stack's own: its data directory, its port, and no touch on any other.
# It listens on the loopback interface only, and asks for a password that is made when the cluster
# is. Started by root, it runs as the user `postgres`, since PostgreSQL refuses to run as root.
# shellcheck shell=bash

POSTGRES_START_SECONDS=60
POSTGRES_STOP_SECONDS=60

# Where the cluster lives: below MUSTER_HOME; but if that is nowhere the user `postgres` may go (a
# checkout under /root, say), then below /var/lib/muster, in a folder named after MUSTER_HOME.
postgres_home() {
  if ! is_root || runuser -u postgres -- test -x "$MUSTER_HOME"; then
    printf '%s/postgres' "$MUSTER_HOME"
  else
    printf '/var/lib/muster/%s' "$(printf '%s' "$MUSTER_HOME" | sha256sum | cut -c1-12)"
  fi
}

# Runs a command as the cluster's owner, from a directory where that user may be.
_as_postgres() (
  cd /
  if is_root; then exec runuser -u postgres -- "$@"; else exec "$@"; fi
)

# The programs of the version that made the cluster, or else the newest there is.
_postgres_bin() {
  local version='*'
  [[ -f "$PG_HOME/data/PG_VERSION" ]] && version="$(<"$PG_HOME/data/PG_VERSION")"
  compgen -G "/usr/lib/postgresql/$version/bin" | sort -V | tail -n 1
}

# Sets PG_HOME and PG_BIN; the other functions need them.
find_postgres() {
  PG_HOME="$(postgres_home)"
  PG_BIN="$(_postgres_bin)"
  [[ -n "$PG_BIN" ]] || die "found no PostgreSQL in /usr/lib/postgresql that fits $PG_HOME"
}

database_url() {
  printf 'postgresql://muster:%s@127.0.0.1:%s/muster' "$(<"$PG_HOME/password")" "$(postgres_port)"
}

_make_cluster() {
  # A PG_VERSION without this mark is what an interrupted attempt left.
  [[ -f "$PG_HOME/made" ]] && return 0
  step "Making a PostgreSQL cluster in $PG_HOME"
  rm -rf "$PG_HOME"
  # The user `postgres` may make nothing here itself, so its folder is made for it.
  mkdir -p "$(dirname "$PG_HOME")"
  mkdir -m 0700 "$PG_HOME"
  (
    umask 077
    od -An -N16 -tx1 /dev/urandom | tr -d ' \n' >"$PG_HOME/password"
  )
  if is_root; then chown -R postgres: "$PG_HOME"; fi
  _as_postgres "$PG_BIN/initdb" --pgdata="$PG_HOME/data" --username=muster --encoding=UTF8 \
    --locale=C.UTF-8 --data-checksums --auth=scram-sha-256 --pwfile="$PG_HOME/password" \
    >"$MUSTER_HOME/log/initdb.log" 2>&1 ||
    die "initdb failed; see $MUSTER_HOME/log/initdb.log"
  printf "include 'muster.conf'\n" >>"$PG_HOME/data/postgresql.conf"
  touch "$PG_HOME/made"
}

_write_postgres_conf() {
  cat >"$PG_HOME/data/muster.conf" <<CONF
# Written by deploy/local at each start.
listen_addresses = '127.0.0.1'
port = $(postgres_port)
unix_socket_directories = ''
max_connections = 200
timezone = 'UTC'
# An acknowledged word must outlive a crash: these two stay on.
fsync = on
synchronous_commit = on
CONF
  if is_root; then chown postgres: "$PG_HOME/data/muster.conf"; fi
}

postgres_is_running() {
  [[ -f "$PG_HOME/made" ]] &&
    _as_postgres "$PG_BIN/pg_ctl" --pgdata="$PG_HOME/data" status >/dev/null 2>&1
}

start_postgres() {
  postgres_is_running && return 0
  _make_cluster
  _write_postgres_conf
  _as_postgres "$PG_BIN/pg_ctl" --pgdata="$PG_HOME/data" --log="$PG_HOME/postgres.log" \
    --timeout="$POSTGRES_START_SECONDS" --silent --wait start 9>&- ||
    die "PostgreSQL did not start; see $PG_HOME/postgres.log"
  _make_database
}

_psql() { "$PG_BIN/psql" -XAtq --set=ON_ERROR_STOP=1 "$@"; }
_make_database() {
  local maintenance
  maintenance="$(database_url)"
  maintenance="${maintenance%/muster}/postgres"
  if [[ -z "$(_psql -c "SELECT 1 FROM pg_database WHERE datname = 'muster'" "$maintenance")" ]]; then
    _psql -c 'CREATE DATABASE muster' "$maintenance"
  fi
}

stop_postgres() {
  postgres_is_running || return 0
  _as_postgres "$PG_BIN/pg_ctl" --pgdata="$PG_HOME/data" --mode=fast --silent --wait \
    --timeout="$POSTGRES_STOP_SECONDS" stop ||
    die "PostgreSQL did not stop; see $PG_HOME/postgres.log"
}

# Erases the cluster: every ticket, agent and assignment of the local stack.
wipe_postgres() {
  postgres_is_running && die "PostgreSQL still runs; nothing was erased"
  rm -rf "$PG_HOME"
}
