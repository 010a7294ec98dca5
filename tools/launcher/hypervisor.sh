# This machine's own libvirt: started where nothing else starts it, never changed where somebody looks after it.

# listening PATH-END: whether a process listens on a Unix socket whose path ends so, in the files that we see.
# Not by bash's own read: it seeks back after each line, and the kernel then writes the table again from its first socket
# (four seconds where there are 4,500).
listening() {
  local path
  while IFS= read -r path; do
    [[ $path == *"$1" && -S $path ]] && return 0
  done < <(awk '$4 == "00010000" && $8 ~ "^/" { print substr($0, index($0, "/")) }' /proc/net/unix)
  return 1
}

system_libvirt_listens() { listening /run/libvirt/libvirt-sock || listening /run/libvirt/virtqemud-sock; }

# Where libvirt keeps the sockets of an account that is not root.
session_folder() { printf '%s/libvirt\n' "${XDG_RUNTIME_DIR:-${XDG_CACHE_HOME:-$HOME/.cache}}"; }

may_use_system_libvirt() { ((EUID == 0)) || [[ " $(id -nG) " == *" libvirt "* ]]; }

has_libvirt() { has libvirtd || has virtqemud; }

# libvirt_listens: whether the libvirt that this account may use is there.
libvirt_listens() { if may_use_system_libvirt; then system_libvirt_listens; else listening "$(session_folder)/libvirt-sock"; fi; }

# ensure_hypervisor: afterwards a libvirt of this machine listens, or a sentence has been said and the server manages other hosts.
ensure_hypervisor() {
  if may_use_system_libvirt; then
    system_libvirt_listens || start_system_libvirt
    ensure_default_network
  else
    note "This account is not in the group libvirt, so Polyvisor manages its own VMs only (qemu:///session)."
    note "  For those of the whole machine: sudo adduser $(id -un) libvirt, sign in anew, ./polyvisor down, ./polyvisor up"
    libvirt_listens || start_session_libvirt
  fi
}

start_system_libvirt() {
  if [[ -d /run/systemd/system ]]; then
    local as_root=()
    ((EUID == 0)) || as_root=(sudo)
    step "Starting libvirtd" "${as_root[@]}" systemctl start libvirtd.service || note "libvirtd does not start. See why: journalctl -u libvirtd"
    return 0
  fi
  if ((EUID != 0)); then
    note "Nothing starts libvirtd on this machine, and only root may. As root type: virtlogd -d; libvirtd -d"
    return 0
  fi
  ensure_kvm_group
  step "Starting libvirtd (nothing else on this machine does)" start_libvirtd_by_hand || note "libvirtd does not start. See why: libvirtd (in the foreground)"
}

# The daemons outlive this command, so they must not inherit its lock (descriptor 9).
start_libvirtd_by_hand() {
  local PATH=$PATH:/usr/sbin:/sbin
  mkdir -p /run/libvirt /run/lock # libvirt locks consoles there
  listening /run/libvirt/virtlogd-sock || virtlogd -d 9>&-
  # With both generations of cgroups mounted libvirt's LXC driver finds no controller; it must see the first one only.
  if grep -q ' /sys/fs/cgroup/unified cgroup2 ' /proc/self/mounts; then
    unshare -m sh -c 'umount /sys/fs/cgroup/unified; exec libvirtd -d' 9>&- || libvirtd -d 9>&- || return 1 # the second where that is not allowed: no containers
  else
    libvirtd -d 9>&- || return 1
  fi
  wait_for 60 system_libvirt_listens && libvirt_answers qemu:///system
}

start_session_libvirt() {
  step "Starting libvirtd for this account" start_session_libvirtd_by_hand || note "libvirtd does not start for this account. See why: libvirtd (in the foreground)"
}

start_session_libvirtd_by_hand() {
  local PATH=$PATH:/usr/sbin:/sbin
  mkdir -p -m 0700 "$(session_folder)"
  listening "$(session_folder)/virtlogd-sock" || virtlogd -d 9>&-
  libvirtd -d 9>&- || return 1
  wait_for 60 listening "$(session_folder)/libvirt-sock" && libvirt_answers qemu:///session
}

# A daemon that was just started first asks QEMU what it can, which may take longer than a client of it waits.
libvirt_answers() { ! has virsh || timeout 120 virsh -q -c "$1" version; }

# wait_for SECONDS COMMAND...
wait_for() {
  local until=$((SECONDS + $1))
  shift
  until "$@"; do
    ((SECONDS < until)) || return 1
    sleep 0.1
  done
}

# Where no udev gives /dev/kvm to its group, QEMU (which runs as libvirt-qemu, group kvm) cannot open it, and libvirt
# asks QEMU about itself again at every start, which takes a minute.
ensure_kvm_group() {
  [[ -c /dev/kvm && ! -e /run/udev/control ]] || return 0
  local mode
  mode=$(stat -c %a /dev/kvm)
  ((8#$mode & 8#066)) && return 0
  getent group kvm >/dev/null || return 0
  chgrp kvm /dev/kvm && chmod 0660 /dev/kvm && note "  /dev/kvm now belongs to the group kvm, as udev would have done."
}

# libvirt's NAT network is off as Debian installs it, and a VM that names it does not start.
ensure_default_network() {
  has virsh || return 0
  local virsh=(virsh -q -c qemu:///system)
  timeout 90 "${virsh[@]}" net-list --inactive --name 2>/dev/null | grep -qx default || return 0
  if confirm "libvirt's network \"default\" (NAT) is off, and VMs that use it do not start. Switch it on?"; then
    step "Switching on libvirt's network \"default\"" "${virsh[@]}" net-start default || note "  VMs can use QEMU's own user network until it is on."
  else
    note "libvirt's network \"default\" is off; VMs that use it do not start. Switch it on: virsh net-start default"
  fi
}
