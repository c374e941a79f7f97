# SPDX-License-Identifier: Apache-2.0
"""Where the time of runs goes, by source file of libplait.so: the program counter is looked at a few thousand times a
second. Local symbols stand behind the name of their file in the symbol table, which must not have been stripped."""
import bisect
import collections
import ctypes
import re
import subprocess
import time
from pathlib import Path

import measured

ROOT = Path(__file__).resolve().parents[1]
LEVELS = "|".join(re.findall(r"PL_LEVEL_OF_KERNELS\((\w+), \"", (ROOT / "src/kernels/levels.def").read_text()))
FOLDER = ROOT / "src/kernels/c"
# Nothing of other folders is used there.
REFERENCE = {name for path in FOLDER.glob("*.c") for name in re.findall(r"PL_LEVEL\((\w+)\)", path.read_text())}
CAPACITY, PERIOD_NANOSECONDS = 1 << 16, 200_000


def functions_of(library):
    """[(address, file)] in ascending order."""
    listing = subprocess.run(["readelf", "-sW", library], capture_output=True, text=True, check=True).stdout
    found, file = {}, ""
    for line in listing.splitlines():
        words = line.split()
        if len(words) < 7 or not words[0].rstrip(":").isdigit():
            continue
        if words[3] == "FILE":
            file = words[7] if len(words) > 7 else ""
        elif words[3] == "FUNC" and words[6] != "UND":
            # Global functions stand at the end of the table, behind no file.
            name = file if words[4] == "LOCAL" and file else words[7]
            found.setdefault(int(words[1], 16), name)
    return sorted(found.items())


def mapping_of(library):
    """(start, end, offset) of its code in this process."""
    for line in open("/proc/self/maps"):
        words = line.split()
        if len(words) > 5 and words[5] == library and "x" in words[1]:
            start, end = (int(text, 16) for text in words[0].split("-"))
            return start, end, int(words[2], 16)
    raise RuntimeError(f"{library} is not loaded")


def sample(run, seconds):
    """{file or function: share of the samples}; "" is outside of the library."""
    import plait_c
    library = str(plait_c.library_path().resolve())
    measure = measured.library()
    samples = (ctypes.c_uint64 * CAPACITY)()
    measure.sample_start(samples, CAPACITY, ctypes.c_long(PERIOD_NANOSECONDS))
    end = time.perf_counter() + seconds
    while time.perf_counter() < end:
        run()
    taken = measure.sample_stop()
    start, stop, offset = mapping_of(library)
    functions = functions_of(library)
    addresses = [address for address, _ in functions]
    counts = collections.Counter()
    for address in samples[:taken]:
        name = ""
        if start <= address < stop:
            at = bisect.bisect_right(addresses, address - start + offset) - 1
            name = functions[at][1] if at >= 0 else ""
        counts[name] += 1
    return {name: count / max(1, taken) for name, count in counts.items()}


def is_reference(name):
    """Whether a file, or a function that files share, is of src/kernels/c: such functions end with their level."""
    if (FOLDER / name).is_file():
        return True
    levelled = re.fullmatch(f"(.+?)_({LEVELS})", name)
    return levelled is not None and levelled[1] in REFERENCE


def share_of_reference(shares):
    """The part of the time inside of the library that is spent in src/kernels/c."""
    inside = {name: share for name, share in shares.items() if name}
    reference = sum(share for name, share in inside.items() if is_reference(name))
    return reference / sum(inside.values()) if inside else 0.0
