#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Every public header compiles alone, as strict C11 (not .hpp) and as C++17, with every compiler there is.
cd "$(dirname "$0")/.." || exit 1
failed=0
count=0

# try COMPILER LANGUAGE STANDARD HEADER
try() {
    command -v "$1" >/dev/null || return 0
    count=$((count + 1))
    echo "#include \"$4\"" | "$1" -x "$2" -std="$3" -pedantic-errors -Wall -Wextra -Wshadow -Wconversion -Werror \
        -fsyntax-only -Iinclude -Iinclude/compat - || { echo "$4: $1 -std=$3"; failed=1; }
}

while read -r header; do
    name=${header#include/}
    name=${name#compat/}
    # Below include/compat/ C++ headers end in .h too, as in TensorFlow Lite.
    case $header in
    include/plait/*.h | */c/* | */builtin_ops.h | */delegates/*)
        try gcc c c11 "$name"
        try clang c c11 "$name"
        ;;
    esac
    try g++ c++ c++17 "$name"
    try clang++ c++ c++17 "$name"
done < <(find include -name '*.h' -o -name '*.hpp' | sort)
echo "$count compilations"
[ "$count" -gt 0 ] && exit $failed
exit 1
