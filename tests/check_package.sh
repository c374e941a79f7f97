#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# check_package.sh PREFIX: an installed plait is found by pkg-config and by CMake, shared and static, and by the name of
# TensorFlow Lite's C library.
set -eu
cd "$(dirname "$0")/.."
prefix=$(cd "${1:-out}" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

cat >"$work/main.c" <<'END'
#include <plait/plait.h>
#include <stdio.h>
int main(void)
{
    struct plait_interpreter *interpreter = NULL;
    if (plait_open(NULL, &interpreter) != PLAIT_OK) return 1;
    printf("plait %s\n", plait_version());
    plait_close(interpreter);
    return 0;
}
END
export PKG_CONFIG_PATH="$prefix/lib/pkgconfig"
gcc "$work/main.c" $(pkg-config --cflags --libs plait) -o "$work/shared"
LD_LIBRARY_PATH="$prefix/lib" "$work/shared"
gcc "$work/main.c" $(pkg-config --cflags plait) "$prefix/lib/libplait.a" -lm -pthread -o "$work/static"
"$work/static" | grep -Fx "plait $(pkg-config --modversion plait)"
gcc "$work/main.c" -I"$prefix/include" -L"$prefix/lib" -ltensorflowlite_c -o "$work/by_other_name"
LD_LIBRARY_PATH="$prefix/lib" "$work/by_other_name"

cat >"$work/CMakeLists.txt" <<'END'
cmake_minimum_required(VERSION 3.25)
project(user C)
find_package(plait 0.1 REQUIRED)
foreach(kind shared static)
    add_executable(user_${kind} main.c)
    target_link_libraries(user_${kind} PRIVATE plait::plait_${kind})
endforeach()
END
cmake -S "$work" -B "$work/build" -G Ninja -DCMAKE_PREFIX_PATH="$prefix" >/dev/null
cmake --build "$work/build" >/dev/null
"$work/build/user_shared"
"$work/build/user_static"
