# polyvisor check and polyvisor test.

usage_test() {
  cat <<'TEXT'
polyvisor check                    types, lint, format, unused code: seconds
polyvisor test [--yes] [RING...] [-- FILE...]   rings: check unit e2e lab; all of them where none is named
                                   e2e drives the web console in Chromium over simulated hosts
                                   lab installs and starts real daemons: libvirtd, QEMU, PostgreSQL, sshd
TEXT
}

# Names of the tools that are to be run, and how; a name per tool for the tally.
# The console is typed apart: it knows a browser, and nothing else may.
run_types() {
  "$node" "$root/node_modules/typescript/bin/tsc" -p "$root/tsconfig.json" --noEmit && "$node" "$root/node_modules/typescript/bin/tsc" -p "$root/apps/console/tsconfig.json" --noEmit
}
run_lint() { (cd "$root" && with_bin oxlint); }
run_format() { (cd "$root" && with_bin oxfmt --check); }
run_unused() { (cd "$root" && with_bin knip --no-progress); }
with_bin() { PATH=$root/node_modules/$node_package/bin:$root/node_modules/.bin:$PATH "$@"; }

command_check() {
  [[ ${1:-} != -h && ${1:-} != --help ]] || { usage_test; return 0; }
  (($# == 0)) || fail "polyvisor check takes nothing." "See: ./polyvisor check --help"
  ensure_runtime
  local failed=() each
  for each in types lint format unused; do run_check "$each" all || failed+=("$each"); done
  ((${#failed[@]} == 0)) || { note "Not clean: ${failed[*]}"; return 1; }
  note "Clean."
}

# run_check NAME: one tool; its whole output when it is not content.
run_check() {
  local log began=$SECONDS status=0
  log=$(scratch_file check)
  "run_$1" >"$log" 2>&1 </dev/null || status=$?
  ((status == 0)) || cat -- "$log"
  rm -f -- "$log"
  printf '%s: %s in %d s\n' "$1" "$( ((status == 0)) && echo clean || echo "not clean (status $status)")" $((SECONDS - began))
  return "$status"
}

command_test() {
  local rings=() files=()
  [[ ${CI:-} != true ]] || yes=yes
  while (($# > 0)); do
    case $1 in
      -h | --help) usage_test; return 0 ;;
      -y | --yes) yes=yes ;;
      check | unit | e2e | lab) rings+=("$1") ;;
      --) shift; files=("$@"); break ;;
      *) fail "polyvisor test does not know \"$1\"." "See: ./polyvisor test --help" ;;
    esac
    shift
  done
  ((${#rings[@]} > 0)) || rings=(check unit e2e lab)
  # Everything at once, so that it is asked for once.
  if [[ " ${rings[*]} " == *" lab "* ]]; then ensure_what_lab_needs; elif [[ " ${rings[*]} " == *" e2e "* ]]; then ensure_what_e2e_needs; fi
  ensure_runtime
  passed=0 failed=0 skipped=0
  local ring began
  for ring in "${rings[@]}"; do
    began=$SECONDS
    printf '\n== %s ==\n' "$ring"
    "ring_$ring" "${files[@]}"
    printf '== %s took %d s ==\n' "$ring" $((SECONDS - began))
  done
  printf '\n%d passed, %d failed%s\n' "$passed" "$failed" "$( ((skipped == 0)) || printf ', %d skipped' "$skipped")"
  ((failed == 0))
}

ring_check() {
  local each
  for each in types lint; do
    if run_check "$each"; then passed=$((passed + 1)); else failed=$((failed + 1)); fi
  done
}

ring_unit() { run_vitest unit 400 "$@"; }

ring_e2e() {
  ensure_console || { failed=$((failed + 1)); return 0; }
  run_vitest e2e 900 "$@"
}

ring_lab() {
  ensure_hypervisor
  run_vitest lab 1200 "$@"
}

# What the lab's tests speak to: everything that `up` would install, and what only tests need.
ensure_what_lab_needs() {
  local missing
  mapfile -t missing < <(missing_for_runtime; missing_for_database; missing_for_hypervisor; missing_for_tests; missing_for_browser)
  ensure_packages "the tests against real daemons" "${missing[@]}"
}

ensure_what_e2e_needs() {
  local missing
  mapfile -t missing < <(missing_for_runtime; missing_for_database; missing_for_browser)
  ensure_packages "the tests in a browser" "${missing[@]}"
}

# run_vitest PROJECT SECONDS FILE...: adds what it counted to passed, failed and skipped.
run_vitest() {
  local project=$1 limit=$2 report second status=0 tally failing=()
  shift 2
  report=$(scratch_file report)
  second=$(scratch_file second)
  vitest_into "$report" "$limit" --project "$project" "$@" || status=$?
  ((status != 124 && status != 137)) || printf 'The ring %s was stopped after %d s.\n' "$project" "$limit"
  # docs/decisions/2026-11-21-second-try.md: what real daemons did under load is tried again alone, and named.
  if [[ $project != unit ]] && ((status == 1)); then
    mapfile -t failing < <("$node" "$root/tools/tally.ts" --failed "$report")
    if ((${#failing[@]} > 0 && ${#failing[@]} <= second_tries)); then
      printf '\nOnce more, one file at a time: %s\n' "${failing[*]#"$root/"}"
      status=0
      vitest_into "$second" 400 --project "$project" --maxWorkers=1 --retry=2 "${failing[@]}" || status=$?
    fi
  fi
  tally=$("$node" "$root/tools/tally.ts" "$report" "$status" "$second" 3>&1 1>&2) || tally="0 1 0"
  rm -f -- "$report" "$second"
  local counts
  read -r -a counts <<<"$tally"
  passed=$((passed + counts[0])) failed=$((failed + counts[1])) skipped=$((skipped + counts[2]))
}

# So many files may be tried again. Where more fail, it is not the machine.
second_tries=4

# vitest_into REPORT SECONDS ARGUMENT...
vitest_into() {
  local report=$1 limit=$2
  shift 2
  (cd "$root" && with_bin timeout --kill-after=20 "$limit" vitest run --reporter=default --reporter=json --outputFile.json="$report" --passWithNoTests "$@" </dev/null)
}
