#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# check_symbols.sh PREFIX: what an installed library shows and asks for.
#  - libplait.so exports plait_* and TfLite* only, and every function of plait.h;
#  - global names inside libplait.a begin with pl_ or are exported ones;
#  - nothing but memory.c calls malloc and its like, nothing prints, exits or aborts, nothing keeps variables of its own,
#    but for TensorFlow Lite's C API: one interpreter per process, errors on stderr as users of it are used to; and for whom to
#    tell of fork(), which is the process's;
#  - libplait.so needs libc and libm only.
prefix=${1:-out}
cd "$(dirname "$0")/.." || exit 1
failed=0

# expect_empty TEXT LINES: fails with both if there are lines.
expect_empty() {
    [ -z "$2" ] && return 0
    printf '%s:\n%s\n' "$1" "$2"
    failed=1
}

exported=$(nm -D --defined-only "$prefix/lib/libplait.so" | awk '{print $3}' | sed 's/@.*//' | grep -vx 'VERS_1.0\|PLAIT_0' | sort)
declared=$(grep -ohE '^PLAIT_API [^;]*' include/plait/plait.h | grep -oE '\bplait_[a-z0-9_]+\(' | tr -d '(' | sort -u)
[ -n "$exported" ] && [ -n "$declared" ] || { echo "nothing exported or declared"; exit 1; }
expect_empty "exported, but neither plait_* nor TfLite*" "$(grep -vE '^(plait_|TfLite)' <<<"$exported")"
expect_empty "declared in plait.h, not exported" "$(comm -23 <(echo "$declared") <(grep '^plait_' <<<"$exported"))"
expect_empty "exported, not declared in plait.h" "$(comm -13 <(echo "$declared") <(grep '^plait_' <<<"$exported"))"
expect_empty "global without a prefix of ours" \
    "$(nm -g --defined-only "$prefix/lib/libplait.a" 2>/dev/null | awk 'NF == 3 {print $3}' | grep -vE '^(pl_|plait_|TfLite)')"

wanted() {
    nm -A -u "$prefix/lib/libplait.a" 2>/dev/null | awk -F: '{split($3, a, " "); print $2 ": " a[2]}'
}
expect_empty "allocates without base/memory.c" \
    "$(wanted | grep -E ': (malloc|calloc|realloc|free|posix_memalign|aligned_alloc|strdup|strndup|asprintf)$' | grep -v '^memory.c.o:')"
expect_empty "prints or ends the process" \
    "$(wanted | grep -E ': (printf|puts|putchar|fprintf|fputs|fwrite|perror|__(f|v|vf)?printf_chk|exit|_exit|abort|__assert_fail)$' |
        grep -vx 'tflite_shared.c.o: fprintf')"
expect_empty "global mutable state" "$(objdump -t "$prefix/lib/libplait.a" |
    awk '/file format/ {file = $1} $0 ~ / (O|[^ ]) (\.bss|\.data|\.tbss|\.tdata|COMMON)(\.[^r].*)?\t/ && !/ d  / {print file " " $NF}' |
    grep -vx 'tflite_shared.c.o: shared\|at_fork.c.o: process')"
expect_empty "needs another library" "$(readelf -d "$prefix/lib/libplait.so" | sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p' |
    grep -vE '^(libc|libm|libpthread)\.so|^ld-linux')"
echo "$(wc -l <<<"$exported") exported symbols"
exit $failed
