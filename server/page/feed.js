// SPDX-License-Identifier: Apache-2.0
// What an input is fed with: a picture, a sound, numbers - made into elements of its type and shape.
import {elementCount, h, paint, shape} from "./dom.js";
import {isFloat, pack, quantize, rangeOf} from "./elements.js";

const MOST_SIDE = 1024, LEAST_SIDE = 8, LEAST_SAMPLES = 160;
export const RATES = [16000, 8000, 22050, 44100, 48000];

// Pixels are [0, 1] of what canvas gives; a quantized input gets them by its scale, others as they are.
export const RANGES = {
  bytes: ["bytes as they are", (byte) => byte],
  unit: ["0 to 1", (byte) => byte / 255],
  signed: ["−1 to 1", (byte) => byte / 127.5 - 1],
  full: ["0 to 255", (byte) => byte],
};

// {height, width, channels} where the shape may be a picture's, else null; a side of -1 is open.
export function pictureShape(dims) {
  let sides = dims.length === 4 ? dims.slice(1) : dims.length === 3 && dims[2] > 4 ? [dims[1], dims[2], 1] : dims.length === 3 ? dims : null;
  if (sides === null || (dims.length === 4 && Math.abs(dims[0]) !== 1) || ![1, 3].includes(sides[2])) return null;
  if (sides.slice(0, 2).some((side) => side >= 0 && side < LEAST_SIDE)) return null;
  return {height: sides[0], width: sides[1], channels: sides[2]};
}

// Whether the input may be samples of a sound: a file says so, or it is long and nothing else.
export function soundShape(input) {
  const rows = input.shape.filter((dim) => Math.abs(dim) !== 1), length = input.shape.at(-1);
  if (input.rate) return {length, rate: input.rate, hop: input.hop};
  if (!["FP32", "INT16"].includes(input.datatype) || rows.length > 1 || !(length >= LEAST_SAMPLES || input.hop)) return null;
  return {length, rate: null, hop: input.hop};
}

export const rangesOf = (input) => (["UINT8", "INT8"].includes(input.datatype) ? ["bytes", "unit", "signed", "full"]
  : input.picture ? ["file"] : ["unit", "signed", "full"]);

// ---- pictures

// Where each row or column comes from, as `plait run` has it: two of the picture's, and the weight of the second.
function sources(from, to, nearest) {
  let at = from / to / 2;
  return Array.from({length: to}, (_, i) => {
    const place = nearest ? Math.min(from - 1, Math.floor(at)) : Math.min(from - 1, Math.max(0, (i + 0.5) * from / to - 0.5)), first = Math.floor(place);
    at += from / to;
    return [first, Math.min(from - 1, first + 1), Math.fround(place - first)];
  });
}

const pixelsOf = (picture) => {
  const context = h("canvas", {width: picture.width, height: picture.height}).getContext("2d", {willReadFrequently: true});
  context.drawImage(picture, 0, 0);
  return context.getImageData(0, 0, picture.width, picture.height).data;
};

// Bytes of each channel; of one, as stb_image makes grey.
function resize(picture, width, height, channels, nearest) {
  const pixels = pixelsOf(picture), out = new Float64Array(width * height * channels), same = picture.width === width && picture.height === height;
  const grey = (i) => (77 * pixels[i] + 150 * pixels[i + 1] + 29 * pixels[i + 2]) >> 8;
  const columns = sources(picture.width, width, nearest), mix = (a, b, weight) => Math.fround(a + Math.fround((b - a) * weight));
  let at = 0;
  for (const [top, bottom, down] of sources(picture.height, height, nearest)) {
    for (const [left, right, across] of columns) {
      for (let k = 0; k < channels; k++) {
        const byte = (x, y) => (channels === 1 ? grey(4 * (y * picture.width + x)) : pixels[4 * (y * picture.width + x) + k]);
        out[at++] = same ? byte(left, top) : Math.floor(mix(mix(byte(left, top), byte(right, top), across), mix(byte(left, bottom), byte(right, bottom), across), down) + 0.5);
      }
    }
  }
  return out;
}

function conversion(input, range) {
  if (range === "file") return (byte) => (byte - input.picture.mean) / input.picture.std;
  if (range === "bytes") return input.datatype === "INT8" ? (byte) => byte - 128 : (byte) => byte;
  return RANGES[range][1];
}

