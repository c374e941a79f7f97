// SPDX-License-Identifier: Apache-2.0
// What a model said: boxes, pictures, the best of many, a curve, or numbers.
import {curve} from "./chart.js";
import {elementCount, h, paint, shape, svg, value} from "./dom.js";
import {dequantize, dequantized, unpack} from "./elements.js";

const MOST_BARS = 10, LEAST_BARS = 3, MOST_NUMBERS = 60, LEAST_SIDE = 8, FEW = 16;

const numbersOf = (output) => dequantize(output, unpack(output.datatype, output.data));

// ---- the best

// rows: {name, index, value, at}, the best first; bars begin at 0 and are as long as the largest, or 1. What is nothing beside
// the best is left out.
function bars(all) {
  const rows = all.filter((row, i) => i < LEAST_BARS || Math.abs(row.value) > Math.abs(all[0].value) / 1000);
  const largest = Math.max(...rows.map((row) => Math.abs(row.value)), rows.some((row) => Math.abs(row.value) > 1.001) ? 0 : 1) || 1;
  return h("table.bars", rows.map((row) => h("tr",
    h("td.bar", svg("svg", {"aria-hidden": "true"}, svg("rect", {width: `${100 * Math.max(0, row.value) / largest}%`, height: "100%"}))),
    h("td.number", value(row.value)),
    h("td.name", row.name || h("span.faint", `element ${row.index}`)),
    h("td.number.faint", row.name ? row.index : ""),
    row.curve ? h("td", row.curve) : null, row.at !== undefined ? h("td.number.faint", `${row.at.toFixed(2)} s`) : null)));
}

// "value:index:label" as the server's classification gives them, or what the page sorts by itself.
export function classesOf(output, labels) {
  if (output.datatype === "BYTES") return output.data.map((text) => {
    const [, number, index, name] = text.match(/^(.*?):(\d+)(?::(.*))?$/s);
    return {value: dequantized(output.of, Number(number)), index: Number(index), name: labels?.[index] ?? name};
  });
  const numbers = numbersOf(output);
  return Array.from(numbers, (number, index) => ({value: number, index, name: labels?.[index]}))
    .sort((a, b) => b.value - a.value || a.index - b.index);
}

// Whether it is a choice among classes: probabilities, or few.
function isChoice(numbers, labels) {
  if (labels || numbers.length <= FEW) return true;
  return numbers.every((number) => number >= 0 && number <= 1.001) && Math.abs(numbers.reduce((a, b) => a + b, 0) - 1) < 0.1;
}

// ---- pictures

const sidesOf = (dims) => (dims.length === 4 && dims[0] === 1 ? dims.slice(1) : dims.length === 3 && dims[0] === 1 ? [dims[1], dims[2], 0] : null);

// Any number of colours that differ; the first is the background's.
const classColour = (index) => (index === 0 ? [24, 26, 30] : [67, 131, 197].map((step, i) => 70 + (index * step + 90 * i) % 170));

function classMap(output, numbers, [height, width], labels) {
  const counts = new Map();
  for (const number of numbers) counts.set(number, (counts.get(number) ?? 0) + 1);
  const largest = [...counts].sort((a, b) => b[1] - a[1]).slice(0, MOST_BARS);
  const canvas = paint(width, height, (i) => classColour(numbers[i]));
  return h("div.pictured", canvas,
    bars(largest.map(([index, count]) => ({value: count / numbers.length, index, name: labels?.[index] ?? `class ${index}`}))));
}

function pictureOf(numbers, [height, width, channels]) {
  let low = Infinity, high = -Infinity;
  for (const number of numbers) {
    low = Math.min(low, number);
    high = Math.max(high, number);
  }
  const byte = (number) => Math.round(255 * (number - low) / (high - low || 1)), step = channels || 1;
  return h("div.pictured", paint(width, height, (i) => (step === 3 ? [0, 1, 2].map((k) => byte(numbers[3 * i + k])) : new Array(3).fill(byte(numbers[i])))),
    h("small", `${value(low)} is black, ${value(high)} white`));
}

// ---- boxes

// {top, left, bottom, right, score, name}, from 0 to 1: of outputs that plait reads boxes off, or the four of TensorFlow's detectors.
function boxesOf(outputs, labels) {
  const own = outputs.filter((output) => output.boxes).flatMap((output) => {
    const numbers = numbersOf(output);
    return Array.from({length: output.shape[0]}, (_, i) => numbers.slice(6 * i, 6 * i + 6));
  }).map(([top, left, bottom, right, score]) => ({top, left, bottom, right, score}));
  const corners = outputs.find(({shape: dims}) => dims.length === 3 && dims[0] === 1 && dims[2] === 4);
  const lists = outputs.filter(({shape: dims}) => corners && dims.length === 2 && dims[1] === corners.shape[1]);
  const count = outputs.find(({shape: dims}) => elementCount(dims) === 1);
  if (outputs.length !== 4 || lists.length !== 2 || !count) return own;
  const places = numbersOf(corners), [first, second] = lists.map(numbersOf);
  const whole = (list) => list.every(Number.isInteger), [classes, scores] = whole(first) && !whole(second) ? [first, second] : whole(second) ? [second, first] : [first, second];
  return Array.from({length: Math.min(scores.length, numbersOf(count)[0])}, (_, i) => {
    const [top, left, bottom, right] = places.slice(4 * i, 4 * i + 4);
    return {top, left, bottom, right, score: scores[i], name: labels?.[classes[i]] ?? `class ${classes[i]}`};
  }).filter(({score}) => score >= 0.3);
}

