# SPDX-License-Identifier: Apache-2.0
# The entries of scripts/test, scripts/test-long and .ci/run, see checks.sh.

# A test that hangs must not take the others' results with it for ever: it is shown where it is, and ended. The plugins are of
# a program that one test runs, and would take seconds of each start. Two files at a time: most tests use one processor.
PYTEST=(timeout --signal=INT --kill-after=60 "${PYTEST_SECONDS:-2400}" "$PYTHON" -m pytest -o faulthandler_timeout=900 -q -rsfE --tb=short --durations=20 -p no:cacheprovider
    -p no:schemathesis -p no:hypothesispytest -n 2 --dist loadfile)

# Unit tests of a preset that is built; the rest of the arguments is put before each program.
unit_tests() {
    local preset=$1 program
    shift
    for program in build/"$preset"/unit/test_*; do
        check_tests "$preset/$(basename "$program")" timeout 600 "$@" "$program"
    done
}

# What every change must pass.
all_tests() {
    check layers "$PYTHON" tests/check_layers.py
    check headers tests/check_headers.sh
    check build/asan build_preset asan
    unit_tests asan
    check checkkernel build/asan/checkkernel
    check checkkernel/plant build/asan/checkkernel --plant --cases=50
    check build/release scripts/build
    check symbols tests/check_symbols.sh out
    check package tests/check_package.sh out
    check demo scripts/demo
    check package/install tests/check_wheel.sh
    check package/python unpack_wheel
    check_tests pytest "${PYTEST[@]}" tests
}

# The same code under other eyes. clang: its warnings; tsan: races; aarch64 and armhf: other instruction sets, 64 and 32 bits
# wide, under qemu; levels of x86 that this processor lacks, under Bochs.
all_builds() {
    check build/dev build_preset dev
    local level
    for level in c c-x86v3 avx2 avxvnni avx512 avx512vnni; do
        if has_level "$level"; then
            check "bits/$level" equal_bits env PLAIT_CPU="$level" build/dev/digests
        else
            emulate_level "$level"
        fi
    done
    check build/clang build_preset clang
    check bits/clang equal_bits build/clang/digests
    check build/tsan build_preset tsan
    # Tests fork with threads running, which the sanitizer refuses unless told.
    TSAN_OPTIONS="die_after_fork=0 halt_on_error=1" unit_tests tsan
    check_tests tsan/scenario env PLAIT_SCENARIO=tsan "${PYTEST[@]}" tests/scenario/test_scenarios.py \
        tests/scenario/test_custom_ops.py tests/scenario/test_requests.py tests/scenario/test_sleep.py \
        tests/scenario/test_bad_use.py::test_fork_while_others_work
    check_tests tsan/serve env PLAIT_SERVE=tsan "${PYTEST[@]}" tests/serve/test_faults.py tests/serve/test_load.py \
        tests/serve/test_random_clients.py
    arm_build aarch64 arm64 aarch64-linux-gnu qemu-aarch64 cortex-a53
    arm_build armhf armhf arm-linux-gnueabihf qemu-arm
}

# True if this processor can run a level of kernels: then `checkkernel` has tried it, too.
has_level() {
    [[ $(build/dev/checkkernel --cases=0 --level="$1" 2>/dev/null) == "$1 "* ]]
}

# emulate_level LEVEL: tests of a level of x86 that this processor lacks, on one that Bochs has.
emulate_level() {
    local level=$1 processor=tigerlake known
    [ "$level" != avxvnni ] || processor=arrow_lake
    is_chosen "checkkernel/$level" || is_chosen "checkkernel/$level/plant" || is_chosen "bits/$level" || return 0
    if ! need_emulator; then
        skip "checkkernel/$level" "this processor lacks it, and no emulator or no Linux for it can be had here"
        return 0
    fi
    known=$(bochs --help cpu 2>&1) || true
    if ! grep -qx "$processor" <<<"$known"; then
        skip "checkkernel/$level" "this processor lacks it, and Bochs is too old to have one"
        return 0
    fi
    check "checkkernel/$level" emulated_kernels "$processor" "$level" --cases=30
    check "checkkernel/$level/plant" emulated_kernels "$processor" "$level" --cases=4 --plant
    check "bits/$level" equal_bits tests/emulate/emulate -e PLAIT_CPU="$level" "$processor" build/dev/digests
}

