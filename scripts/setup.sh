# SPDX-License-Identifier: Apache-2.0
# Sourced by the other scripts: $ROOT, and functions that install what is missing. Each is quick when nothing is.
# They know Debian and Ubuntu; elsewhere they say what is needed and go on with what there is.
set -eu -o pipefail
ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$ROOT"

BUILD_PACKAGES="gcc libc6-dev cmake ninja-build libxxhash-dev libjansson-dev libmicrohttpd-dev libsndfile1-dev libstb-dev python3 python3-venv python3-dev"
TEST_PACKAGES="g++ clang libclang-rt-dev binutils pkg-config libcmocka-dev python3 python3-venv ca-certificates curl"
CROSS_PACKAGES="gcc-aarch64-linux-gnu libc6-dev-arm64-cross"
# A browser without a window, for the page of plait serve. Not every system has it.
BROWSER_PACKAGES="chromium-headless-shell fonts-dejavu-core openssl"
IMAGE_PACKAGES="skopeo umoci"
CHECK_PACKAGES="valgrind qemu-user $CROSS_PACKAGES gcc-arm-linux-gnueabihf libc6-dev-armhf-cross"
# For x86 processors other than this one; see tests/emulate.
EMULATOR_PACKAGES="bochs bochs-term bochsbios vgabios isolinux syslinux-common genisoimage cpio"

say() { echo "$*" >&2; }

as_root() {
    if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi
}

is_installed() {
    dpkg-query -W -f='${db:Status-Status}\n' "$1" 2>/dev/null | grep -qx installed
}

