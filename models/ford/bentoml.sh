#!/bin/sh
# The BentoML service of the Ford model on this machine.
#
#   models/ford/bentoml.sh setup         packages into .stack/bentoml, the model into the store in it; once
#   models/ford/bentoml.sh serve [PORT]  on 127.0.0.1, default 3000; runs until it gets SIGTERM or SIGINT
#
# PYTHON names the interpreter, 3.11; default python3.11. MILLRACE_STACK names another folder than .stack.
set -eu
ford=$(cd "$(dirname "$0")" && pwd)
stack=${MILLRACE_STACK:-"$ford/../../.stack"}
venv="$stack/bentoml"
export BENTOML_HOME="$venv/store" BENTOML_DO_NOT_TRACK=1

# Whether the packages and the model in the store are those of these files.
is_current() { [ "$(cat "$venv/$1" 2> /dev/null)" = "$2" ]; }

case "${1:-}" in
setup)
  mkdir -p "$stack"
  # Two at once would fill one folder; macOS has no flock.
  if command -v flock > /dev/null; then
    exec 9> "$stack/.bentoml.lock"
    flock 9
  fi
  packages=$(cksum < "$ford/requirements-bentoml.txt")
  if ! is_current .installed "$packages"; then
    "${PYTHON:-python3.11}" -m venv --clear "$venv"
    "$venv/bin/pip" install --disable-pip-version-check -r "$ford/requirements-bentoml.txt"
    echo "$packages" > "$venv/.installed"
  fi
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
