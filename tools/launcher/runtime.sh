# The pinned Node and the npm packages, as package-lock.json names them.

# ensure_runtime: afterwards $node runs and every package is there. Nothing is done twice.
ensure_runtime() {
  if [[ -x $node && $stamp -nt $root/package-lock.json ]]; then return 0; fi
  local lock
  lock=$(sha256sum <"$root/package-lock.json")
  if [[ -x $node && -r $stamp && $(<"$stamp") == "$lock" ]]; then touch "$stamp" 2>/dev/null || true; return 0; fi
  if [[ -x $node ]] && installed_by_npm; then printf '%s\n' "$lock" >"$stamp"; return 0; fi
  [[ -w $root ]] || fail "The packages in $root are not those of its package-lock.json, and this account may not write there." "Run ./polyvisor check once as the account that owns $root."
  local missing
  mapfile -t missing < <(missing_for_runtime)
  ensure_packages "fetching Polyvisor's Node and libraries" "${missing[@]}"
  step "Fetching the libraries (npm ci)" run_npm ci --no-progress ||
    fail "The libraries could not be fetched." "Is npm's registry reachable from here? Try: cd $root && npm ci"
  [[ -x $node ]] || fail "npm left out Polyvisor's Node ($node_package)." "It is an optional dependency: is npm told to omit those? See: npm config get omit"
  printf '%s\n' "$lock" >"$stamp"
}

# Whether somebody ran npm here after the lock was changed, as developers do.
installed_by_npm() {
  "$node" --input-type=module - "$root" <<'JS' 2>/dev/null
import { readFileSync } from "node:fs";
const [wanted, have] = ["package-lock.json", "node_modules/.package-lock.json"].map((file) => JSON.parse(readFileSync(`${process.argv[2]}/${file}`, "utf8")).packages);
const lacking = Object.entries(wanted).filter(([name, each]) => name.includes("node_modules/") && !each.optional && have[name]?.version !== each.version && !each.link);
process.exit(lacking.length === 0 ? 0 : 1);
JS
}

# A user's npm settings may name folders for native builds; we need none, and they must not decide what runs here.
run_npm() {
  local npm=npm
  (cd "$root" && env -u npm_config_nodedir -u npm_config_omit NODE_COMPILE_CACHE= "$npm" "$@" --no-fund --no-audit --include=optional --include=dev)
}
