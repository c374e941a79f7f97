#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Prints docs/OPERATORS.md from what the program says of its operators.

    docs/make_operators.py out/bin/plait >docs/OPERATORS.md
"""
import json
import subprocess
import sys

HEAD = """# Operators

Made by `docs/make_operators.py` from `plait ops --json`, which reads `src/ops/op_list.def` and `src/ops/op_notes.def`;
change those and make it again.

*Types* are those of the data: of the input that gives the output its type. *Traits* say what a plan may do with an
operator; one without depends on its inputs alone and runs as a whole or by rows, as it fits.
"""


def cell(text):
    return text.replace("|", "\\|")


def table(ops, custom):
    first = "operator" if custom else "operator | versions"
    yield f"| {first} | types | traits | differs from LiteRT |"
    yield "|" + "---|" * (4 if custom else 5)
    for op in ops:
        if op["custom"] == custom:
            versions = "" if custom else f" {op['min_version']} to {op['max_version']} |"
            yield (f"| {op['name']} |{versions} {cell(op['types'])} | {', '.join(op['traits'])} | "
                   f"{cell(op['differs'])} |")


def document(program):
    listed = json.loads(subprocess.run([program, "ops", "--json"], check=True, capture_output=True).stdout)["ops"]
    builtin = sum(not op["custom"] for op in listed)
    lines = [HEAD, f"## Builtin operators ({builtin})", "", *table(listed, False), "",
             f"## Custom operators ({len(listed) - builtin})", "", *table(listed, True)]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.stdout.write(document(sys.argv[1]))
