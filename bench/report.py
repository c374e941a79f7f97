# SPDX-License-Identifier: Apache-2.0
"""What bench/compare.py found, as tables and as a picture."""
import math
import platform
from pathlib import Path
from statistics import geometric_mean

PEERS = ("LiteRT", "OpenVINO", "MNN")
TYPES = ("int8", "uint8", "int16", "float32", "hybrid")
SHORT_US = 100  # models below are a class of their own: there the interpreter counts
LONG_US = 2000  # models whose gain by a second thread is told


def cpu_name():
    info = Path("/proc/cpuinfo").read_text()
    named = [line.split(":")[1].strip() for line in info.splitlines() if line.startswith("model name")]
    return f"{named[0] if named else platform.machine()}, {info.count('processor')} processors"


def ratio(result, threads, peer):
    """The peer's time over ours; None where one of them does not run it."""
    return result["ratios"].get(threads, {}).get(peer)


def share_of_peak(found, result, threads=1):
    """Multiply-adds a second in the fastest turn over one processor's most; None where nothing is known."""
    peak = found["peaks"]["float32" if result["type"] == "float32" else "int8"]
    ours = result["least"].get(threads, {}).get("plait")
    return result["multiply_adds"] / (ours * 1e-6) / peak if ours and peak and result["type"] != "int16" else None


def opened_ratio(result, key):
    """Ours over LiteRT's, of what opening took."""
    opening = result.get("opening", {})
    ours, theirs = opening.get("plait"), opening.get("LiteRT")
    return ours[key] / max(1, theirs[key]) if ours and theirs else None


def cell(value, form):
    return "-" if value is None else format(value, form)


COLUMNS = ("model", "type", "threads", "plait us", "LiteRT us", "OpenVINO us", "MNN us", "/LiteRT", "/OpenVINO", "/MNN",
           "peak", "c/", "load us", "its ratio", "KiB", "its ratio")


def heading(found):
    gigas = ", ".join(f"{name} {rate / 1e9:.0f}" for name, rate in found["peaks"].items())
    steady = found["steadiness"]
    return (f"{found['cpu']}; peak in 10^9 multiply-adds a second on one core: {gigas}; in the median of its least time a chain "
            f"of multiplications takes {steady['clock']:.2f} (the clock), independent ones {steady['core']:.2f} (and who else "
            f"runs on the core)\n\n"
            f"| {' | '.join(COLUMNS)} |\n|{'---|' * len(COLUMNS)}")


def row(found, result, threads):
    times = result["times"][threads]
    cells = [result["model"], result["type"], str(threads)]
    cells += [cell(times.get(name), ".1f") for name in ("plait", *PEERS)]
    cells += [cell(ratio(result, threads, peer), ".2f") for peer in PEERS]
    cells.append(cell(share_of_peak(found, result, threads), ".0%"))
    if threads == 1:
        ours = result.get("opening", {}).get("plait") or {}
        cells.append(cell(result.get("reference_share"), ".0%"))
        cells += [cell(ours.get("load_us"), ".0f"), cell(opened_ratio(result, "load_us"), ".2f")]
        cells += [cell(ours["bytes"] / 1024 if ours else None, ".0f"), cell(opened_ratio(result, "bytes"), ".2f")]
    else:
        cells += [""] * 5
    return f"| {' | '.join(cells)} |"


def rows(found, result):
    return [row(found, result, threads) for threads in result["times"]]


def operators(result):
    """Our operators that take longest."""
    listed = sorted(result.get("operators", []), key=lambda entry: -entry[2])
    total = sum(entry[2] for entry in listed) or 1
    lines = [f"    {name} #{index}: {us:.1f} us, {us / total:.0%}" for index, name, us in listed[:12]]
    files = sorted(result.get("files", {}).items(), key=lambda entry: -entry[1])
    lines += [f"    {name or 'elsewhere'}: {share:.0%}" for name, share in files[:6]]
    return "\n".join(lines)


BEST = "best of the three peers"


def classes(found, threads):
    """{class: [(LiteRT's time over ours, model)]}: one per type, the short ones, and the best of all peers over ours."""
    able = [result for result in found["models"] if ratio(result, threads, "LiteRT") is not None]
    listed = {kind: [result for result in able if result["type"] == kind] for kind in TYPES}
    listed[f"under {SHORT_US} us"] = [r for r in able if r["times"][threads]["LiteRT"] < SHORT_US]
    ratios = {name: [(ratio(result, threads, "LiteRT"), result["model"]) for result in results]
              for name, results in listed.items()}
    ratios[BEST] = [(value, result["model"]) for result in found["models"]
                    if (value := best_ratio(result, threads)) is not None]
    return {name: values for name, values in ratios.items() if values}


def mean_of(ratios):
    return geometric_mean(value for value, _ in ratios)


def best_ratio(result, threads):
    ratios = [ratio(result, threads, peer) for peer in PEERS]
    return min((value for value in ratios if value is not None), default=None)


def class_lines(found, threads):
    for name, ratios in classes(found, threads).items():
        over = name if name == BEST else f"{name}: LiteRT"
        least, where = min(ratios)
        yield f"- {threads} thread(s), {over} / plait {mean_of(ratios):.2f} over {len(ratios)}, least {least:.2f} ({where})"


def scaling_line(found):
    gains = [(gain, result["model"]) for result in found["models"] if (gain := result.get("gains", {}).get(2))]
    if not gains:
        return []
    least, where = min(gains)
    return [f"- 2 threads over 1, models above 2 ms: {mean_of(gains):.2f} over {len(gains)}, least {least:.2f} ({where})"]


