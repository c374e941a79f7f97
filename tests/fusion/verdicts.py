# SPDX-License-Identifier: Apache-2.0
"""LiteRT's verdict on files, one line each on stdout: "path good" or "path refused". It crashes on some files: whoever
starts this program goes on behind the last line that came.

    verdicts.py < list of paths
"""
import sys

from ai_edge_litert import interpreter as litert


def verdict(path):
    try:
        litert.Interpreter(path, experimental_op_resolver_type=litert.OpResolverType.BUILTIN_REF).allocate_tensors()
        return "good"
    except (RuntimeError, ValueError) as error:
        return "refused " + " ".join(str(error).split())[:200]


for line in sys.stdin:
    name = line.strip()
    print(name, verdict(name), flush=True)
