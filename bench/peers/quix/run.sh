#!/bin/sh
# Quix Streams on the job that is the argument. Its packages go into .stack/quix, once.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
venv="${MILLRACE_STACK:-"$here/../../../.stack"}/quix"
requirements=$(cat "$here/requirements.txt")
if [ "$(cat "$venv/.installed" 2> /dev/null)" != "$requirements" ]; then
  "${PYTHON:-python3.11}" -m venv --clear "$venv"
  "$venv/bin/pip" install --quiet --disable-pip-version-check -r "$here/requirements.txt"
  echo "$requirements" > "$venv/.installed"
fi
exec "$venv/bin/python" "$here/car_prices.py" "$1"
