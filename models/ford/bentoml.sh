#!/bin/sh
# The BentoML service of the Ford model on this machine.
#
#   models/ford/bentoml.sh setup         packages into .venv-bentoml (once), the model into the store in it
#   models/ford/bentoml.sh serve [PORT]  on 127.0.0.1, default 3000; runs until it gets SIGTERM or SIGINT
#
# PYTHON names the interpreter, 3.11; default python3.11.
set -eu
ford=$(cd "$(dirname "$0")" && pwd)
venv="$ford/../../.venv-bentoml"
export BENTOML_HOME="$venv/bentoml" BENTOML_DO_NOT_TRACK=1

case "${1:-}" in
setup)
  wanted=$(cksum < "$ford/requirements-bentoml.txt")
  if [ "$(cat "$venv/.installed" 2> /dev/null)" != "$wanted" ]; then
    "${PYTHON:-python3.11}" -m venv "$venv"
    echo '*' > "$venv/.gitignore"
    "$venv/bin/pip" install --quiet --disable-pip-version-check -r "$ford/requirements-bentoml.txt"
    echo "$wanted" > "$venv/.installed"
  fi
  mkdir -p "$BENTOML_HOME"
  "$venv/bin/python" "$ford/save_bento.py"
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
