#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# check_package.sh PREFIX: an installed plait is found by pkg-config and by CMake, shared and static, and by the name of
# TensorFlow Lite's C library with its C and C++ headers; also once it has been moved elsewhere.
set -eu
cd "$(dirname "$0")/.."
model=$(pwd)/examples/models/digits_classifier.tflite
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cp -a "${1:-out}" "$work/moved"
prefix="$work/moved"

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

cat >"$work/tflite.cc" <<'END'
#include <cstdio>
#include <memory>
#include "tensorflow/lite/interpreter.h"
#include "tensorflow/lite/kernels/register.h"
#include "tensorflow/lite/model.h"
int main(int, char **argv)
{
    auto model = tflite::FlatBufferModel::BuildFromFile(argv[1]);
    tflite::ops::builtin::BuiltinOpResolver resolver;
    std::unique_ptr<tflite::Interpreter> interpreter;
    if (!model || tflite::InterpreterBuilder(*model, resolver)(&interpreter) != kTfLiteOk) return 1;
    if (interpreter->AllocateTensors() != kTfLiteOk || interpreter->Invoke() != kTfLiteOk) return 1;
    std::printf("tflite %zu bytes out\n", interpreter->output_tensor(0)->bytes);
}
END
g++ -std=c++17 "$work/tflite.cc" $(pkg-config --cflags --libs tensorflowlite_c) -o "$work/tflite_shared"
LD_LIBRARY_PATH="$prefix/lib" "$work/tflite_shared" "$model"
g++ -std=c++17 "$work/tflite.cc" $(pkg-config --cflags tensorflowlite_c) "$prefix/lib/libplait.a" -lm -pthread \
    -o "$work/tflite_static"
"$work/tflite_static" "$model"
# What was linked with it asks for the version, and one that asks by both names has one library.
readelf -d "$prefix/lib/libplait.so" | grep -F 'Library soname: [libplait.so.0]'
readelf -d "$work/tflite_shared" | grep -F 'Shared library: [libplait.so.0]'
# A program of TensorFlow Lite's own asks for libtensorflowlite_c.so.
: >"$work/empty.c"
gcc -shared -Wl,-soname,libtensorflowlite_c.so "$work/empty.c" -o "$work/libtensorflowlite_c.so"
gcc "$work/main.c" -I"$prefix/include" -L"$work" -Wl,--no-as-needed -ltensorflowlite_c -L"$prefix/lib" -lplait \
    -o "$work/by_both_names"
LD_LIBRARY_PATH="$prefix/lib" ldd "$work/by_both_names" | grep -F "$prefix/lib/libtensorflowlite_c.so"
LD_LIBRARY_PATH="$prefix/lib" "$work/by_both_names"

cat >"$work/CMakeLists.txt" <<'END'
cmake_minimum_required(VERSION 3.25)
project(user C CXX)
set(CMAKE_CXX_STANDARD 17)
find_package(plait 0.1 REQUIRED)
foreach(kind shared static)
    add_executable(user_${kind} main.c)
    target_link_libraries(user_${kind} PRIVATE plait::plait_${kind})
endforeach()
add_executable(user_tflite tflite.cc)
target_link_libraries(user_tflite PRIVATE plait::tensorflowlite_c)
END
cmake -S "$work" -B "$work/build" -G Ninja -DCMAKE_PREFIX_PATH="$prefix" >/dev/null
cmake --build "$work/build" >/dev/null
"$work/build/user_shared"
"$work/build/user_static"
"$work/build/user_tflite" "$model"