# emulated_kernels PROCESSOR LEVEL OPTION...: without the level checkkernel would try nothing and be content.
emulated_kernels() {
    local said
    said=$(tests/emulate/emulate "$1" build/dev/checkkernel --level="$2" "${@:3}") || {
        echo "$said"
        return 1
    }
    echo "$said"
    grep -q "^$2 " <<<"$said"
}

# arm_build PRESET ARCHITECTURE TRIPLET EMULATOR [OLD]: tests of a cross build; once more on processor OLD, which has
# none of the newer instructions.
arm_build() {
    local preset=$1 run="$4 -L /usr/$3 -E PLAIT_TEST_IN_QEMU=1 -E LD_LIBRARY_PATH=.cache/$1/usr/lib/$3"
    if ! need_arm "$preset" "$2"; then
        skip "build/$preset" "no $2 packages from this system's servers"
        return 0
    fi
    check "build/$preset" build_preset "$preset"
    unit_tests "$preset" $run
    check "checkkernel/$preset" $run "build/$preset/checkkernel" --cases=100
    check "checkkernel/$preset/plant" $run "build/$preset/checkkernel" --cases=10 --plant
    check "bits/$preset" equal_bits $run "build/$preset/digests"
    [ $# = 5 ] || return 0
    run="$4 -cpu $5 ${run#* }"
    check "checkkernel/$5" $run "build/$preset/checkkernel" --cases=50
    check "bits/$5" equal_bits $run "build/$preset/digests"
}

# equal_bits PROGRAM...: answers to random inputs have the bits that the dev build gives on this machine.
equal_bits() {
    local wanted found
    wanted=$(small_models | xargs build/dev/digests) && found=$(small_models | xargs "$@") || return 1
    diff <(echo "$wanted") <(echo "$found") && echo "$(wc -l <<<"$found") models give equal bits"
}

# soak_checks SECONDS: everything at once for so long, under each sanitizer.
soak_checks() {
    check_tests soak env PLAIT_SCENARIO="asan tsan" PLAIT_SOAK="$1" "${PYTEST[@]}" tests/scenario/test_scenarios.py -k soak
}

run_under_valgrind() {
    valgrind --quiet --error-exitcode=9 --leak-check=full --errors-for-leak-kinds=all "$@"
}

# Models small enough for slow machinery: our own, and those of ../shared.
small_models() {
    find tests/models ../shared/models/tiny -name '*.tflite' -size -200k 2>/dev/null | sort
}

valgrind_checks() {
    unit_tests dev valgrind --quiet --error-exitcode=9 --leak-check=full
    local model
    for model in $(find tests/models ../shared/models/tiny -name '*.tflite' 2>/dev/null | sort); do
        check "valgrind/$(basename "$model")" run_under_valgrind build/dev/plait run "$model" --random-input=1
    done
}

# fuzz_checks SECONDS: each libFuzzer target for so long, from the small models and what earlier runs found.
fuzz_checks() {
    check build/fuzz build_preset fuzz
    local program name
    for program in build/fuzz/fuzz/fuzz_*; do
        [ -x "$program" ] || continue
        name=$(basename "$program")
        check "fuzz/$name" run_fuzzer "$program" "$1" ".cache/fuzz/$name"
    done
}

run_fuzzer() {
    local seeds="build/fuzz/seeds"
    mkdir -p "$3" "$seeds" build/fuzz/found
    small_models | xargs -r cp -t "$seeds"
    "$1" -max_total_time="$2" -timeout=20 -rss_limit_mb=2500 -max_len=200000 -print_final_stats=1 \
        -artifact_prefix=build/fuzz/found/ "$3" "$seeds"
}
