# SPDX-License-Identifier: Apache-2.0
"""Checks that standard input is one JSON document, strictly, and prints it for comparing: sorted,
times left out, long lists of numbers in one line."""
import json
import re
import sys


def refuse(name):
    raise ValueError(f"{name} is not JSON")


document = json.loads(sys.stdin.buffer.read().decode("utf-8"), parse_constant=refuse)
text = json.dumps(document, indent=1, sort_keys=True, ensure_ascii=False)
text = re.sub(r'("(?:nanoseconds|median|least|mean|percentile_\d+)": )[\d.e+]+', r"\1TIME", text)
print(re.sub(r"\[\s+((?:-?[\d.e+-]+,?\s+)+)\]", lambda m: "[" + " ".join(m[1].split()) + "]", text))
