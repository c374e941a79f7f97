# SPDX-License-Identifier: Apache-2.0
# Sourced by scripts/test and its like, after setup.sh: runs checks, each an entry with a name and a command, and counts.
# The output of each is kept in build/checks; what failed is shown. Arguments of the script choose: only entries whose
# name matches one of these patterns run.
CHECK_PATTERNS=("$@")
CHECK_LOGS="$ROOT/build/checks"
PASSED=0
FAILED=0
SKIPPED=0
FAILED_NAMES=()
mkdir -p "$CHECK_LOGS"

is_chosen() {
    [ ${#CHECK_PATTERNS[@]} = 0 ] && return 0
    local pattern
    for pattern in "${CHECK_PATTERNS[@]}"; do
        # shellcheck disable=SC2053
        [[ $1 == $pattern ]] && return 0
    done
    return 1
}

# count PASSED FAILED SKIPPED
count() {
    PASSED=$((PASSED + $1))
    FAILED=$((FAILED + $2))
    SKIPPED=$((SKIPPED + $3))
}

# report NAME VERDICT SECONDS LOG: one line, and the end of the log if it failed.
report() {
    printf '%-44s %s (%d s)\n' "$1" "$2" "$3"
    case $2 in
    failed* | *,\ [1-9]*\ failed*)
        FAILED_NAMES+=("$1")
        tail -n 60 "$4" | sed 's/^/    /'
        ;;
    esac
}

# check NAME COMMAND...: passed if it exits with 0.
check() {
    local name=$1 log start=$SECONDS
    shift
    is_chosen "$name" || return 0
    log="$CHECK_LOGS/${name//\//-}.log"
    if ("$@") >"$log" 2>&1 </dev/null; then
        count 1 0 0
        report "$name" ok $((SECONDS - start)) "$log"
    else
        count 0 1 0
        report "$name" failed $((SECONDS - start)) "$log"
    fi
}

# Adds up the closing lines of pytest and cmocka in a log: "PASSED FAILED SKIPPED".
test_counts() {
    awk '
        /^(=+ )?[0-9]+ (passed|failed|error|skipped|deselected|xfailed).* in [0-9.]+s/ {
            for (i = 2; i <= NF; i++) {
                if ($i ~ /^(passed|xfailed)/) passed += $(i - 1)
                if ($i ~ /^(failed|error|xpassed)/) failed += $(i - 1)
                if ($i ~ /^skipped/) skipped += $(i - 1)
            }
        }
        /^\[  PASSED  \] [0-9]+ test/ { passed += $4 }
        /^\[  FAILED  \] [0-9]+ test/ { failed += $4 }
        /^\[  SKIPPED \] [0-9]+ test/ { skipped += $4 }
        END { print passed + 0, failed + 0, skipped + 0 }
    ' "$1"
}

# Why pytest and unit tests skipped, each reason once with how many tests it took.
skip_reasons() {
    awk '
        /^SKIPPED \[[0-9]+\]/ {
            count = substr($2, 2) + 0
            reason = $0
            sub(/^SKIPPED \[[0-9]+\] [^ ]+ /, "", reason)
            total[reason] += count
        }
        END { for (reason in total) printf "    %d skipped: %s\n", total[reason], reason }
    ' "$1" | sort
}

# check_tests NAME COMMAND...: a test program; every test in it counts. One that dies, or runs no test, has failed.
check_tests() {
    local name=$1 log start=$SECONDS status=0 passed failed skipped
    shift
    is_chosen "$name" || return 0
    log="$CHECK_LOGS/${name//\//-}.log"
    ("$@") >"$log" 2>&1 </dev/null || status=$?
    read -r passed failed skipped < <(test_counts "$log")
    if [ "$failed" = 0 ] && { [ $status != 0 ] || [ $((passed + skipped)) = 0 ]; }; then
        echo "exit status $status, $passed tests passed" >>"$log"
        failed=1
    fi
    count "$passed" "$failed" "$skipped"
    report "$name" "$passed passed, $failed failed, $skipped skipped" $((SECONDS - start)) "$log"
    skip_reasons "$log"
}

# skip NAME REASON
skip() {
    is_chosen "$1" || return 0
    count 0 0 1
    printf '%-44s skipped: %s\n' "$1" "$2"
}

# Prints the sum and ends the script.
finish() {
    [ ${#FAILED_NAMES[@]} = 0 ] || printf 'failed: %s (see build/checks)\n' "${FAILED_NAMES[*]}"
    [ "$SKIPPED" = 0 ] || echo "skipped: $SKIPPED"
    echo "$PASSED passed, $FAILED failed"
    [ "$FAILED" = 0 ] && [ "$PASSED" -gt 0 ]
    exit
}
