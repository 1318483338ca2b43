# Sourced by bentoml.sh and mlserver.sh: the packages of a model server, in a folder of its own.
#
# Expects ford (the folder of this file) and server (its name). PYTHON names the interpreter, 3.11; default python3.11.
# MILLRACE_STACK names another folder than .stack.
stack=${MILLRACE_STACK:-"$ford/../../.stack"}
venv="$stack/$server"

# is_current MARK TEXT: whether the mark was left for the same text.
is_current() { [ "$(cat "$venv/$1" 2> /dev/null)" = "$2" ]; }

# install REQUIREMENTS: once, and again when they have changed.
install() {
  mkdir -p "$stack"
  # Two at once would fill one folder; macOS has no flock.
  if command -v flock > /dev/null; then
    exec 9> "$stack/.$server.lock"
    flock 9
  fi
  packages=$(cksum < "$1")
  is_current .installed "$packages" && return
  "${PYTHON:-python3.11}" -m venv --clear "$venv"
  "$venv/bin/pip" install --disable-pip-version-check -r "$1"
  echo "$packages" > "$venv/.installed"
}
