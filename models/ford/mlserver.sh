#!/bin/sh
# The Ford model in MLServer, by the Open Inference Protocol, on this machine.
#
#   models/ford/mlserver.sh setup         packages into .stack/mlserver; once
#   models/ford/mlserver.sh serve [PORT]  on 127.0.0.1, default 8000; runs until it gets SIGTERM or SIGINT
#
# PYTHON names the interpreter, 3.11; default python3.11. MILLRACE_STACK names another folder than .stack.
set -eu
ford=$(cd "$(dirname "$0")" && pwd)
server=mlserver
. "$ford/venv.sh"

case "${1:-}" in
setup)
  install "$ford/mlserver/requirements.txt"
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
