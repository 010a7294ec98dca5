# polyvisor storm: the fault storm of tests/storm.

command_storm() {
  [[ " $* " == *" -h "* || " $* " == *" --help "* ]] || { ensure_what_lab_needs; ensure_hypervisor; }
  ensure_runtime
  exec "$node" "$root/tests/storm/stormProgram.ts" "$@"
}
