# The web console's build, which the server serves: made when its sources are others than those it was made of.

# Sources of the build, a path per line; what lies in them and the lock of the libraries decide.
console_sources() {
  (cd "$root" && find apps/console/{src,public,index.html,vite.config.ts,package.json} packages/api/src packages/model/src package-lock.json -type f -not -name '*.test.ts' -not -name '*.test.tsx' | LC_ALL=C sort)
}
console_sum() { (cd "$root" && console_sources | xargs -d '\n' sha256sum | sha256sum | cut -d' ' -f1); }

# ensure_console: afterwards apps/console/dist is what the sources say; fails where it cannot be built.
ensure_console() {
  [[ -f $root/apps/console/vite.config.ts ]] || return 0 # installed: the package brings it built
  local dist=$root/apps/console/dist sum
  sum=$(console_sum)
  [[ -r $dist/.sources && $(<"$dist/.sources") == "$sum" ]] && return 0
  if [[ ! -w $root/apps/console ]]; then
    note "The web console is not built as its sources are, and this account may not write to $root/apps/console."
    note "  As the account that owns it run: ./polyvisor up or ./polyvisor test"
    return 0
  fi
  step "Building the web console" build_console "$sum" || { note "The web console could not be built; the rest works without it."; return 1; }
}

# Built beside the present one and put in its place at once: a server may be reading that. One at a time.
build_console() {
  local dist=$root/apps/console/dist fresh=$root/apps/console/.dist.new
  exec 8>"$root/apps/console/.dist.lock"
  flock 8
  [[ -r $dist/.sources && $(<"$dist/.sources") == "$1" ]] && return 0
  rm -rf -- "$fresh"
  (cd "$root/apps/console" && "$node" "$root/node_modules/vite/bin/vite.js" build --outDir "$fresh" --logLevel warn 8>&-) || return 1
  printf '%s\n' "$1" >"$fresh/.sources"
  rm -rf -- "$dist.old"
  [[ ! -e $dist ]] || mv -- "$dist" "$dist.old"
  mv -- "$fresh" "$dist"
  rm -rf -- "$dist.old"
}
