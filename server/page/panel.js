// SPDX-License-Identifier: Apache-2.0
// One model: how it does, what it is, what it takes, and how it is asked; or all of them together.
import {hasToken, pathOf, post} from "./api.js";
import {chart, memoryBar, memoryKeys} from "./chart.js";
import {bytes, elementCount, h, rate, seconds, shape, value} from "./dom.js";
import {graph} from "./graph.js";
import {linkOf, sumOf} from "./list.js";
import {keyOf, live, refresh} from "./live.js";
import {tryOut} from "./try.js";

// ---- live

function charts() {
  const rates = chart("requests a second", [["answered", "first"], ["failed", "bad"]], rate);
  const times = chart("latency", [["median", "first"], ["99 %", "second"], ["model", "third"]], seconds);
  return {element: h("div.charts", rates.element, times.element), show(history) {
    const lines = (...names) => names.map((name) => history.map((point) => [point.time, point[name]]));
    rates.show(lines("rate", "failures"), live.time);
    times.show(lines("p50", "p99", "model"), live.time);
  }};
}

// ---- tensors

function quantizationOf({quantization}) {
  if (!quantization) return "";
  const {scale, zero_point: zero} = quantization;
  if (scale.length > 1) return `${scale.length} scales`;
  const sign = zero[0] > 0 ? "−" : "+", stored = zero[0] === 0 ? "q" : `(q ${sign} ${Math.abs(zero[0])})`;
  return `${value(scale[0])} × ${stored}`;
}

function tensors(model) {
  const row = (kind) => (tensor) => h("tr", h("td.faint", kind), h("td", h("code", tensor.name)), h("td", tensor.datatype),
    h("td", shape(tensor.shape)), h("td.faint", quantizationOf(tensor)));
  return h("div.wide", h("table.tensors", model.inputs.map(row("in")), model.outputs.map(row("out"))));
}

// ---- the command to copy

const quoted = (text) => `'${text.replaceAll("'", "'\\''")}'`;
const BYTES = {BOOL: 1, BF16: 2, BYTES: 4};
const sizeOf = (datatype) => BYTES[datatype] ?? Number(datatype.match(/\d+/)[0]) / 8;

export function curlOf(model) {
  const url = quoted(new URL(`${pathOf(model)}/infer`, document.baseURI).href), token = hasToken() ? " -H \"Authorization: Bearer $TOKEN\"" : "";
  const dims = (input) => input.shape.map((dim) => (dim < 0 ? input.hop ?? 1 : dim));
  const inputs = model.inputs.map((input) => ({name: input.name, datatype: input.datatype, shape: dims(input)}));
  const total = inputs.reduce((sum, input) => sum + elementCount(input.shape), 0);
  if (total <= 64 && inputs.every(({datatype}) => !["FP16", "BF16"].includes(datatype))) {
    const blank = (datatype) => (datatype === "BYTES" ? "" : datatype === "BOOL" ? false : 0);
    const body = {inputs: inputs.map((input) => ({...input, data: new Array(elementCount(input.shape)).fill(blank(input.datatype))}))};
    return `curl -s ${url}${token} -d ${quoted(JSON.stringify(body))}`;
  }
  const sized = inputs.map((input) => ({...input, parameters: {binary_data_size: elementCount(input.shape) * sizeOf(input.datatype)}}));
  const all = sized.reduce((sum, input) => sum + input.parameters.binary_data_size, 0);
  return `J=${quoted(JSON.stringify({inputs: sized}))}\n(printf %s "$J"; head -c ${all} /dev/zero) |\n  curl -s ${url}${token} \\\n  -H "Inference-Header-Content-Length: \${#J}" --data-binary @-`;
}

