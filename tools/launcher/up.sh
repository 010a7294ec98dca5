# polyvisor up: everything from a fresh clone to a server that manages this machine.

usage_up() {
  cat <<'TEXT'
polyvisor up [options]      prepare this machine, start the server, add this machine as a host
polyvisor down [--data DIR] stop the server; VMs are not touched
polyvisor status [--data DIR]

  -d, --detach           give the terminal back; otherwise Ctrl-C stops the server
      --port N           default 8420
      --listen ADDRESS   default 127.0.0.1: this machine only
      --tls              HTTPS with a certificate that the server makes for itself
      --tls-certificate FILE --tls-key FILE   HTTPS with the site's certificate
      --data DIR         default /var/lib/polyvisor (root), ~/.local/share/polyvisor (others); POLYVISOR_DATA
      --database URL     a PostgreSQL of yours instead of a private one; POLYVISOR_DATABASE_URL does the same
      --without-hypervisor   install and add no hypervisor of this machine
  -y, --yes              do not ask before installing packages
TEXT
}

# parse_common COMMAND ARGUMENT...: the options of the commands that are done here.
parse_common() {
  local command=$1
  detach=no port='' listen='' database='' with_hypervisor=yes tls=()
  shift
  while (($# > 0)); do
    case $1 in
      --?*=*) set -- "${1%%=*}" "${1#*=}" "${@:2}"; continue ;;
      -h | --help) usage_up; exit 0 ;;
      -y | --yes) yes=yes ;;
      --data) need_value "$@"; data=$2; shift ;;
      -d | --detach) only_up "$command" "$1"; detach=yes ;;
      --without-hypervisor) only_up "$command" "$1"; with_hypervisor=no ;;
      --port) only_up "$command" "$1"; need_value "$@"; port=$2; shift ;;
      --tls) only_up "$command" "$1"; tls+=("$1") ;;
      --tls-certificate | --tls-key) only_up "$command" "$1"; need_value "$@"; tls+=("$1" "$(realpath -m -- "$2")"); shift ;;
      --listen) only_up "$command" "$1"; need_value "$@"; listen=$2; shift ;;
      --database) only_up "$command" "$1"; need_value "$@"; database=$2; shift ;;
      *) fail "polyvisor $command does not know \"$1\"." "See: ./polyvisor $command --help" ;;
    esac
    shift
  done
  [[ -z $port || ( $port =~ ^[0-9]{1,5}$ && 10#$port -ge 1 && 10#$port -le 65535 ) ]] || fail "\"$port\" is not a port." "Give a number from 1 to 65535: --port 8420"
  settle_data
}
only_up() { [[ $1 == up ]] || fail "polyvisor $1 does not know \"$2\"." "See: ./polyvisor $1 --help"; }
need_value() { (($# > 1)) && [[ -n $2 ]] || fail "$1 needs a value." "See: ./polyvisor up --help"; }

command_up() {
  parse_common up "$@"
  if server_alive; then already_up; return; fi
  ensure_data_folder
  exec 9>"$data/up.lock"
  flock -n 9 || fail "Another \"polyvisor up\" is at work with the data in $data." "Wait until it is done, then see: ./polyvisor status"
  [[ -x $node ]] || ensure_room "$root" 800
  ensure_what_up_needs
  ensure_runtime
  ensure_console || true # a server without its console is better than none
  [[ $with_hypervisor == no ]] || ensure_hypervisor
  local arguments=()
  [[ -z $port ]] || arguments+=(--port "$port")
  [[ -z $listen ]] || arguments+=(--listen "$listen")
  arguments+=("${tls[@]}")
  # The server is apart from this terminal: Ctrl-C before all is done must reach it too.
  [[ $detach == yes ]] || trap '[[ -z ${started_pid:-} ]] || kill -TERM "$started_pid" 2>/dev/null; exit 130' INT TERM HUP
  start_server "${arguments[@]}"
  exec 9>&-
  POLYVISOR_URL='' POLYVISOR_TOKEN='' POLYVISOR_DATA=$data welcome
  [[ $detach == yes ]] || stay
}

already_up() {
  [[ -z $port || $server_url == *:"$port" || $server_url == *:"$port"/ ]] ||
    fail "Polyvisor runs already at $server_url with this data." "For another port: ./polyvisor down, then ./polyvisor up --port $port"
  # A libvirtd that was started by hand has nobody who starts it again: this is the command that the host's failure names.
  if [[ $with_hypervisor == yes && -w $data ]] && has_libvirt && ! libvirt_listens; then
    exec 9>"$data/up.lock"
    if flock -n 9; then ensure_hypervisor; fi # who else is at work does it
    exec 9>&-
  fi
  printf 'Polyvisor runs at %s (since %s).\nSign in: ./polyvisor sign-in code\n' "$server_url" "$server_since"
}

ensure_what_up_needs() {
  local missing
  mapfile -t missing < <(missing_for_runtime)
  if [[ -z ${database:-${POLYVISOR_DATABASE_URL:-}} ]]; then mapfile -t -O ${#missing[@]} missing < <(missing_for_database); fi
  if [[ $with_hypervisor == yes ]]; then mapfile -t -O ${#missing[@]} missing < <(missing_for_hypervisor); fi
  ensure_packages "a server that manages this machine's VMs" "${missing[@]}"
}

# Adds this machine, then says where the server is and how to sign in.
welcome() {
  local cli=("$node" "$root/apps/cli/src/main.ts")
  [[ $with_hypervisor == no ]] || "${cli[@]}" host add --local || note "This machine could not be added as a host. Try: ./polyvisor host add --local"
  printf 'Polyvisor runs at %s\n' "$server_url"
  "${cli[@]}" sign-in code || note "No way to sign in could be made. Try: ./polyvisor sign-in code"
  local own
  own=$(data='' && default_data)
  [[ $data == "$own" ]] || printf 'For the other commands: export POLYVISOR_DATA=%q\n' "$data"
}

# Keeps the terminal until Ctrl-C, or until the server ends by itself.
stay() {
  trap 'kill -TERM "$started_pid" 2>/dev/null || true' INT TERM HUP
  printf 'Ctrl-C stops it; its log is %s\n' "$data/server.log"
  local status=0
  # A signal to us ends one wait early; the server has then still to end.
  while :; do
    status=0
    wait "$started_pid" || status=$?
    kill -0 "$started_pid" 2>/dev/null || break
  done
  trap - INT TERM HUP
  [[ $status == 0 || $status == 129 || $status == 130 || $status == 143 ]] || fail "The server has ended (status $status)." "Its log: $data/server.log"
}
