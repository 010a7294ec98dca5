#!/usr/bin/env bash
# Builds the guest "micro" of Debian's packages: build.sh OUTDIR [--fresh]
# Needs no root and installs nothing: packages are fetched and unpacked, and their programs run from there.
# Prints "P% text". --fresh looks for newer packages; otherwise what is built already stays.
set -Eeuo pipefail
umask 022
export LC_ALL=C
# Goes up with what the guest itself can do; the version of a template is this and its kernel's.
recipe_version=1

recipe=$(dirname -- "$(readlink -f -- "${BASH_SOURCE[0]}")")
fail() { printf 'micro: %s\n' "$*" >&2; exit 2; }
progress() { printf '%d%% %s\n' "$1" "$2"; }

trap 'fail "building stopped at line $LINENO of $0: $BASH_COMMAND"' ERR

main() {
  local fresh=no
  [[ ${2:-} != --fresh ]] || fresh=yes
  [[ -n ${1:-} ]] || fail "Say where to build: build.sh OUTDIR"
  mkdir -p -- "$1" || fail "$1 cannot be made."
  out=$(cd -- "$1" && pwd)
  recipe_hash=$(cd -- "$recipe" && sha256sum build.sh guest/* | sha256sum | cut -c 1-64)
  if [[ $fresh == no ]] && built_already; then progress 100 "built before"; return; fi
  local each
  for each in apt-get apt-cache dpkg dpkg-deb tar gzip sha256sum mke2fs; do
    command -v "$each" >/dev/null || fail "this recipe needs $each. It is made for Debian: build it there, and copy the folder."
  done
  exec 9>"$out/.lock"
  flock 9
  if [[ $fresh == no ]] && built_already; then progress 100 "built before"; return; fi
  work=$(mktemp -d "$out/.building.XXXXXX")
  trap 'rm -rf -- "$work"' EXIT
  arch=$(dpkg --print-architecture)
  choose_packages
  fetch_packages
  unpack_packages
  make_userland
  make_initramfs
  make_rootfs
  publish
  progress 100 "built"
}

built_already() {
  local template=$out/template.json file
  [[ -r $template ]] && grep -q "\"recipe\": \"$recipe_hash\"" "$template" || return 1
  for file in vmlinuz initramfs.cpio.gz rootfs.tar.gz rootfs.img; do [[ -s $out/$file ]] || return 1; done
}

# The names of Debian's packages: the kernel's carries its version, the libraries are what the guest agent asks for.
choose_packages() {
  progress 2 "choosing packages"
  apt=(-q -o APT::Get::List-Cleanup=0)
  local meta=linux-image-cloud-$arch
  if ! apt-cache show "$meta" >/dev/null 2>&1; then
    # No lists on this machine, or none with this package: read them into a folder of ours.
    progress 4 "reading the lists of packages"
    mkdir -p "$work/lists/partial" "$work/cache/archives/partial"
    apt+=(-o "Dir::State::lists=$work/lists" -o "Dir::Cache=$work/cache" -o APT::Sandbox::User=)
    apt-get "${apt[@]}" update >"$work/log" 2>&1 || fail "the lists of packages could not be read: $(tail -n 1 "$work/log")"
    apt-cache "${apt[@]}" show "$meta" >/dev/null 2>&1 || fail "no package source of this machine has $meta; this recipe needs Debian's."
  fi
  kernel_package=$(depends_of "$meta" | grep -m 1 '^linux-image-') || fail "$meta names no kernel."
  local library
  packages=("$kernel_package" busybox-static cpio qemu-guest-agent)
  for library in $(depends_of qemu-guest-agent | grep '^lib'); do
    packages+=("$library")
    case $library in libglib*) mapfile -t -O ${#packages[@]} packages < <(depends_of "$library" | grep '^libpcre') ;; esac
  done
}
depends_of() { apt-cache "${apt[@]}" depends --no-recommends --no-suggests --no-conflicts --no-breaks --no-replaces --no-enhances "$1" | sed -n 's/^  *|\{0,1\}Depends: *//p'; }

fetch_packages() {
  progress 8 "fetching ${#packages[@]} packages"
  packages_folder=$work/packages
  mkdir "$packages_folder"
  (cd "$packages_folder" && apt-get "${apt[@]}" -o APT::Sandbox::User= download "${packages[@]}") >"$work/log" 2>&1 || fail "the packages could not be fetched: $(grep -m 1 '^E:' "$work/log" || tail -n 1 "$work/log")"
  version=$recipe_version-$(apt-cache "${apt[@]}" show --no-all-versions "$kernel_package" | sed -n 's/^Version: \(.*:\)\{0,1\}//p')
  manifest=$(apt-cache "${apt[@]}" show --no-all-versions "${packages[@]}" | awk '/^Package: / { p = $2 } /^Version: / { printf "%s    \"%s\": \"%s\"", s, p, $2; s = ",\n" }')
}

unpack_packages() {
  progress 35 "unpacking"
  local package file
  mkdir "$work/kernel" "$work/debs"
  for package in "${packages[@]}"; do
    file=$(compgen -G "$packages_folder/${package}_*.deb")
    if [[ $package == "$kernel_package" ]]; then dpkg-deb -x "$file" "$work/kernel"; else dpkg-deb -x "$file" "$work/debs"; fi
  done
  kernel=$(ls "$work"/kernel/boot/vmlinuz-*)
  modules=$(find "$work/kernel" -path '*lib/modules/*/kernel' -prune -print -quit)
}

# What a VM and a container share: busybox, the guest agent with its libraries, our few scripts.
make_userland() {
  progress 55 "putting the system together"
  tree=$work/tree
  mkdir -p "$tree"/{bin,sbin,usr/bin,usr/sbin,dev,proc,sys,run,tmp,root,mnt,lib,lib64,etc/micro/acpi/PWRF,var/log}
  ln -s /run "$tree/var/run"
  chmod 1777 "$tree/tmp"
  chmod 0700 "$tree/root"
  install -m 0755 "$(find "$work/debs" -path '*bin/busybox')" "$tree/bin/busybox"
  local applet
  for applet in $("$tree/bin/busybox" --list); do
    [[ $applet == busybox || $applet == init || $applet == linuxrc || $applet == dpkg* || $applet == rpm* ]] || ln -s /bin/busybox "$tree/bin/$applet"
  done
  for applet in acpid halt hwclock insmod ip poweroff reboot udhcpc; do ln -s /bin/busybox "$tree/sbin/$applet"; done
  install -m 0755 "$recipe"/guest/{console,container,nic,dhcp,hotplug} "$tree/etc/micro/"
  install -m 0644 "$recipe/guest/inittab" "$tree/etc/micro/"
  install -m 0755 "$recipe/guest/init" "$tree/sbin/init"
  install -m 0755 "$recipe/guest/shutdown" "$tree/sbin/shutdown"
  ln -s /sbin/init "$tree/init"
  # busybox acpid runs what stands under this name when the power button is pressed.
  printf '#!/bin/sh\nexec /sbin/poweroff\n' >"$tree/etc/micro/acpi/PWRF/00000080"
  chmod 0755 "$tree/etc/micro/acpi/PWRF/00000080"
  sed "s/@version@/$version/" "$recipe/guest/os-release" >"$tree/etc/os-release"
  printf 'root:x:0:0:root:/root:/bin/sh\n' >"$tree/etc/passwd"
  printf 'root:x:0:\n' >"$tree/etc/group"
  printf '127.0.0.1 localhost\n::1 localhost\n' >"$tree/etc/hosts"
  printf "PS1='\\\\h:\\\\w# '\n" >"$tree/etc/profile"
  add_guest_agent
}

# Of each package only what the guest agent really loads, as its own loader tells.
add_guest_agent() {
  local agent=$work/debs/usr/sbin/qemu-ga loader name path folders
  [[ -x $agent ]] || agent=$work/debs/usr/bin/qemu-ga
  loader=$(find "$work/debs" -name 'ld-linux-*.so.*' -not -type d | head -n 1)
  folders=$(find "$work/debs" -name '*.so*' -not -type d -printf '%h\n' | sort -u | paste -s -d :)
  "$loader" --library-path "$folders" --list "$agent" >"$work/libraries" || fail "the guest agent's libraries are not complete: $(cat "$work/libraries")"
  ! grep -q 'not found' "$work/libraries" || fail "the guest agent lacks $(grep 'not found' "$work/libraries")"
  while read -r name _ path _; do
    [[ $path == "$work"/* ]] || continue
    # The loader's own name is an absolute path, and it must stand right there.
    if [[ $name == /* ]]; then mkdir -p "$tree${name%/*}"; install -m 0755 "$path" "$tree$name"; else install -m 0644 "$path" "$tree/lib/$name"; fi
  done <"$work/libraries"
  install -m 0755 "$agent" "$tree/usr/sbin/qemu-ga"
}

# Drivers of what a VM may have, each after those that it needs.
make_initramfs() {
  progress 65 "making the ramdisk"
  local tree_vm=$work/vm wanted each
  cp -a "$tree" "$tree_vm"
  : >"$tree_vm/etc/micro/modules"
  mkdir "$tree_vm/lib/modules"
  wanted=(virtio_pci virtio_mmio virtio_console virtio_net virtio_blk virtio_scsi sd_mod virtio-rng virtio_balloon button evdev xen-netfront xen-blkfront)
  for each in "${wanted[@]}"; do add_module "$each" "$tree_vm"; done
  (cd "$tree_vm" && find . -exec touch -h -d @0 {} + && find . | sort | "$(find "$work/debs" -path '*bin/cpio')" --quiet -o -H newc -R 0:0 --reproducible) | gzip -n -9 >"$work/initramfs.cpio.gz"
}

add_module() {
  local name=$1 to=$2 file need
  [[ -e $to/lib/modules/$name.ko ]] && return 0
  file=$(find "$modules" \( -name "$name.ko" -o -name "${name//_/-}.ko" -o -name "$name.ko.xz" \) | head -n 1)
  [[ -n $file ]] || return 0 # built into this kernel, or unknown on this architecture
  if [[ $file == *.xz ]]; then xz -dc "$file" >"$to/lib/modules/$name.ko"; else cp "$file" "$to/lib/modules/$name.ko"; fi
  while read -r need; do [[ -z $need ]] || add_module "$need" "$to"; done < <(tr '\0' '\n' <"$to/lib/modules/$name.ko" | sed -n 's/^depends=//p' | tr ',' '\n')
  printf '%s.ko\n' "$name" >>"$to/etc/micro/modules"
}

make_rootfs() {
  progress 85 "making the container's files"
  tar -C "$tree" --sort=name --mtime=@0 --owner=0 --group=0 --numeric-owner -cf - . | gzip -n -9 >"$work/rootfs.tar.gz"
  # The same as an image, which goes to a host like any disk. In a namespace where its maker is root, so are its files' owners.
  local as_root=()
  ((EUID == 0)) || ! unshare -r true 2>/dev/null || as_root=(unshare -r)
  E2FSPROGS_FAKE_TIME=1 "${as_root[@]}" mke2fs -q -t ext4 -L micro -U "${recipe_hash:0:8}-0000-4000-8000-${recipe_hash:8:12}" -E "root_owner=0:0,hash_seed=${recipe_hash:0:8}-0000-4000-8000-${recipe_hash:8:12}" -O ^has_journal -m 0 -d "$tree" "$work/rootfs.img" 24M >"$work/log" 2>&1 || fail "the container's image could not be made: $(tail -n 1 "$work/log")"
}

publish() {
  progress 95 "checking and putting in place"
  install -m 0644 "$kernel" "$work/vmlinuz"
  cat >"$work/template.json" <<JSON
{
  "name": "micro",
  "version": "$version",
  "description": "A tiny Linux of Debian's kernel and busybox: console, DHCP, guest agent; runs from memory",
  "arch": "$(uname -m)",
  "kernel": "vmlinuz",
  "initramfs": "initramfs.cpio.gz",
  "cmdline": "$(cmdline)",
  "rootfs": "rootfs.tar.gz",
  "minMemoryMiB": 96,
  "spec": { "memory": 134217728, "boot": { "kernel": "image:vmlinuz", "initramfs": "image:initramfs.cpio.gz", "cmdline": "$(cmdline)" } },
  "container": { "memory": 67108864, "container": { "root": "image:rootfs.img" } },
  "files": {
$(describe vmlinuz),
$(describe initramfs.cpio.gz),
$(describe rootfs.tar.gz),
$(describe rootfs.img)
  },
  "recipe": "$recipe_hash",
  "packages": {
$manifest
  }
}
JSON
  local file
  for file in vmlinuz initramfs.cpio.gz rootfs.tar.gz rootfs.img template.json; do chmod 0644 "$work/$file"; mv -f "$work/$file" "$out/$file"; done
}
describe() { printf '    "%s": { "sha256": "%s", "size": %d }' "$1" "$(sha256sum <"$work/$1" | cut -c 1-64)" "$(stat -c %s "$work/$1")"; }
cmdline() {
  case $arch in
    arm64) printf 'console=ttyAMA0 quiet' ;;
    *) printf 'console=tty0 console=ttyS0 quiet' ;;
  esac
}

main "$@"
