#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""root.py PREFIX FOLDER [SYSROOT]: the root of the image: an installed plait, the shared libraries that it needs and their
licences, and nothing else. No shell, no package manager, no user but one without rights.

Libraries are found by what the files ask for, as the loader does, so that it works for another architecture too: theirs
come from SYSROOT.
"""
import re
import shutil
import subprocess
import sys
from pathlib import Path

USER = 65532  # what images without a shell agreed on
PASSWD = f"root:x:0:0:root:/:/sbin/nologin\nplait:x:{USER}:{USER}:plait:/models:/sbin/nologin\n"
GROUP = f"root:x:0:\nplait:x:{USER}:\n"


def read_elf(*arguments):
    return subprocess.run(["readelf", "--wide", *map(str, arguments)], capture_output=True, text=True, check=True).stdout


def needed(path):
    return re.findall(r"\(NEEDED\).*\[(.+)\]", read_elf("--dynamic", path))


def interpreter(path):
    return re.search(r"program interpreter: (.+)\]", read_elf("--program-headers", path))[1]


def find(name, folders):
    for folder in folders:
        if (folder / name).exists():
            return folder / name
    raise SystemExit(f"root.py: {name} is in none of {', '.join(map(str, folders))}")


def libraries(path, folders):
    """All that a program needs, by the name it asks for."""
    found, waiting = {}, needed(path)
    while waiting:
        name = waiting.pop()
        if name not in found:
            found[name] = find(name, folders)
            waiting += needed(found[name])
    return found


def licences(names):
    """The copyright files of the packages that have libraries of these names on this machine; one for another
    architecture has the same."""
    patterns = [f"*-linux-gnu/{name}" for name in names]
    owned = subprocess.run(["dpkg-query", "-S", *patterns], capture_output=True, text=True, check=False).stdout
    owners = {line.split(":")[0] for line in owned.splitlines()}
    return [file for file in (Path("/usr/share/doc") / owner / "copyright" for owner in sorted(owners)) if file.exists()]


def copy(source, target):
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source, target)
    target.chmod(0o755 if source.stat().st_mode & 0o100 else 0o644)


def make(prefix, root, sysroot):
    program = prefix / "bin/plait"
    loader = Path(interpreter(program))
    triplet = {"ld-linux-x86-64.so.2": "x86_64-linux-gnu", "ld-linux-aarch64.so.1": "aarch64-linux-gnu"}[loader.name]
    folders = [prefix / "lib", *(sysroot / base / triplet for base in ("usr/lib", "lib"))]
    shutil.rmtree(root, ignore_errors=True)
    copy(program, root / "usr/bin/plait")
    found = libraries(program, folders)
    found.setdefault(loader.name, find(loader.name, folders))
    for name, path in found.items():
        if name == loader.name:
            copy(path, root / str(loader).lstrip("/"))
        else:
            copy(path, root / ("usr/lib" if path.parent == prefix / "lib" else f"usr/lib/{triplet}") / name)
    for file in licences(name for name, path in found.items() if path.parent != prefix / "lib"):
        copy(file, root / str(file).lstrip("/"))
    copy(Path(__file__).resolve().parents[2] / "LICENSE", root / "usr/share/doc/plait/LICENSE")
    (root / "etc").mkdir()
    (root / "etc/passwd").write_text(PASSWD)
    (root / "etc/group").write_text(GROUP)
    (root / "models").mkdir()


if __name__ == "__main__":
    make(Path(sys.argv[1]).resolve(), Path(sys.argv[2]).resolve(), Path(sys.argv[3] if len(sys.argv) > 3 else "/").resolve())
