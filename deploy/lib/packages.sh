# Installs, with apt-get, what deploy/packages.txt lists and this machine lacks.
#   install_packages build run
# Nothing is touched, and no rights are asked for, when nothing is missing.
# shellcheck shell=bash

_package_is_there() {
  local package="$1" found_by="${2:-}"
  if [[ "$found_by" == */* ]]; then
    compgen -G "$found_by" >/dev/null && return 0
  elif [[ -n "$found_by" ]]; then
    have "$found_by" && return 0
  fi
  [[ "$(dpkg-query -W -f='${db:Status-Abbrev}' "$package" 2>/dev/null)" == "ii "* ]]
}

# Prints the packages of the groups named that are not there, one a line.
missing_packages() {
  local package group found_by
  while read -r package group found_by; do
    [[ -z "$package" || "$package" == \#* || " $* " != *" $group "* ]] && continue
    _package_is_there "$package" "$found_by" || printf '%s\n' "$package"
  done <"$MUSTER_ROOT/deploy/packages.txt"
}

_as_root() {
  if is_root; then "$@"; else sudo "$@"; fi
}

# Debian makes and starts a cluster of its own when PostgreSQL is first installed. Muster needs the
# programs only, so this asks postgresql-common not to, for as long as the installation takes.
_NO_CLUSTER=/etc/postgresql-common/createcluster.d/muster-install.conf
_forbid_default_cluster() {
  _as_root mkdir -p "$(dirname "$_NO_CLUSTER")"
  printf 'create_main_cluster = false\n' | _as_root tee "$_NO_CLUSTER" >/dev/null
}
_allow_default_cluster() { _as_root rm -f "$_NO_CLUSTER"; }

_apt_install() {
  local apt=(env DEBIAN_FRONTEND=noninteractive apt-get -y -q -o DPkg::Lock::Timeout=120)
  _as_root "${apt[@]}" update || warn "apt-get update failed; trying with the lists that are there"
  _as_root "${apt[@]}" install --no-install-recommends "$@"
}

install_packages() {
  local missing log status=0
  mapfile -t missing < <(missing_packages "$@")
  ((${#missing[@]} == 0)) && return 0
  have apt-get || die "these Debian packages (or what they stand for) are missing: ${missing[*]}"
  is_root || have sudo || die "need root or sudo to install: ${missing[*]}"
  log="$(mktemp "${TMPDIR:-/tmp}/muster-apt.XXXXXX")"
  step "Installing ${#missing[@]} packages: ${missing[*]} (log: $log)"
  # Asks for the password, if any, before the output goes to the log.
  is_root || sudo -v
  _forbid_default_cluster
  _apt_install "${missing[@]}" >"$log" 2>&1 </dev/null || status=$?
  _allow_default_cluster
  if ((status != 0)); then
    tail -n 20 "$log" >&2
    die "apt-get could not install them; the whole log is $log"
  fi
  rm -f "$log"
}