def opening_lines(found):
    for key, title in (("load_us", "load + allocate + first invoke"), ("bytes", "memory after it")):
        ratios = [(value, result["model"]) for result in found["models"] if (value := opened_ratio(result, key))]
        if ratios:
            most, where = max(ratios)
            mean = geometric_mean(max(value, 1e-3) for value, _ in ratios)
            yield f"- {title}: plait / LiteRT {mean:.2f} over {len(ratios)}, most {most:.2f} ({where})"


def reference_line(found):
    able = [result for result in found["models"] if "reference_share" in result]
    if not able:
        return []
    most, where = max((result["reference_share"], result["model"]) for result in able)
    return [f"- share of time in kernels of c/: at most {most:.0%} ({where})"]


def summary(found):
    lines = [line for threads in found["threads"] for line in class_lines(found, threads)]
    lines += scaling_line(found) + list(opening_lines(found)) + reference_line(found)
    return "\n" + "\n".join(lines)


# ---- the short table -------------------------------------------------------------------------------------------------

BEGIN, END = "<!-- bench/compare --readme writes from here -->", "<!-- to here -->"


def short_cell(ratios, count):
    """`count`: the models of the row; where it is over others, how many."""
    if not ratios:
        return "-"
    over = "" if len(ratios) == count else f" over {len(ratios)}"
    return f"{mean_of(ratios):.2f}{over} (least {min(ratios)[0]:.2f})"


def short_table(found):
    """Geometric means, for the README."""
    columns = {threads: classes(found, threads) for threads in found["threads"]}
    heads = [f"{threads} thread{'s' if threads > 1 else ''}" for threads in columns]
    lines = ["| time of LiteRT with XNNPACK over plait's | models | " + " | ".join(heads) + " |",
             "|---|---|" + "---|" * len(heads)]
    for name, first in next(iter(columns.values())).items():
        cells = [short_cell(column.get(name), len(first)) for column in columns.values()]
        lines.append(f"| {name} | {len(first)} | {' | '.join(cells)} |")
    others = scaling_line(found) + list(opening_lines(found))
    return "\n".join([*lines, "", f"{found['cpu']}; geometric means, above 1 plait is faster.", "", *others])


def write_readme(found, path):
    """Puts the short table between its two marks."""
    before, rest = path.read_text().split(BEGIN)
    after = rest.split(END)[1]
    path.write_text(f"{before}{BEGIN}\n\n{short_table(found)}\n\n{END}{after}")


def document(found):
    body = "\n".join(line for result in found["models"] for line in rows(found, result))
    return f"{heading(found)}\n{body}\n{summary(found)}\n"


# ---- the picture -----------------------------------------------------------------------------------------------------

COLOURS = {"LiteRT": "#2a6f97", "OpenVINO": "#e07a2f", "MNN": "#7a9e3b"}
WIDTH, LEFT, LINE, TOP = 860, 300, 16, 64
SPAN = 4  # the scale goes from 1/4 to 4 and beyond it is cut


def across(value):
    """The x of a ratio, on a logarithmic scale around 1."""
    limited = max(1 / SPAN, min(SPAN, value))
    return LEFT + (WIDTH - LEFT - 20) * (math.log(limited, SPAN) + 1) / 2


def text(x, y, words, anchor="start", weight="normal"):
    escaped = words.replace("&", "&amp;").replace("<", "&lt;")
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" font-weight="{weight}">{escaped}</text>'


def dot(x, y, peer):
    return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="4.5" fill="{COLOURS[peer]}" fill-opacity="0.85"/>'


def grid(bottom):
    for value in (0.25, 0.5, 1, 2, 4):
        x = across(value)
        colour = "#444" if value == 1 else "#ddd"
        yield f'<line x1="{x:.1f}" y1="{TOP - 8}" x2="{x:.1f}" y2="{bottom}" stroke="{colour}"/>'
        yield text(x, TOP - 14, f"{value:g}x", "middle")


def marks(result, threads, y):
    for peer in PEERS:
        value = ratio(result, threads, peer)
        if value is not None:
            yield dot(across(value), y - 4, peer)


def plot(found):
    """A line per model, a dot per peer: how many times as long as plait it takes."""
    threads = found["threads"][0]
    results = sorted((r for r in found["models"] if best_ratio(r, threads) is not None),
                     key=lambda result: (TYPES.index(result["type"]), result["model"]))
    bottom = TOP + LINE * len(results) + 8
    parts = [f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{bottom + 24}" '
             f'viewBox="0 0 {WIDTH} {bottom + 24}" font-family="sans-serif" font-size="11">',
             f'<rect width="{WIDTH}" height="{bottom + 24}" fill="white"/>',
             text(10, 20, f"Time of the peers over plait's, {threads} thread(s); right of 1x plait is faster, what is beyond "
                          f"{SPAN}x lies at the edge", weight="bold")]
    for k, peer in enumerate(PEERS):
        parts.append(dot(LEFT + 110 * k + 6, 32, peer))
        parts.append(text(LEFT + 110 * k + 16, 36, peer))
    parts += grid(bottom)
    for k, result in enumerate(results):
        y = TOP + LINE * (k + 1) - 4
        parts.append(text(10, y, f"{result['model']} ({result['type']})"))
        parts += marks(result, threads, y)
    parts.append(text(10, bottom + 14, found["cpu"]))
    return "\n".join([*parts, "</svg>"]) + "\n"
