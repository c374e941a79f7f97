# SPDX-License-Identifier: Apache-2.0
"""Folders of src/ are levels: a file includes its own folder and lower ones only, by paths relative to src/.

Only capi sees the public headers, and the tools see nothing but those. Includes have no cycles.
"""
import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
LEVELS = {"base": 0, "model": 1, "kernels": 1, "graph": 2, "ops": 3, "rewrite": 4, "plan": 5, "interpreter": 6,
          "pipeline": 7, "capi": 8}
PUBLIC = ("plait/", "tensorflow/", "tflite/")
TOOLS = ("cli", "server", "python", "examples", "bench")
INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*"([^"]+)"', re.MULTILINE)


def includes(path):
    return INCLUDE.findall(path.read_text(encoding="utf-8"))


def refuse_in_src(path, name):
    """Why the file may not include `name`, or None."""
    folder = path.relative_to(ROOT / "src").parts[0]
    if folder not in LEVELS:
        return f"folder {folder} is none of {', '.join(LEVELS)}"
    if name.startswith(PUBLIC):
        return None if folder == "capi" else "only capi sees public headers"
    target = name.split("/")[0]
    if ".." in name or not (ROOT / "src" / name).is_file():
        return "is not a path relative to src/"
    if target != folder and LEVELS[target] >= LEVELS[folder]:
        return f"{folder} (level {LEVELS[folder]}) may not see {target} (level {LEVELS[target]})"
    return None


def refuse_in_tool(path, name):
    if name.startswith(PUBLIC) or (path.parent / name).is_file():
        return None
    return "tools see public headers and their own only"


def find_cycle(files):
    """A list of headers that include each other in a ring, or None."""
    graph = {str(path.relative_to(ROOT / "src")): includes(path) for path in files}
    done = set()

    def visit(name, trail):
        if name in trail:
            return trail[trail.index(name):] + [name]
        if name in done or name not in graph:
            return None
        for other in graph[name]:
            cycle = visit(other, trail + [name])
            if cycle:
                return cycle
        done.add(name)
        return None

    return next(filter(None, (visit(name, []) for name in graph)), None)


def main():
    sources = [path for path in (ROOT / "src").rglob("*") if path.suffix in (".c", ".h", ".def")]
    tools = [path for tool in TOOLS for path in (ROOT / tool).rglob("*") if path.suffix in (".c", ".h", ".hpp")]
    found = []
    for files, refuse in ((sources, refuse_in_src), (tools, refuse_in_tool)):
        for path in files:
            for name in includes(path):
                reason = refuse(path, name)
                if reason:
                    found.append(f"{path.relative_to(ROOT)}: \"{name}\": {reason}")
    cycle = find_cycle(sources)
    if cycle:
        found.append("cycle: " + " -> ".join(cycle))
    for line in sorted(found):
        print(line)
    print(f"{len(sources)} files of src/, {len(tools)} of the tools, {len(found)} wrong includes")
    return 1 if found or not sources else 0


sys.exit(main())
