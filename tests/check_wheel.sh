#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# check_wheel.sh [WHEEL]: pip installs it into an environment that has nothing, and there the examples run and help() reads.
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
wheel=$(realpath "${1:-$(echo "$root"/out/wheel/*.whl)}")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
python="$work/venv/bin/python -I"
$python -m pip install --quiet --disable-pip-version-check "$wheel"
$python -m pip --disable-pip-version-check check
for example in "$root"/examples/python/*.py; do
    echo "== $(basename "$example")"
    $python "$example"
done
$python -c 'import plait; help(plait)' >help.txt
grep -q "class Interpreter" help.txt
$python -m pip uninstall --quiet --yes plait
! $python -c 'import plait' 2>/dev/null
