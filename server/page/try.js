// SPDX-License-Identifier: Apache-2.0
// Trying a model: a field for each input to be fed, and below it what the model says.
import {infer} from "./api.js";
import {showAnswer, showStream} from "./answer.js";
import {curve} from "./chart.js";
import {elementCount, h, scaled, shape} from "./dom.js";
import {fromChance, fromNumbers, fromPicture, fromSound, pictureShape, RANGES, rangesOf, RATES, soundShape} from "./feed.js";

const MOST_CLASSES = 64, MOST_TOP = 10;
const labelsOf = new Map(); // that were dropped, by model

const isText = (file) => file.type.startsWith("text/") || /\.(txt|labels)$/i.test(file.name);
const isSound = (file) => file.type.startsWith("audio/") || /\.(wav|flac|ogg|mp3|opus|m4a)$/i.test(file.name);

function readLabels(text) {
  const lines = text.trimEnd().split(/\r?\n/).map((line) => line.trimEnd());
  const numbered = lines.every((line, i) => new RegExp(`^${i}[\\s:]`).test(line));
  return numbered ? lines.map((line) => line.replace(/^\d+:?\s*/, "")) : lines;
}

const choice = (label, options, change) => h("label", label, " ", h("select", {change},
  options.map(([name, text]) => h("option", {value: name}, text))));

// One input: what it was given, and how that becomes elements. `changed` is called when there is something new.
function field(input, changed) {
  const picture = pictureShape(input.shape), sound = soundShape(input);
  const state = {source: null, make: null, settings: {range: rangesOf(input)[0], nearest: input.picture?.resize === "nearest", rate: sound?.rate ?? RATES[0]}};
  const preview = h("div.preview"), note = h("p.note");
  const set = (name) => (event) => {
    state.settings[name] = name === "range" ? event.target.value : name === "rate" ? Number(event.target.value) : event.target.value === "nearest";
    if (state.source) changed();
  };
  const settings = picture ? [
    choice("values", rangesOf(input).map((name) => [name, RANGES[name]?.[0] ?? `(byte − ${input.picture.mean}) / ${input.picture.std}`]), set("range")),
    choice("resize", (input.picture?.resize === "nearest" ? ["nearest", "bilinear"] : ["bilinear", "nearest"]).map((name) => [name, name]), set("nearest")),
  ] : sound && !sound.rate ? [choice("rate", RATES.map((rate) => [rate, `${rate} Hz`]), set("rate"))] : [];
  state.take = (file) => {
    if (isSound(file) ? !sound : !picture)
      throw new Error(`${file.name}: ${input.name} takes no ${isSound(file) ? "sound" : "picture"}: it is ${input.datatype} ${shape(input.shape)}.`);
    state.source = file;
    state.make = () => (isSound(file) ? fromSound : fromPicture)(input, file, state.settings);
    changed();
  };
  const chooser = h("input", {type: "file", class: "hidden", accept: picture ? "image/*" : "audio/*", "aria-label": `File for ${input.name}`,
    change: () => chooser.files[0] && state.take(chooser.files[0])});
  const numbers = h("input", {type: "text", placeholder: elementCount(input.shape) > 1 ? "numbers" : "a number", "aria-label": `Numbers for ${input.name}`,
    change: () => {
      state.source = numbers.value;
      state.make = async () => fromNumbers(input, numbers.value);
      changed();
    }});
  const random = h("button", {click: () => {
    state.source = "random";
    state.make = async () => fromChance(input);
    changed();
  }}, "Random");
  state.show = (made) => {
    preview.replaceChildren(...(made.preview ? [made.preview] : made.wave ? [curve(made.wave, -1, 1)] : []));
    note.textContent = made.note;
  };
  state.input = input;
  state.takes = picture ? "picture" : sound ? "sound" : null;
  state.element = h("div.field", preview, h("div",
    h("p", h("b", input.name), " ", h("small", `${input.datatype} ${shape(input.shape)}`)), note,
    h("div.controls", state.takes ? h("label.button", `Choose a ${state.takes}`, chooser) : null, random, numbers, settings)));
  return state;
}

function classesWanted(model) {
  return Object.fromEntries(model.outputs.filter((output) => output.labels)
    .map((output) => [output.name, output.labels <= MOST_CLASSES ? output.labels : Math.max(output.top ?? 0, MOST_TOP)]));
}

// What the server says of an output beside what it answered; of one it sorted itself, `of` is what it was.
function explain(model, outputs, classes) {
  return outputs.map((output) => {
    const known = model.outputs.find(({name}) => name === output.name);
    return classes[output.name] ? {...output, of: known} : {...known, ...output};
  });
}

async function run(model, made) {
  const classes = classesWanted(model), answers = [], times = [];
  const length = Math.max(...made.map(({parts}) => parts.length));
  for (let i = 0; i < length; i++) {
    const parts = made.map(({parts: own}) => own[Math.min(i, own.length - 1)]);
    const {outputs, milliseconds} = await infer(model, model.inputs.map((input, k) => ({...input, ...parts[k]})), classes);
    times.push(milliseconds);
    if (!parts.some((part) => part.silent)) answers.push(explain(model, outputs, classes));
  }
  return {answers, times};
}

export function tryOut(model) {
  const said = h("div", {"aria-live": "polite"}), problem = h("p.bad", {role: "alert"}), time = h("small");
  let number = 0;
  const showError = (error) => { problem.textContent = error.message; };
  async function changed() {
    const own = ++number; // of several that were dropped quickly, the last one is shown
    problem.textContent = "";
    try {
      const made = [];
      for (const each of fields) {
        const result = await (each.make ? each.make() : fromChance(each.input));
        each.show(result);
        made.push(result);
      }
      const {answers, times} = await run(model, made);
      if (own !== number) return;
      const labels = labelsOf.get(model.name), stream = made.find((result) => result.step);
      said.replaceChildren(stream && answers[0].every((output) => elementCount((output.of ?? output).shape) === Math.max(...(output.of ?? output).shape)) ? showStream(answers, stream.step, labels)
        : showAnswer(answers.at(-1), labels, made.find((result) => result.picture)?.picture));
      const all = times.reduce((sum, each) => sum + each, 0);
      time.textContent = times.length > 1 ? `${times.length} requests, ${scaled(all / times.length, 1e9, ["ms"])} each` : `answered in ${scaled(all, 1e9, ["ms"])}, with the way there`;
    } catch (error) {
      if (own !== number) return;
      said.replaceChildren();
      showError(error);
    }
  }
  const fields = model.inputs.map((input) => field(input, changed));
  async function drop(files) {
    try {
      for (const file of files) {
        if (isText(file)) {
          labelsOf.set(model.name, readLabels(await file.text()));
          if (fields.some((each) => each.make)) await changed();
        } else {
          (fields.find((each) => each.takes === (isSound(file) ? "sound" : "picture")) ?? fields[0]).take(file);
        }
      }
    } catch (error) {
      showError(error);
    }
  }
  const kinds = [...new Set(fields.map((each) => each.takes).filter(Boolean))];
  const hint = kinds.length > 0 ? `Drop a ${kinds.join(" or ")} here, or a list of labels` : "Numbers, or random ones";
  const element = h("section", {class: "try",
    dragover: (event) => {
      event.preventDefault();
      element.classList.add("over");
    },
    dragleave: () => element.classList.remove("over"),
    drop: (event) => {
      event.preventDefault();
      element.classList.remove("over");
      drop([...event.dataTransfer.files]);
    }},
  h("h3", "Try it ", h("small", hint), time), fields.map((each) => each.element), problem, said);
  return element;
}
