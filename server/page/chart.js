// SPDX-License-Identifier: Apache-2.0
// Small charts: lines over the last two minutes, and bars.
import {h, svg} from "./dom.js";

export const SPAN = 120; // seconds

// Pieces of a line; where there is no value, it ends.
function line(points, x, y) {
  let path = "", open = false;
  for (const [time, number] of points) {
    if (number === null) {
      open = false;
      continue;
    }
    path += `${open ? "L" : "M"}${x(time).toFixed(1)} ${y(number).toFixed(1)}`;
    if (!open) path += "h.01"; // one alone is a dot
    open = true;
  }
  return path;
}

const most = (series) => series.flat().reduce((sum, [, number]) => Math.max(sum, number ?? 0), 0);

export function sparkline(width, height) {
  const path = svg("path.line");
  const element = svg("svg.spark", {viewBox: `0 0 ${width} ${height}`, width, height, "aria-hidden": "true"}, path);
  return {element, show(points, now) {
    const top = most([points]) || 1;
    path.setAttribute("d", most([points]) === 0 ? "" : line(points, (time) => width * (1 - (now - time) / SPAN), (number) => height - 1 - (height - 2) * number / top));
  }};
}

// series: [[name, class]]; text: how a value is written.
export function chart(title, series, text) {
  const width = 320, height = 84, base = height - 4;
  const top = h("span.peak"), values = series.map(() => h("b", "–"));
  const lines = series.map(([, kind]) => svg("path", {class: `line ${kind}`}));
  const grid = [0.5, 1].map((part) => svg("path.grid", {d: `M0 ${base - (base - 8) * part}h${width}`}));
  const drawing = svg("svg", {viewBox: `0 0 ${width} ${height}`, preserveAspectRatio: "none", role: "img", "aria-label": title},
    svg("path.grid.base", {d: `M0 ${base}h${width}`}), grid, lines);
  const legend = series.map(([name, kind], i) => h("span", {class: `key ${kind}`}, name, " ", values[i]));
  const element = h("figure.chart", h("figcaption", h("span", title), legend), h("div", top, drawing),
    h("small", h("span", `${SPAN} s ago`), h("span", "now")));
  return {element, show(points, now) {
    const high = most(points);
    top.textContent = high > 0 ? text(high) : "";
    points.forEach((list, i) => {
      lines[i].setAttribute("d", line(list, (time) => width * (1 - (now - time) / SPAN),
        (number) => base - (base - 8) * number / (high || 1)));
      values[i].textContent = list.length > 0 && list.at(-1)[1] !== null ? text(list.at(-1)[1]) : "–";
    });
  }};
}

// Values along a line that is no time: an output, or a score through a sound.
export function curve(numbers, low, high) {
  const width = 320, height = 60, span = high - low || 1;
  const points = Array.from(numbers, (number, i) => [i, Number.isFinite(number) ? number : null]);
  return svg("svg.curve", {viewBox: `0 0 ${width} ${height}`, preserveAspectRatio: "none", "aria-hidden": "true"},
    svg("path.line", {d: line(points, (i) => width * i / Math.max(1, numbers.length - 1),
      (number) => height - 1 - (height - 2) * (number - low) / span)}));
}

export const KINDS = ["constants", "arena", "io", "state"];
const NAMES = {constants: "constants", arena: "arena", io: "inputs, outputs", state: "state"};

// What a model takes, beside the one that takes most.
export function memoryBar(memory, largest) {
  let at = 0;
  const parts = KINDS.map((kind) => {
    const width = 100 * memory[kind] / (largest || 1), x = at;
    at += width;
    return svg("rect", {class: `memory-${kind}`, x: `${x}%`, width: `${width}%`, height: "100%"});
  });
  return svg("svg.memory", {"aria-hidden": "true"}, parts);
}

export const memoryKeys = (text) => h("div.keys",
  KINDS.map((kind) => h("span", {class: `key memory-${kind}`}, NAMES[kind], text ? [" ", h("b", text(kind))] : null)));
