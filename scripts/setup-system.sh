#!/bin/sh
# Makes sure that the system packages are there: with `main` those that the main job needs (pip, whose configuration
# names the index of Python packages), else also those of the tests: the peers that read cogpack's images.
# Installs them on a Debian where this is root; elsewhere says what to install.
set -eu

missing=''
need() { # command, Debian package
  command -v "$1" >/dev/null 2>&1 || missing="$missing $2"
}

python3 -c 'import pip' 2>/dev/null || missing="$missing python3-pip"
[ -e /etc/ssl/certs/ca-certificates.crt ] || missing="$missing ca-certificates"

if [ "${1:-}" != main ]; then
  need docker-registry docker-registry
  need skopeo skopeo
  need umoci umoci
  need crun crun
  need podman podman
  need openssl openssl
  need strace strace
  need /usr/bin/time time
  need xz xz-utils
  need zstd zstd
  need pigz pigz
  python3 -c 'import ensurepip' 2>/dev/null || missing="$missing python3-venv"
fi

[ -z "$missing" ] && exit 0

if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
  echo "installing$missing" >&2
  export DEBIAN_FRONTEND=noninteractive
  apt-get update -qq
  # shellcheck disable=SC2086
  apt-get install -y -qq --no-install-recommends $missing >/dev/null
  exit 0
fi

echo "cogpack needs these Debian packages (or the same programs from elsewhere):$missing" >&2
echo "install them, for example with: sudo apt-get install$missing" >&2
exit 1
