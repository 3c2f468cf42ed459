#!/usr/bin/env bash
# Programs of another Debian suite beside the installed ones, without a container and without a change to the machine:
# downloads packages with everything they depend on, unpacks them into a folder, and writes starters that use that
# suite's own C library.
#
# usage: unpack-suite.sh FOLDER SUITE PROGRAM=PACKAGE...     then: FOLDER/bin/PROGRAM
set -euo pipefail
folder="$1"; suite="$2"; shift 2
rm -rf "$folder"
mkdir -p "$folder"/apt/lists/partial "$folder"/apt/archives/partial "$folder"/root "$folder"/bin
folder="$(cd "$folder" && pwd -P)"
mirror="$(apt-get indextargets --format '$(REPO_URI)' 'Origin: Debian' 'Label: Debian' | grep -v security | sort -u | head -n 1)"
echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $mirror $suite main" >"$folder/apt/sources.list"
: >"$folder/apt/status"

# apt with files of its own: no installed package is known to it, so the C library comes along.
# A testing suite's index can be past its date on a mirror; it is signed all the same.
apt() {
  apt-get -qq -y -o "Dir::Etc::sourcelist=$folder/apt/sources.list" -o Dir::Etc::sourceparts=- \
    -o "Dir::State::lists=$folder/apt/lists" -o "Dir::State::status=$folder/apt/status" -o "Dir::Cache=$folder/apt" \
    -o "APT::Sandbox::User=$(id -un)" -o APT::Install-Recommends=false -o Acquire::Check-Valid-Until=false "$@"
}
apt update
apt install --download-only "${@#*=}" >/dev/null
for package in "$folder"/apt/archives/*.deb; do dpkg -x "$package" "$folder/root"; done
rm -rf "$folder/apt"

# by its starter's name: a program that starts itself again, as HAProxy's master does, needs its loader again
libraries="$folder/root/usr/lib/$(uname -m)-linux-gnu"
loader="$(ls "$libraries"/ld-linux-*.so.* | head -n 1)"
for pair in "$@"; do
  program="${pair%%=*}"
  for found in "$folder/root/usr/sbin/$program" "$folder/root/usr/bin/$program"; do
    [ -x "$found" ] || continue
    printf '#!/bin/sh\nexec "%s" --argv0 "$0" --library-path "%s" "%s" "$@"\n' "$loader" "$libraries" "$found" >"$folder/bin/$program"
    chmod +x "$folder/bin/$program"
  done
  [ -x "$folder/bin/$program" ] || { echo "$suite has no $program in ${pair#*=}" >&2; exit 1; }
done
