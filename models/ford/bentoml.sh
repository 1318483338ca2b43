#!/bin/sh
# The BentoML service of the Ford model on this machine.
#
#   models/ford/bentoml.sh setup         packages into .stack/bentoml, the model into the store in it; once
#   models/ford/bentoml.sh serve [PORT]  on 127.0.0.1, default 3000; runs until it gets SIGTERM or SIGINT
#
# PYTHON names the interpreter, 3.11; default python3.11. MILLRACE_STACK names another folder than .stack.
set -eu
ford=$(cd "$(dirname "$0")" && pwd)
server=bentoml
. "$ford/venv.sh"
export BENTOML_HOME="$venv/store" BENTOML_DO_NOT_TRACK=1

case "${1:-}" in
setup)
  install "$ford/requirements-bentoml.txt"
  model=$(cat "$ford/save_bento.py" "$ford/ford_price.ubj" "$ford/ford_price.json" | cksum)
  if ! is_current .saved "$model"; then
    mkdir -p "$BENTOML_HOME"
    "$venv/bin/python" "$ford/save_bento.py"
    echo "$model" > "$venv/.saved"
  fi
  ;;
serve)
  cd "$ford"
  exec "$venv/bin/bentoml" serve service:FordPrice --host 127.0.0.1 --port "${2:-3000}"
  ;;
*)
  echo "usage: $0 setup | serve [PORT]" >&2
  exit 2
  ;;
esac
