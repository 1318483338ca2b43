#!/bin/sh
# The Ford model in MLServer, by the Open Inference Protocol, on this machine.
#
#   models/ford/mlserver.sh setup         packages into .stack/mlserver; once
#   models/ford/mlserver.sh serve [PORT]  on 127.0.0.1, default 8000; runs until it gets SIGTERM or SIGINT
#
# PYTHON names the interpreter, 3.11; default python3.11. MILLRACE_STACK names another folder than .stack.
set -eu
ford=$(cd "$(dirname "$0")" && pwd)
stack=${MILLRACE_STACK:-"$ford/../../.stack"}
venv="$stack/mlserver"

case "${1:-}" in
setup)
  mkdir -p "$stack"
  # Two at once would fill one folder; macOS has no flock.
  if command -v flock > /dev/null; then
    exec 9> "$stack/.mlserver.lock"
    flock 9
  fi
  packages=$(cksum < "$ford/mlserver/requirements.txt")
  if [ "$(cat "$venv/.installed" 2> /dev/null)" != "$packages" ]; then
    "${PYTHON:-python3.11}" -m venv --clear "$venv"
    "$venv/bin/pip" install --disable-pip-version-check -r "$ford/mlserver/requirements.txt"
    echo "$packages" > "$venv/.installed"
  fi
  ;;
serve)
  export MLSERVER_HTTP_PORT="${2:-8000}"
  cd "$ford/mlserver"
  exec "$venv/bin/mlserver" start .
  ;;
*)
  echo "usage: $0 setup | serve [PORT]" >&2
  exit 2
  ;;
esac
