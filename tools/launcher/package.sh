# polyvisor package: the Debian package of this tree.

usage_package() {
  cat <<'TEXT'
polyvisor package [--version VERSION] [OUTDIR]   build polyvisor_VERSION_ARCHITECTURE.deb of this tree

  OUTDIR               where it is put; ./dist when left out
      --version VERSION  instead of the version of package.json (with the commit's time, where it is no release)

Install it: apt install ./dist/polyvisor_*.deb
TEXT
}

command_package() {
  local out=$PWD/dist version=''
  while (($# > 0)); do
    case $1 in
      -h | --help) usage_package; return 0 ;;
      --version) (($# > 1)) || fail "--version needs a value." "See: ./polyvisor package --help"; version=$2; shift ;;
      -*) fail "polyvisor package does not know \"$1\"." "See: ./polyvisor package --help" ;;
      *) out=$(realpath -m -- "$1") ;;
    esac
    shift
  done
  has dpkg-deb || fail "Packages are built with dpkg-deb, which $(distribution) does not have here." "On Debian: apt-get install dpkg"
  ensure_runtime
  ensure_console || fail "A package without the console is none." "What keeps it from being built stands above."
  "$root/tools/deb/build.sh" "$root" "$out" "$version"
}
