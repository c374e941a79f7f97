// SPDX-License-Identifier: Apache-2.0
// Elements, made by functions and never of text that is parsed; and numbers as people read them.

// kind: a tag, and classes behind dots. Then attributes, functions among them listen, which may be left out, and what is inside.
function make(space, kind, ...inside) {
  const [tag, ...classes] = kind.split("."), element = document.createElementNS(space, tag);
  const plain = inside[0] !== null && typeof inside[0] === "object" && !Array.isArray(inside[0]) && !(inside[0] instanceof Node);
  for (const [name, value] of Object.entries(plain ? inside.shift() : {})) {
    if (typeof value === "function") element.addEventListener(name, value);
    else if (value !== null && value !== undefined && value !== false) element.setAttribute(name, value === true ? "" : value);
  }
  if (classes.length > 0) element.classList.add(...classes);
  element.append(...inside.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

export const h = (...parts) => make("http://www.w3.org/1999/xhtml", ...parts);
export const svg = (...parts) => make("http://www.w3.org/2000/svg", ...parts);

const digits = (number) => (number >= 100 ? 0 : number >= 10 ? 1 : 2);

export function scaled(number, step, units) {
  let place = 0;
  while (place < units.length - 1 && Math.abs(number) >= step) {
    number /= step;
    place++;
  }
  return `${number.toFixed(place === 0 && Number.isInteger(number) ? 0 : digits(Math.abs(number)))} ${units[place]}`.trim();
}

export const bytes = (number) => scaled(number, 1000, ["B", "kB", "MB", "GB"]);
export const rate = (number) => (number === 0 ? "0" : scaled(number, 1000, ["", "k", "M"]));
export const seconds = (number) => (number === null ? "–" : number >= 1 ? scaled(number, 1e9, ["s"])
  : scaled(number * 1e6, 1000, ["µs", "ms"]));

export function value(number) {
  if (!Number.isFinite(number)) return String(number);
  if (Number.isInteger(number) && Math.abs(number) < 1e7) return String(number);
  return Math.abs(number) >= 1e-3 && Math.abs(number) < 1e5 ? String(Number(number.toPrecision(4))) : number.toExponential(3);
}

export const shape = (dims) => (dims.length === 0 ? "scalar" : dims.map((dim) => (dim < 0 ? "?" : dim)).join("×"));
export const elementCount = (dims) => dims.reduce((product, dim) => product * dim, 1);

// A picture of pixels: colour(i) is [red, green, blue].
export function paint(width, height, colour) {
  const canvas = h("canvas", {width, height, class: "picture"}), context = canvas.getContext("2d");
  const image = context.createImageData(width, height);
  for (let i = 0; i < width * height; i++) image.data.set([...colour(i), 255], 4 * i);
  context.putImageData(image, 0, 0);
  return canvas;
}
