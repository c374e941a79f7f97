// SPDX-License-Identifier: Apache-2.0
// What is known of the models, and how they did in the last two minutes: asked for once a second, never by a page that is hidden.
import {get, post} from "./api.js";
import {SPAN} from "./chart.js";

const PERIOD = 1000, DETAILS_EVERY = 5; // milliseconds; of these
export const keyOf = (model) => `${model.name}/${model.version}`;

export const live = {server: null, details: null, models: [], histories: new Map(), total: [], error: null};
const listeners = [];
let before = null; // counts of the last time, by key
let beforeTime = 0;
let rounds = 0, timer = 0, asking = false;

export const onChange = (listener) => listeners.push(listener);

// Seconds below which this part of the requests ended; between two bounds of a histogram it is a guess.
function quantile(part, bounds, counts) {
  const all = counts.reduce((sum, count) => sum + count, 0);
  let left = part * all;
  for (let i = 0; i < counts.length && all > 0; i++) {
    if (left <= counts[i] && counts[i] > 0) {
      const low = i > 0 ? bounds[i - 1] : 0, high = bounds[i] ?? low;
      return low + (high - low) * left / counts[i];
    }
    left -= counts[i];
  }
  return null;
}

const COUNTED = ["success", "fail", "queue", "compute_infer"];

function countsOf(entry) {
  const numbers = {counts: entry.duration.counts, bounds: entry.duration.bounds};
  for (const kind of COUNTED) numbers[kind] = entry.inference_stats[kind];
  return numbers;
}

function sum(all) {
  const total = {counts: [], bounds: []};
  for (const kind of COUNTED) total[kind] = {count: 0, ns: 0};
  for (const entry of all) {
    total.bounds = entry.bounds;
    entry.counts.forEach((count, i) => { total.counts[i] = (total.counts[i] ?? 0) + count; });
    for (const kind of COUNTED) for (const number of ["count", "ns"]) total[kind][number] += entry[kind][number];
  }
  return total;
}

// One point of each line, from what changed since.
function sample(now, then, time, elapsed) {
  const counts = now.counts.map((count, i) => count - (then.counts[i] ?? 0)), done = now.success.count - then.success.count;
  const mean = (kind) => (done > 0 ? (now[kind].ns - then[kind].ns) / done / 1e9 : null);
  return {time, rate: done / elapsed, failures: (now.fail.count - then.fail.count) / elapsed, model: mean("compute_infer"),
    queue: mean("queue"), p50: quantile(0.5, now.bounds, counts), p99: quantile(0.99, now.bounds, counts)};
}

function add(history, now, then, time, elapsed) {
  // A model that was loaded again counts from nothing; after a pause the lines begin anew.
  const whole = then !== undefined && now.success.count >= then.success.count && now.fail.count >= then.fail.count;
  if (elapsed > 3 && history.length > 0)
    history.push({time, rate: null, failures: null, model: null, queue: null, p50: null, p99: null});
  if (whole) history.push(sample(now, then, time, elapsed));
  while (history.length > 0 && history[0].time < time - SPAN - 2) history.shift();
}

function take(stats) {
  const time = performance.now() / 1000, now = new Map();
  for (const entry of stats.model_stats) now.set(keyOf(entry), countsOf(entry));
  const same = before !== null && now.size === before.size && [...now.keys()].every((key) => before.has(key));
  for (const [key, numbers] of now) {
    if (!live.histories.has(key)) live.histories.set(key, []);
    if (before !== null) add(live.histories.get(key), numbers, before.get(key), time, time - beforeTime);
  }
  for (const key of live.histories.keys()) if (!now.has(key)) live.histories.delete(key);
  if (before !== null && same) add(live.total, sum(now.values()), sum(before.values()), time, time - beforeTime);
  live.time = time;
  before = now;
  beforeTime = time;
  return same;
}

export async function refresh() {
  const [index, details] = await Promise.all([post("v2/repository/index"), get("v2/models/details")]);
  live.server ??= await get("v2");
  const loaded = new Map(details.models.map((model) => [keyOf(model), model]));
  live.details = details;
  live.models = index.map((entry) => ({...entry, ...loaded.get(keyOf(entry)), ready: loaded.has(keyOf(entry))}));
}

async function round() {
  if (asking || document.hidden) return;
  asking = true;
  clearTimeout(timer);
  try {
    const same = take(await get("v2/models/stats"));
    if (!same || rounds++ % DETAILS_EVERY === 0) await refresh();
    live.error = null;
  } catch (error) {
    live.error = error.message;
  }
  asking = false;
  for (const listener of listeners) listener();
  timer = setTimeout(round, PERIOD);
}

export function start() {
  document.addEventListener("visibilitychange", () => (document.hidden ? clearTimeout(timer) : round()));
  return round();
}
