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
  local npm=(npm)
  system_node_is_new || fetch_first_node
  step "Fetching the libraries (npm ci)" run_npm "$root" ci ||
    fail "The libraries could not be fetched." "Is npm's registry reachable from here? Try: cd $root && npm ci"
  [[ -x $node ]] || fail "npm left out Polyvisor's Node ($node_package)." "It is an optional dependency: is npm told to omit those? See: npm config get omit"
  rm -rf -- "$root/.cache/first-node"
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

# npm leaves out the optional packages that do not suit the Node it runs on, and ours ask for a newer one than Debian 12's.
system_node_is_new() {
  local version
  version=$(node --version 2>/dev/null) || return 1
  version=${version#v}
  ((${version%%.*} >= 22))
}

# fetch_first_node: the pinned Node alone, by the system's npm, to run npm itself on; sets $npm.
fetch_first_node() {
  local folder=$root/.cache/first-node cli
  cli=$(readlink -f -- "$(command -v npm)")
  [[ $cli == *.js ]] || fail "npm here is $cli, on a Node older than 22: it would leave out packages that Polyvisor needs." "Install Node 22 or newer, or Debian's npm: apt-get install npm"
  rm -rf -- "$folder"
  mkdir -p -- "$folder" || fail "$root may not be written." "Is the disk full? See: df -h $root"
  node - "$root" "$folder" "$node_package" <<'JS' || fail "package-lock.json names no $node_package." "Is this clone complete? See: git status"
const { readFileSync, writeFileSync } = require("fs");
const [, , root, folder, name] = process.argv;
const at = `node_modules/${name}`;
const entry = JSON.parse(readFileSync(`${root}/package-lock.json`, "utf8")).packages[at];
delete entry.optional;
const wanted = { name: "first-node", version: "1.0.0", dependencies: { [name]: entry.version } };
writeFileSync(`${folder}/package.json`, JSON.stringify(wanted));
writeFileSync(`${folder}/package-lock.json`, JSON.stringify({ ...wanted, lockfileVersion: 3, requires: true, packages: { "": wanted, [at]: entry } }));
JS
  cp -- "$root/.npmrc" "$folder/.npmrc"
  step "Fetching Polyvisor's Node (this machine's is $(node --version))" run_npm "$folder" ci ||
    fail "Polyvisor's Node could not be fetched." "Is npm's registry reachable from here? Try: cd $folder && npm ci"
  # Debian keeps npm's own libraries where only Debian's Node looks by itself.
  npm=(env NODE_PATH=/usr/share/nodejs "$folder/node_modules/$node_package/bin/node" "$cli")
}

# run_npm FOLDER ARGUMENT...: a user's settings may name folders for native builds or leave packages out; neither may
# decide what runs here.
run_npm() {
  (cd "$1" && env -u npm_config_nodedir -u npm_config_omit -u NODE_COMPILE_CACHE "${npm[@]}" "${@:2}" --no-progress --no-fund --no-audit --include=optional --include=dev)
}
