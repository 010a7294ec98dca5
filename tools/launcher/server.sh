# The server as a process: where its data is, whether it runs, starting, stopping.

data=${POLYVISOR_DATA:-}
default_data() {
  if ((EUID == 0)); then printf '/var/lib/polyvisor\n'; return; fi
  [[ -n ${XDG_DATA_HOME:-}${HOME:-} ]] || fail "This account has no home folder to keep data in." "Name a folder: --data DIR"
  printf '%s/polyvisor\n' "${XDG_DATA_HOME:-$HOME/.local/share}"
}

# settle_data: makes $data absolute.
settle_data() {
  [[ -n $data ]] || data=$(default_data)
  data=$(realpath -m -- "$data")
}

# read_server: sets server_url, server_pid, server_version, server_since from server.json; fails when there is none.
read_server() {
  server_url='' server_pid='' server_version='' server_since=''
  local text
  [[ -r $data/server.json ]] || return 1
  text=$(<"$data/server.json")
  [[ $text =~ \"url\":\ *\"([^\"]+)\" ]] && server_url=${BASH_REMATCH[1]}
  [[ $text =~ \"pid\":\ *([0-9]+) ]] && server_pid=${BASH_REMATCH[1]}
  [[ $text =~ \"version\":\ *\"([^\"]+)\" ]] && server_version=${BASH_REMATCH[1]}
  [[ $text =~ \"startedAt\":\ *\"([^\"]+)\" ]] && server_since=${BASH_REMATCH[1]}
  [[ -n $server_url && -n $server_pid ]]
}

# server_alive: whether server.json is true. A process's number may have gone to another program since; its number
# together with its start has not, and the server keeps both in its lock.
server_alive() {
  local pid start _ stat
  read_server && [[ -r $data/server.lock ]] || return 1
  read -r pid start _ <"$data/server.lock" || return 1
  [[ $pid == "$server_pid" ]] && stat=$(cat "/proc/$pid/stat" 2>/dev/null) || return 1
  # shellcheck disable=SC2206 # words are what is wanted; the name before them may have spaces and is cut off
  stat=(${stat##*) })
  [[ ${stat[0]} != Z && ${stat[19]} == "$start" ]]
}

# server_answers PATH: whether the server answers it with 200 within 3 s.
server_answers() {
  if [[ $server_url == https:* ]]; then answers_by_tls "$1"; return; fi
  local at=${server_url#http://} host port status
  at=${at%%/*}
  host=${at%:*} port=${at##*:}
  host=${host#[} host=${host%]}
  status=$(timeout 3 bash -c 'exec 3<>"/dev/tcp/$1/$2" && printf "GET %s HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n\r\n" "$3" "$1" >&3 && read -r _ code _ <&3 && printf "%s" "$code"' - "$host" "$port" "$1" 2>/dev/null) || return 1
  [[ $status == 200 ]]
}

# Whose certificate it is does not matter here: nothing is sent but a path.
answers_by_tls() {
  NODE_NO_WARNINGS=1 timeout 5 "$node" -e '
    const [url] = process.argv.slice(1);
    require("node:https").get(url, { rejectUnauthorized: false }, (answer) => process.exit(answer.statusCode === 200 ? 0 : 1)).on("error", () => process.exit(1));
  ' "${server_url%/}$1"
}

# ensure_data_folder: $data is there, is ours and has room.
ensure_data_folder() {
  if [[ ! -e $data ]]; then
    mkdir -p -- "$data" 2>/dev/null || fail "The data folder $data cannot be made by $(id -un): $(why_not_made "$data")" "Name another with --data DIR, or run as an account that may write there."
    # Under root the private PostgreSQL runs as another account, which must pass through.
    if ((EUID == 0)); then chmod 0711 -- "$data"; else chmod 0700 -- "$data"; fi
  fi
  [[ -d $data ]] || fail "The data folder $data is not a folder." "Name another with --data DIR."
  local owner
  owner=$(stat -c %u -- "$data")
  ((owner == EUID)) || fail "The data folder $data belongs to $(getent passwd "$owner" | cut -d: -f1 || printf 'user %s' "$owner"), not to $(id -un)." "Run Polyvisor as that account, or name another folder with --data DIR."
  [[ -w $data ]] || fail "The data folder $data may not be written." "Is its file system mounted read-only? See: findmnt -T $data"
  ensure_room "$data" 200
}

why_not_made() {
  local parent=$1
  while [[ ! -e $parent ]]; do parent=${parent%/*}; parent=${parent:-/}; done
  if [[ ! -d $parent ]]; then printf '%s is not a folder.' "$parent"; elif [[ ! -w $parent ]]; then printf '%s may not be written.' "$parent"; else printf 'see: df -h %s' "$parent"; fi
}

# ensure_room FOLDER MEBIBYTES
ensure_room() {
  local free
  free=$(df -Pm -- "$1" 2>/dev/null | awk 'NR == 2 { print $4 }')
  [[ $free =~ ^[0-9]+$ ]] || return 0
  ((free >= $2)) || fail "The disk of $1 is full: $free MiB are free, and at least $2 are needed." "Make room (see: df -h $1), or name a folder elsewhere with --data DIR."
}

# start_server ARGUMENT...: starts it apart from this terminal and waits until it serves; sets server_pid.
start_server() {
  local log=$data/server.log size=0
  [[ -e $log ]] && size=$(stat -c %s -- "$log")
  if ((size > 20000000)); then mv -f -- "$log" "$log.1"; size=0; fi
  (umask 077; : >>"$log") || fail "$log may not be written." "Is the disk full? See: df -h $data"
  # In the environment, because arguments are shown to every account of the machine.
  [[ -z $database ]] || export POLYVISOR_DATABASE_URL=$database
  # What changes is thrown away soon after: a larger nursery collects it with less copying (some 150 MB more at most).
  setsid "$node" --max-semi-space-size=64 "$root/apps/server/src/main.ts" --data "$data" "$@" >>"$log" 2>&1 </dev/null 9>&- &
  started_pid=$!
  step "Starting the server" wait_for_server && read_server && return 0
  if kill -TERM "$started_pid" 2>/dev/null; then fail "The server did not become ready within 3 minutes." "Its log: $log"; fi
  local status=0 sentence
  wait "$started_pid" || status=$?
  # Its sentence for the operator; its log is JSON, a line each.
  sentence=$(tail -c "+$((size + 1))" -- "$log" | grep -v '^{' | head -n 20 || true)
  if [[ $status == 2 && -n $sentence ]]; then printf 'polyvisor: %s\n' "${sentence#polyvisor: }" >&2; exit 2; fi
  fail "The server ended at once (status $status)." "${sentence:-It said nothing.}" "Its log: $log"
}

# wait_for_server: until the server that was just started is ready; fails when it has ended, or after 3 minutes.
wait_for_server() {
  local until=$((SECONDS + 180))
  while ((SECONDS < until)) && kill -0 "$started_pid" 2>/dev/null; do
    if read_server && [[ $server_pid == "$started_pid" ]]; then return 0; fi
    sleep 0.1
  done
  return 1
}

command_down() {
  parse_common down "$@"
  if ! server_alive; then note "Polyvisor does not run with the data in $data."; return 0; fi
  kill -TERM "$server_pid" 2>/dev/null || fail "The server (process $server_pid) belongs to $(stat -c %U "/proc/$server_pid")." "Stop it as that account."
  local pid=$server_pid
  step "Stopping the server" wait_for 60 process_gone "$pid" || fail "The server (process $pid) has not stopped within a minute." "Its log: $data/server.log" "Last resort, after which the next up repairs what was cut off: kill -KILL $pid"
  note "Polyvisor has stopped. The VMs were not touched."
}

# A container whose first process reaps nobody keeps the ended as zombies.
process_gone() {
  local stat
  stat=$(cat "/proc/$1/stat" 2>/dev/null) || return 0
  [[ ${stat##*) } == Z* ]]
}

command_status() {
  parse_common status "$@"
  if ! server_alive; then
    printf 'Polyvisor does not run with the data in %s. Start it: ./polyvisor up\n' "$data"
    return 3
  fi
  printf 'Polyvisor %s runs at %s\n  process %s since %s\n  data    %s\n  log     %s\n' "$server_version" "$server_url" "$server_pid" "$server_since" "$data" "$data/server.log"
  if server_answers /readyz; then printf '  ready   yes\n'; return 0; fi
  printf '  ready   no: its log says why\n'
  return 1
}