function drawBoxes(picture, boxes) {
  const scale = Math.min(1, 640 / Math.max(picture.width, picture.height)), width = Math.round(picture.width * scale), height = Math.round(picture.height * scale);
  const canvas = h("canvas", {width, height, class: "picture"}), context = canvas.getContext("2d");
  context.drawImage(picture, 0, 0, width, height);
  context.lineWidth = Math.max(2, width / 130);
  context.font = `${Math.max(12, Math.round(width / 32))}px system-ui, sans-serif`;
  boxes.forEach((box, i) => {
    context.strokeStyle = context.fillStyle = `hsl(${150 + 137 * i} 95% 60%)`;
    context.strokeRect(box.left * width, box.top * height, (box.right - box.left) * width, (box.bottom - box.top) * height);
    context.fillText(`${box.name ?? ""} ${box.score.toFixed(2)}`.trim(), box.left * width + 4, Math.max(14, box.top * height - 4));
  });
  return canvas;
}

// ---- all of it

const boxRows = (output) => boxesOf([output]).map((box, index) => ({value: box.score, index,
  name: `${value(box.top)}, ${value(box.left)} to ${value(box.bottom)}, ${value(box.right)}`}));

function showOne(output, labels) {
  if (output.boxes) return bars(boxRows(output));
  if (output.of) return bars(classesOf(output, labels).slice(0, output.of.top ?? MOST_BARS));
  if (output.datatype === "BYTES") return h("pre", output.data.slice(0, MOST_NUMBERS).join("\n"));
  const numbers = numbersOf(output), sides = sidesOf(output.shape), count = numbers.length;
  if (sides && sides[0] >= LEAST_SIDE && sides[1] >= LEAST_SIDE && [0, 1, 3].includes(sides[2])) {
    const isMap = /INT/.test(output.datatype) && !output.quantization && sides[2] < 2 && numbers.every((number) => number >= 0 && number < 1000);
    return isMap ? classMap(output, numbers, sides, labels) : pictureOf(numbers, sides);
  }
  if (count === 1) return h("p", value(numbers[0]));
  const isVector = count === Math.max(1, ...output.shape);
  if (isVector && count > 0 && isChoice(numbers, labels)) return bars(classesOf(output, labels).slice(0, output.top ?? MOST_BARS));
  let low = Infinity, high = -Infinity, sum = 0;
  for (const number of numbers) {
    low = Math.min(low, number);
    high = Math.max(high, number);
    sum += number;
  }
  const first = Array.from(numbers.slice(0, MOST_NUMBERS), value).join("  ");
  return [isVector && count > 1 ? curve(numbers, low, high) : null,
    h("p.faint", count === 0 ? "no elements" : `${count} elements, ${value(low)} to ${value(high)}, mean ${value(sum / count)}`),
    h("pre", first + (count > MOST_NUMBERS ? "  …" : ""))];
}

export function showAnswer(outputs, labels, picture) {
  const boxes = boxesOf(outputs, labels);
  const labelled = (output) => (elementCount(output.of?.shape ?? output.shape) === labels?.length || sidesOf(output.shape)?.[2] === 0 ? labels : null);
  return h("div.answers",
    boxes.length > 0 && picture ? h("div.pictured", drawBoxes(picture, boxes)) : null,
    outputs.map((output) => h("section", h("h4", output.name, " ",
      h("small", `${(output.of ?? output).datatype} ${shape((output.of ?? output).shape)}`)),
      output.boxes && output.shape[0] === 0 ? h("p.faint", "nothing found") : showOne(output, labelled(output)))));
}

// A stream: the most that each element was, when, and how it went. answers: a list of outputs for each part, step seconds apart.
export function showStream(answers, step, labels) {
  return h("div.answers", answers[0].map((output, place) => {
    const lists = answers.map((outputs) => new Map(classesOf(outputs[place], labels).map((found) => [found.index, found])));
    const rows = [...lists[0].keys()].map((index) => {
      const through = lists.map((found) => found.get(index)?.value ?? 0), best = through.reduce((most, number, i) => (number > through[most] ? i : most), 0);
      return {index, name: lists[0].get(index).name, value: through[best], at: (best + 1) * step, curve: curve(through, Math.min(0, ...through), Math.max(1, ...through))};
    });
    rows.sort((a, b) => b.value - a.value || a.index - b.index);
    return h("section", h("h4", output.name, " ", h("small", "the most it was, how it went, and when")), bars(rows.slice(0, MOST_BARS)));
  }));
}
