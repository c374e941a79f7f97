// SPDX-License-Identifier: Apache-2.0
// The models, a line each.
import {memoryBar, sparkline, KINDS} from "./chart.js";
import {bytes, h, rate, seconds, shape} from "./dom.js";
import {keyOf, live} from "./live.js";

export const linkOf = (model) => `#${encodeURIComponent(model.name)}/${encodeURIComponent(model.version)}`;
export const sumOf = (memory) => KINDS.reduce((sum, kind) => sum + memory[kind], 0);
const lookOf = (model) => JSON.stringify([model.reason, model.class, model.inputs, model.outputs, model.models?.length]);

const rows = new Map();
const body = h("div.rows");
const filter = h("input", {type: "search", placeholder: "Filter", "aria-label": "Filter models by name", "aria-keyshortcuts": "/", input: () => showList()});
const heads = h("div.row.heads", {"aria-hidden": "true"},
  ["model", "requests/s", "median", "memory"].map((name) => h("span", name)));
const count = h("small");
export const list = h("nav.list", {"aria-label": "Models"},
  h("div.filter", h("a", {href: "#", class: "all"}, "All models"), count, filter), heads, body);

const sides = (tensors) => tensors.map((tensor) => `${tensor.datatype} ${shape(tensor.shape)}`).join(", ");

function makeRow(model) {
  const spark = sparkline(72, 20), number = h("span.number"), latency = h("span.number");
  const memory = h("span.memory-cell");
  const kind = model.ready ? h("small", {title: `${sides(model.inputs)} → ${sides(model.outputs)}`}, sides(model.inputs), " → ", sides(model.outputs))
    : h("small.bad", model.reason || "not loaded");
  const marks = [`v${model.version}`, ...(model.platform === "plait_pipeline" ? [`pipeline of ${model.models.length}`] : []),
    ...(model.class > 0 ? [`class ${model.class}`] : [])];
  const element = h("a.row", {href: linkOf(model)},
    h("span.what", h("span.title", h("i", {class: model.ready ? "dot" : "dot bad", title: model.state}), h("b", model.name), h("small", marks.join(" · "))), kind),
    h("span.rate", spark.element, number), latency, memory);
  return {element, spark, number, latency, memory, look: lookOf(model)};
}

function updateRow(row, model, largest) {
  if (!model.ready) return;
  const history = live.histories.get(keyOf(model)) ?? [], last = history.at(-1);
  row.spark.show(history.map((point) => [point.time, point.rate]), live.time);
  row.number.textContent = last?.rate === null || !last ? "–" : rate(last.rate);
  row.latency.textContent = last ? seconds(last.p50) : "–";
  const sizes = JSON.stringify([model.memory, largest]);
  if (row.sizes !== sizes) row.memory.replaceChildren(memoryBar(model.memory, largest), h("span.number", bytes(sumOf(model.memory))));
  row.sizes = sizes;
}

export function showList(selected = list.dataset.selected) {
  list.dataset.selected = selected ?? "";
  const wanted = filter.value.trim().toLowerCase(), shown = live.models.filter((model) => model.name.toLowerCase().includes(wanted));
  const largest = Math.max(1, ...live.models.filter((model) => model.ready).map((model) => sumOf(model.memory)));
  const elements = shown.map((model) => {
    const key = keyOf(model), look = lookOf(model);
    if (rows.get(key)?.look !== look) rows.set(key, makeRow(model));
    const row = rows.get(key);
    updateRow(row, model, largest);
    if (key === selected) row.element.setAttribute("aria-current", "page");
    else row.element.removeAttribute("aria-current");
    return row.element;
  });
  // Only what is new is put in its place: a line that has the focus keeps it.
  elements.forEach((element, i) => { if (body.children[i] !== element) body.insertBefore(element, body.children[i] ?? null); });
  while (body.children.length > elements.length) body.lastChild.remove();
  count.textContent = wanted ? `${shown.length} of ${live.models.length}` : String(live.models.length);
}

// Arrows go through the list, / to its filter.
export function moveInList(event) {
  if (event.target.matches("input, textarea, select") || event.altKey || event.ctrlKey || event.metaKey) return;
  if (event.key === "/") {
    event.preventDefault();
    filter.focus();
  } else if (body.contains(document.activeElement) && ["ArrowDown", "ArrowUp"].includes(event.key)) {
    event.preventDefault();
    const next = event.key === "ArrowDown" ? document.activeElement.nextSibling : document.activeElement.previousSibling;
    next?.focus();
  }
}