# need_packages PACKAGE...: by apt-get, only those that are missing.
need_packages() {
    if ! command -v apt-get >/dev/null || ! command -v dpkg-query >/dev/null; then
        say "no apt-get here; these must be installed by other means: $*"
        return 0
    fi
    local missing=() package
    for package in "$@"; do is_installed "$package" || missing+=("$package"); done
    [ ${#missing[@]} = 0 ] && return 0
    say "installing ${missing[*]}"
    mkdir -p "$ROOT/.cache"
    if ! { as_root apt-get update -qq &&
        as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}"
    } >"$ROOT/.cache/apt.log" 2>&1 </dev/null; then
        tail -n 20 "$ROOT/.cache/apt.log" >&2
        say "could not install ${missing[*]}"
        return 1
    fi
}

# make_environment FOLDER LIST: a virtual environment, made anew when the list of packages changes. Packages below a line
# "# optional" are tried one by one, and what cannot be had is said.
make_environment() {
    local stamp="$1/stamp" want package
    want="$ROOT $(sha256sum <"$2")"
    if [ -x "$1/bin/python" ] && [ "$(cat "$stamp" 2>/dev/null)" = "$want" ]; then return 0; fi
    say "making ${1#"$ROOT"/} from ${2#"$ROOT"/}"
    mkdir -p "$ROOT/.cache"
    python3 -m venv --clear "$1"
    local pip=("$1/bin/python" -m pip install --quiet --disable-pip-version-check)
    "${pip[@]}" -r <(sed '/^# optional/,$d; /^# alone/,$d' "$2") >&2
    for package in $(sed '1,/^# optional/d' "$2"); do
        "${pip[@]}" "$package" >&2 || say "$package cannot be had here: going on without it"
    done
    for package in $(sed '1,/^# alone/d' "$2"); do
        "${pip[@]}" --no-deps "$package" >&2 || say "$package cannot be had here: going on without it"
    done
    echo "$want" >"$stamp"
}

# The Python of the tests, and the one with what bench/compare puts beside plait.
PYTHON="$ROOT/.cache/venv/bin/python"
need_python() { make_environment "$ROOT/.cache/venv" "$ROOT/tests/requirements.txt"; }
need_kserve() { make_environment "$ROOT/.cache/kserve" "$ROOT/tests/kserve_requirements.txt"; }
PEERS_PYTHON="$ROOT/.cache/peers/bin/python"
need_peers() { make_environment "$ROOT/.cache/peers" "$ROOT/bench/requirements.txt"; }

# Ray, for the long tests of plait.serve.
need_ray() { make_environment "$ROOT/.cache/ray" "$ROOT/tests/ray_requirements.txt"; }

# The Python package: built below build/wheel, put under out/wheel, and unpacked for the tests.
WHEEL_PYTHON="$ROOT/.cache/wheel/bin/python"
build_wheel() {
    make_environment "$ROOT/.cache/wheel" "$ROOT/python/requirements.txt"
    rm -rf out/wheel
    "$WHEEL_PYTHON" -m pip wheel --quiet --disable-pip-version-check --no-deps --no-build-isolation \
        --wheel-dir out/wheel ./python
}
unpack_wheel() {
    rm -rf .cache/package
    "$PYTHON" -m pip install --quiet --disable-pip-version-check --no-deps --target .cache/package out/wheel/*.whl
}

# arm_apt FOLDER ARCHITECTURE ARGUMENT...: apt-get for packages of Arm, with apt's lists for that architecture below .cache:
# nothing of the system's own package lists is touched.
arm_apt() {
    local root="$ROOT/.cache/$1"
    mkdir -p "$root/lists/partial" "$root/archives/partial" "$root/include"
    (cd "$root/archives" && apt-get -qq -o Dir::State::Lists="$root/lists" -o Dir::Cache::archives="$root/archives" \
        -o Dir::Cache::pkgcache= -o Dir::Cache::srcpkgcache= -o APT::Architecture="$2" -o APT::Architectures::="$2" \
        -o APT::Sandbox::User= "${@:3}") >>"$root/apt.log" 2>&1
}

# need_arm FOLDER ARCHITECTURE: cmocka for Arm, for unit tests under qemu, only unpacked below .cache. False where the
# system's servers have no such packages.
need_arm() {
    local root="$ROOT/.cache/$1" package
    if [ -e "$root/usr/include/cmocka.h" ] && [ -e "$root/include/xxhash.h" ]; then return 0; fi
    # One of several lists may be unreadable while its server is brought up to date: what counts is the packages.
    arm_apt "$1" "$2" update || true
    arm_apt "$1" "$2" download libcmocka0 libcmocka-dev || return 1
    for package in "$root"/archives/libcmocka*.deb; do dpkg-deb -x "$package" "$root"; done
    cp /usr/include/xxhash.h "$root/include/"
    [ ! -e /usr/include/xxh3.h ] || cp /usr/include/xxh3.h "$root/include/"
}

# need_nginx: for tests alone, and only unpacked below .cache, so that the system gets no service that listens. Without it
# those tests are skipped, and say so.
need_nginx() {
    local root="$ROOT/.cache/nginx"
    [ ! -x "$root/usr/sbin/nginx" ] && command -v apt-get >/dev/null || return 0
    rm -rf "$root" && mkdir -p "$root"
    (cd "$root" && { apt-get -qq download nginx || { as_root apt-get -qq update && apt-get -qq download nginx; }; } &&
        dpkg-deb -x nginx_*.deb .) >"$ROOT/.cache/nginx.log" 2>&1 </dev/null || say "nginx cannot be had here: going on without it"
}

# need_arm_program FOLDER ARCHITECTURE: what the command line is linked with, and all that those libraries need, in the same
# way. The C library's headers are the cross compiler's.
need_arm_program() {
    local root="$ROOT/.cache/$1" package
    need_arm "$1" "$2" || return 1
    if [ -e "$root/program" ]; then return 0; fi
    arm_apt "$1" "$2" -o Dir::State::status=/dev/null --no-install-recommends --download-only --yes install \
        libjansson-dev libmicrohttpd-dev libsndfile1-dev libstb-dev || return 1
    for package in "$root"/archives/*.deb; do
        case $(basename "$package") in
        *libc6-dev_* | linux-libc-dev_* | libcrypt-dev_*) ;;
        *) dpkg-deb -x "$package" "$root" ;;
        esac
    done
    touch "$root/program"
}

# need_emulator: what tests/emulate/emulate needs. Its Linux is only unpacked below .cache: this system's own stays as it is.
# False where it cannot be had.
need_emulator() {
    [ "$(uname -m)" = x86_64 ] && command -v apt-get >/dev/null && need_packages $EMULATOR_PACKAGES || return 1
    [ ! -e "$ROOT/.cache/emulator/linux" ] || return 0
    { unpack_linux || { as_root apt-get update -qq && unpack_linux; }; } >"$ROOT/.cache/emulator.log" 2>&1 </dev/null
}

# The kernel alone of the first package there is, as .cache/emulator/linux: Debian's or Ubuntu's, and for virtual machines if
# possible, since that one starts soonest.
unpack_linux() {
    local root="$ROOT/.cache/emulator" name package
    for name in linux-image-cloud-amd64 linux-image-virtual linux-image-amd64 linux-image-generic; do
        package=$(apt-cache depends "$name" 2>/dev/null | sed -n 's/^ *Depends: \(linux-image-[0-9].*\)/\1/p' | head -n 1)
        [ -n "$package" ] || continue
        rm -rf "$root" && mkdir -p "$root/files"
        (cd "$root" && apt-get -qq -o APT::Sandbox::User= download "$package" && dpkg-deb -x "$package"_*.deb files) || continue
        mv "$root"/files/boot/vmlinuz-* "$root/linux" && rm -rf "$root/files" "$root/$package"_*.deb && return 0
    done
    return 1
}

# build_preset NAME: configures and builds it below build/NAME.
build_preset() {
    cmake --preset "$1" -Wno-dev >/dev/null && cmake --build --preset "$1"
}

# The library that bench/ measures: what PLAIT_LIB names, or the release build as the source is now.
need_library() {
    [ -z "${PLAIT_LIB:-}" ] || return 0
    build_preset release >&2
    export PLAIT_LIB="$ROOT/build/release/libplait.so"
}
