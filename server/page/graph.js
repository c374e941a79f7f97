// SPDX-License-Identifier: Apache-2.0
// A pipeline as a graph: what goes in, models, what comes out, from left to right.
import {bytes, h, shape, svg} from "./dom.js";

const COLUMN = 204, ROW = 64, WIDTH = 132, HEIGHT = 44, EDGE = 10;

function nodesOf(model) {
  const nodes = new Map();
  const add = (id, kind, title, note) => nodes.set(id, {id, kind, title, note, layer: 0, order: nodes.size});
  for (const input of model.inputs) add(`in:${input.name}`, "end", input.name, `${input.datatype} ${shape(input.shape)}`);
  for (const part of model.models)
    add(part.name, "model", part.name, (part.class > 0 ? `class ${part.class} · ` : "") + bytes(part.memory.constants));
  for (const output of model.outputs) add(`out:${output.name}`, "end", output.name, `${output.datatype} ${shape(output.shape)}`);
  return nodes;
}

function edgesOf(model) {
  return [
    ...model.inputs.flatMap((input) => input.feeds.map((to) => ({from: `in:${input.name}`, to, notes: input.hop ? [`${input.hop} new rows`] : []}))),
    ...model.links.map((link) => ({from: link.from, to: link.to, dashed: link.of_input,
      notes: [...(link.of_input ? ["its input"] : []), ...link.notes], ends: [link.output, link.input]})),
    ...model.outputs.map((output) => ({from: output.from, to: `out:${output.name}`, notes: []})),
  ];
}

// Each behind all that lead to it; links of a pipeline have no circles, and if one has, it ends here.
function setLayers(nodes, edges) {
  for (let round = 0, moved = true; moved && round < nodes.size; round++) {
    moved = false;
    for (const {from, to} of edges) {
      const source = nodes.get(from), target = nodes.get(to);
      if (!source || !target || target.layer > source.layer) continue;
      target.layer = source.layer + 1;
      moved = true;
    }
  }
}

// Rows: near the middle of what comes before.
function setPlaces(nodes, edges) {
  const layers = [];
  for (const node of nodes.values()) (layers[node.layer] ??= []).push(node);
  const most = Math.max(...layers.map((layer) => layer.length));
  for (const layer of layers) {
    for (const node of layer) {
      const sources = edges.filter((edge) => edge.to === node.id).map((edge) => nodes.get(edge.from)?.row ?? 0);
      node.wish = sources.length > 0 ? sources.reduce((sum, row) => sum + row, 0) / sources.length : node.order;
    }
    layer.sort((a, b) => a.wish - b.wish || a.order - b.order);
    layer.forEach((node, i) => { node.row = i + (most - layer.length) / 2; });
    for (const node of layer) {
      node.x = EDGE + node.layer * COLUMN;
      node.y = EDGE + node.row * ROW;
    }
  }
  return {width: 2 * EDGE + (layers.length - 1) * COLUMN + WIDTH, height: 3 * EDGE + (most - 1) * ROW + HEIGHT};
}

const short = (text, most) => (text.length > most ? `${text.slice(0, most - 1)}…` : text);

function drawNode({kind, title, note, x, y}) {
  return svg("g", {class: kind, transform: `translate(${x} ${y})`},
    svg("rect", {width: WIDTH, height: HEIGHT, rx: kind === "model" ? 6 : HEIGHT / 2}), svg("title", `${title}: ${note}`),
    svg("text", {x: WIDTH / 2, y: 19}, short(title, 19)), svg("text", {x: WIDTH / 2, y: 34, class: "note"}, short(note, 24)));
}

function drawEdge(edge, nodes) {
  const from = nodes.get(edge.from), to = nodes.get(edge.to);
  if (!from || !to) return null;
  const x = from.x + WIDTH, y = from.y + HEIGHT / 2, endX = to.x - 1, endY = to.y + HEIGHT / 2, bend = (endX - x) / 2;
  const names = (edge.ends ?? []).filter((name) => name);
  return svg("g", {class: edge.dashed ? "edge dashed" : "edge"},
    svg("path", {d: `M${x} ${y}C${x + bend} ${y} ${endX - bend} ${endY} ${endX} ${endY}`, "marker-end": "url(#arrow)"}),
    svg("title", [...names, ...edge.notes].join(", ")),
    edge.notes.slice(0, 4).map((note, i) => svg("text.note", {x: (x + endX) / 2,
      y: (y + endY) / 2 + (i === 0 ? -5 : 3 + 11 * i)}, short(note, 14))));
}

export function graph(model) {
  const nodes = nodesOf(model), edges = edgesOf(model);
  setLayers(nodes, edges);
  const {width, height} = setPlaces(nodes, edges);
  const arrow = svg("marker", {id: "arrow", viewBox: "0 0 8 8", refX: 7, refY: 4, markerWidth: 7, markerHeight: 7, orient: "auto"},
    svg("path", {d: "M0 0 8 4 0 8z"}));
  const words = edges.map((edge) => `${edge.from} → ${edge.to}`).join(", ");
  return h("div.graph", {tabindex: 0, role: "group", "aria-label": "Graph of the pipeline"},
    svg("svg", {viewBox: `0 0 ${width} ${height}`, width, height, role: "img", "aria-label": words},
      svg("defs", arrow), edges.map((edge) => drawEdge(edge, nodes)), [...nodes.values()].map(drawNode)));
}
