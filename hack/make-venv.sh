#!/bin/sh
# Makes the virtual environment FOLDER from the lock file LOCK, and installs the project into it:
#
#   hack/make-venv.sh FOLDER LOCK
#
# PYTHON names the interpreter; otherwise the first one on the PATH that is new enough is taken.
# An environment that is there is brought up to date; one whose interpreter is gone is made anew.
set -eu

folder=$1
lock=$2

say() { printf 'setup: %s\n' "$*" >&2; }

fits() { "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; }

find_python() {
    for candidate in ${PYTHON:-python3 python3.14 python3.13 python3.12 python3.11}; do
        if fits "$candidate"; then
            printf '%s\n' "$candidate"
            return
        fi
    done
    say "error: no Python 3.11 or newer found (tried: ${PYTHON:-python3, python3.14, 3.13, 3.12, 3.11})."
    say "Install one, or name it: make setup PYTHON=/path/to/python3"
    exit 1
}

if ! fits "$folder/bin/python" || ! "$folder/bin/python" -m pip --version >/dev/null 2>&1; then
    python=$(find_python)
    if ! "$python" -c 'import ensurepip, venv' 2>/dev/null; then
        say "error: $python cannot make virtual environments: its modules venv and ensurepip are missing."
        say "On Debian and Ubuntu: apt-get install python3-venv"
        exit 1
    fi
    say "making $folder with $("$python" --version)"
    "$python" -m venv --clear "$folder"
fi

say "installing the locked packages (a minute or so, once)"
"$folder/bin/python" -m pip install --quiet --disable-pip-version-check --require-hashes --requirement "$lock"
"$folder/bin/python" -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
say "ready: $folder/bin/stepward"
