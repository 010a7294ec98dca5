# Talking to the operator: sentences, progress, questions.

yes=no

note() { printf '%s\n' "$*" >&2; }

# fail SENTENCE [WHAT TO DO]...: ends with status 2, "usage or environment", as the server and the CLI do.
fail() {
  printf 'polyvisor: %s\n' "$1" >&2
  shift
  local line
  for line in "$@"; do printf '  %s\n' "$line" >&2; done
  exit 2
}

is_terminal() { [[ -t 0 && -t 2 ]]; }

# confirm QUESTION: yes when told so beforehand; no where nobody can answer.
confirm() {
  [[ $yes == yes ]] && return 0
  is_terminal || return 1
  local answer
  read -r -p "$1 [Y/n] " answer || return 1
  [[ ${answer,,} =~ ^(y|yes|)$ ]]
}

# step TEXT COMMAND...: runs it with its output put aside, shows how long it takes, and shows the output when it fails.
step() {
  local text=$1 log status=0 began=$SECONDS pid
  shift
  log=$(scratch_file step)
  "$@" >"$log" 2>&1 </dev/null &
  pid=$!
  if [[ -t 2 ]]; then
    while kill -0 "$pid" 2>/dev/null; do
      printf '\r  %s … %d s' "$text" $((SECONDS - began)) >&2
      sleep 0.2
    done
    printf '\r\033[K' >&2
  else
    printf '  %s …\n' "$text" >&2
  fi
  wait "$pid" || status=$?
  if ((status == 0)); then
    printf '  %s: done in %d s\n' "$text" $((SECONDS - began)) >&2
  else
    printf '  %s: failed after %d s\n' "$text" $((SECONDS - began)) >&2
    tail -n 15 -- "$log" | sed 's/^/    /' >&2
  fi
  rm -f -- "$log"
  return "$status"
}

# scratch_file NAME: a new file of ours, empty. Where not even that can be written the disk is full or read-only.
scratch_file() {
  local file
  file=$(mktemp "${TMPDIR:-/tmp}/polyvisor-$1.XXXXXX" 2>/dev/null) ||
    fail "Nothing can be written to ${TMPDIR:-/tmp}: the disk is full or read-only." "See what is full: df -h ${TMPDIR:-/tmp}" "Then try again, or name another folder: TMPDIR=/var/tmp ./polyvisor …"
  printf '%s\n' "$file"
}