export async function fromPicture(input, file, {range, nearest}) {
  const picture = await createImageBitmap(file).catch(() => { throw new Error(`${file.name} is no picture that this browser reads.`); });
  const sides = pictureShape(input.shape), fit = Math.min(1, MOST_SIDE / Math.max(picture.width, picture.height));
  const width = sides.width < 0 ? Math.round(picture.width * fit) : sides.width;
  const height = sides.height < 0 ? Math.round(picture.height * fit) : sides.height;
  const bytes = resize(picture, width, height, sides.channels, nearest);
  const canvas = paint(width, height, (i) => [0, 1, 2].map((k) => bytes[sides.channels === 3 ? 3 * i + k : i]));
  const numbers = bytes.map(conversion(input, range));
  let dims = input.shape.map((dim) => Math.abs(dim));
  if (dims.length === 4) dims = [1, height, width, sides.channels];
  else if (sides.channels === 1 && dims[2] > 4) dims = [1, height, width];
  else dims = [height, width, sides.channels];
  const stored = range === "bytes" || range === "file" || isFloat(input.datatype) ? numbers : quantize(input, numbers);
  return {parts: [{shape: dims, data: pack(input.datatype, stored)}], preview: canvas, picture,
    note: `${file.name} ${picture.width}×${picture.height} → ${width}×${height}`};
}

// ---- sounds

// Samples of [-1, 1] as the type has them.
function samplesOf(input, samples) {
  if (isFloat(input.datatype)) return pack(input.datatype, samples);
  if (input.datatype === "INT16") return pack("INT16", samples.map((sample) => sample * 32768));
  return pack(input.datatype, quantize(input, samples));
}

async function decode(file, rate) {
  const sound = await new OfflineAudioContext(1, 1, rate).decodeAudioData(await file.arrayBuffer())
    .catch(() => { throw new Error(`${file.name} is no sound that this browser reads.`); });
  const mono = new Float32Array(sound.length);
  for (let channel = 0; channel < sound.numberOfChannels; channel++)
    sound.getChannelData(channel).forEach((sample, i) => { mono[i] += sample / sound.numberOfChannels; });
  return mono;
}

// A stream gets it in parts, to see what is said meanwhile, and a second of silence first: it goes on where the last request ended.
export async function fromSound(input, file, {rate}) {
  const wanted = soundShape(input), samples = await decode(file, rate);
  const note = `${file.name}, ${(samples.length / rate).toFixed(2)} s at ${rate} Hz`;
  const part = (piece, silent) => ({shape: input.shape.map((dim, axis) => (axis === input.shape.length - 1 ? piece.length : Math.abs(dim))),
    data: samplesOf(input, piece), silent});
  if (!wanted.hop) {
    const fitting = new Float32Array(wanted.length);
    fitting.set(samples.subarray(0, wanted.length));
    const fate = samples.length > wanted.length ? `, the first ${wanted.length} samples` : samples.length < wanted.length ? ", then silence" : "";
    return {parts: [part(fitting)], wave: fitting, note: note + fate};
  }
  const step = Math.ceil(rate / 20 / wanted.hop) * wanted.hop, parts = [part(new Float32Array(Math.ceil(rate / step) * step), true)];
  for (let at = 0; at < samples.length; at += step) {
    const piece = new Float32Array(step);
    piece.set(samples.subarray(at, at + step));
    parts.push(part(piece));
  }
  return {parts, wave: samples, step: step / rate, note: `${note}, after a second of silence`};
}

// ---- numbers

const closed = (input) => input.shape.map((dim) => (dim < 0 ? input.hop ?? 1 : dim));

export function fromNumbers(input, text) {
  const numbers = text.split(/[\s,;[\]]+/).filter((word) => word !== "").map(Number), dims = closed(input), wanted = elementCount(dims);
  if (numbers.some(Number.isNaN)) throw new Error(`${input.name}: what is written there are not numbers only.`);
  if (numbers.length !== wanted && numbers.length !== 1)
    throw new Error(`${input.name}: ${numbers.length} numbers where ${shape(dims)} has ${wanted} elements; one alone is taken for all.`);
  const all = numbers.length === wanted ? numbers : new Array(wanted).fill(numbers[0]);
  return {parts: [{shape: dims, data: input.datatype === "BYTES" ? new Uint8Array(4 * wanted) : pack(input.datatype, all)}],
    note: numbers.length === wanted ? "as written" : `${numbers[0]} for all`};
}

export function fromChance(input) {
  const dims = closed(input), count = elementCount(dims);
  if (input.datatype === "BYTES") return fromNumbers(input, "0");
  const [low, high] = isFloat(input.datatype) ? [0, 1] : [Math.max(-128, rangeOf(input.datatype)[0]), Math.min(255, rangeOf(input.datatype)[1])];
  const numbers = Float64Array.from({length: count}, () => low + Math.random() * (high - low));
  return {parts: [{shape: dims, data: pack(input.datatype, numbers)}], note: `random, ${low} to ${high}`};
}