function command(model) {
  const text = curlOf(model), code = h("code", text);
  const button = h("button", {click: async () => {
    // Without a secure context there is no clipboard: what is selected can be copied by hand.
    getSelection().selectAllChildren(code);
    const done = await navigator.clipboard?.writeText(text).then(() => true, () => false);
    button.textContent = done ? "Copied" : "Selected";
  }}, "Copy");
  return h("section", h("h3", "With curl ", h("small", "of zeros"), button), h("pre.command", code));
}

// ---- loading

function buttons(model, problem) {
  const change = (name, verb) => h("button", {click: async ({target}) => {
    target.disabled = true;
    problem.textContent = "";
    try {
      await post(`v2/repository/models/${encodeURIComponent(model.name)}/${verb}`);
    } catch (error) {
      problem.textContent = error.message;
    }
    target.disabled = false;
    await refresh().catch(() => {});
    dispatchEvent(new Event("hashchange"));
  }}, name);
  return h("span.controls", change(model.ready ? "Load again" : "Load", "load"), model.ready ? change("Unload", "unload") : null);
}

// ---- memory

function memoryOf(model) {
  const total = sumOf(model.memory);
  return h("section", h("h3", "Memory ", h("small", `${bytes(total)}; constants may be shared with others`)),
    memoryBar(model.memory, total), memoryKeys((kind) => bytes(model.memory[kind])));
}

// ---- panels

const back = () => h("a", {href: "#", class: "back"}, "← All models");

export function modelPanel(model) {
  const problem = h("p.bad", {role: "alert"}), title = h("h2", {tabindex: -1}, model.name, " ", h("small", `version ${model.version}`));
  const head = h("header", back(), h("div", title, buttons(model, problem)), problem);
  if (!model.ready)
    return {element: h("article", head, h("section.broken", h("h3", "Not loaded"), h("pre", model.reason || "It was unloaded, or never loaded."))), show() {}};
  const lines = charts();
  const facts = [model.platform === "plait_pipeline" ? `pipeline of ${model.models.length} models` : "TensorFlow Lite", `class ${model.class}`,
    ...(model.description ? [model.description] : [])];
  return {element: h("article", head, h("p.faint.facts", facts.join(" · ")), lines.element, tryOut(model),
    model.links ? h("section", h("h3", "Links"), graph(model)) : null,
    h("section", h("h3", "Inputs and outputs"), tensors(model)), memoryOf(model), command(model)),
  show() { lines.show(live.histories.get(keyOf(model)) ?? []); }};
}

function shared(name, memory, alone) {
  const saved = alone - memory;
  return h("tr", h("td", name), h("td.number", bytes(memory)),
    h("td.faint", saved > alone / 100 ? `${bytes(alone)} if models shared nothing` : ""));
}

export function overviewPanel() {
  const lines = charts(), box = h("section"), table = h("div.map");
  let made = "";
  return {element: h("article", h("header", h("div", h("h2", {tabindex: -1}, "All models"))), lines.element, box,
    h("section", h("h3", "Memory of each"), memoryKeys(), table)),
  show() {
    lines.show(live.total);
    if (!live.details || made === JSON.stringify([live.details.memory, live.models.length])) return;
    made = JSON.stringify([live.details.memory, live.models.length]);
    const {memory, cpu} = live.details, ready = live.models.filter((model) => model.ready).sort((a, b) => sumOf(b.memory) - sumOf(a.memory));
    const largest = ready.length > 0 ? sumOf(ready[0].memory) : 1;
    box.replaceChildren(h("h3", "Memory ", h("small", `${bytes(memory.allocated)} allocated, at most ${bytes(memory.allocated_peak)} so far; kernels ${cpu}`)),
      h("table.tensors", shared("constants, each once", memory.constants, memory.constants_alone), shared("arenas", memory.arenas, memory.arenas_alone),
        shared("inputs and outputs", memory.io, 0), shared("state", memory.state, 0)));
    table.replaceChildren(...ready.map((model) => h("a", {href: linkOf(model)}, h("span", model.name), memoryBar(model.memory, largest), h("span.number", bytes(sumOf(model.memory))))));
  }};
}
