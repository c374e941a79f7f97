// SPDX-License-Identifier: Apache-2.0
// Elements of tensors: the protocol's types as JavaScript's, numbers as they are stored and as they are meant.

const KINDS = {
  BOOL: [Uint8Array, 0, 1], UINT8: [Uint8Array, 0, 255], UINT16: [Uint16Array, 0, 65535], UINT32: [Uint32Array, 0, 2 ** 32 - 1],
  INT8: [Int8Array, -128, 127], INT16: [Int16Array, -32768, 32767], INT32: [Int32Array, -(2 ** 31), 2 ** 31 - 1],
  UINT64: [BigUint64Array, 0, Number.MAX_SAFE_INTEGER], INT64: [BigInt64Array, Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER],
  FP32: [Float32Array], FP64: [Float64Array], FP16: [globalThis.Float16Array ?? Float32Array], BF16: [Uint16Array],
};
const single = new Float32Array(1), singleBits = new Uint32Array(single.buffer);

export const isFloat = (datatype) => datatype.startsWith("FP") || datatype === "BF16";
export const rangeOf = (datatype) => KINDS[datatype].slice(1);

// BF16 is the upper half of FP32; what is lost is rounded, ties to even.
function brainOf(number) {
  single[0] = number;
  return Number.isNaN(number) ? 0x7fc0 : (singleBits[0] + 0x7fff + ((singleBits[0] >>> 16) & 1)) >>> 16;
}

function fromBrain(bits) {
  singleBits[0] = bits << 16;
  return single[0];
}

// Numbers as the type stores them; whole ones are rounded, and end at its limits.
export function pack(datatype, numbers) {
  const [Kind, low, high] = KINDS[datatype], out = new Kind(numbers.length);
  const round = (number) => Math.min(high, Math.max(low, Math.round(number)));
  for (let i = 0; i < numbers.length; i++) {
    if (datatype === "BF16") out[i] = brainOf(numbers[i]);
    else if (isFloat(datatype)) out[i] = numbers[i];
    else out[i] = datatype.endsWith("64") ? BigInt(round(numbers[i])) : round(numbers[i]);
  }
  return new Uint8Array(out.buffer);
}

export function unpack(datatype, data) {
  const stored = new KINDS[datatype][0](data.buffer, data.byteOffset, data.byteLength / KINDS[datatype][0].BYTES_PER_ELEMENT);
  if (datatype === "BF16") return Float64Array.from(stored, fromBrain);
  return Float64Array.from(stored, Number);
}

// One scale for all: what channels have of their own is shown as it is stored.
const scaleOf = ({quantization}) => (quantization?.scale.length === 1 ? quantization : null);

export function dequantize(tensor, numbers) {
  const found = scaleOf(tensor);
  return found === null ? numbers : numbers.map((number) => found.scale[0] * (number - found.zero_point[0]));
}

export function quantize(tensor, numbers) {
  const found = scaleOf(tensor);
  return found === null ? numbers : numbers.map((number) => number / found.scale[0] + found.zero_point[0]);
}

export function dequantized(tensor, number) {
  return dequantize(tensor, [number])[0];
}
