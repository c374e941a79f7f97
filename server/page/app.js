// SPDX-License-Identifier: Apache-2.0
// The page: the list, the panel of what the address names behind #, and a line of what all of it does.
import {bytes, h, rate, seconds} from "./dom.js";
import {list, moveInList, showList} from "./list.js";
import {keyOf, live, onChange, start} from "./live.js";
import {modelPanel, overviewPanel} from "./panel.js";

let panel = null, shown = null; // and what it shows: a key, and what would have it made anew

const numbers = ["requests/s", "median", "99 %", "memory"].map((name) => [h("b", "–"), name]);
const state = h("span.state", {role: "status"});
const version = h("small");
const place = h("main.panel", {id: "panel"});

function wanted() {
  const [name, number] = location.hash.slice(1).split("/").map(decodeURIComponent);
  if (!name) return null;
  return live.models.find((model) => model.name === name && (number === undefined || model.version === number)) ?? {name, version: number ?? "?", reason: "There is no such model.", ready: false};
}

function show() {
  const model = wanted(), key = model === null ? "" : keyOf(model), made = JSON.stringify(model === null ? "" : {...model, memory: undefined, models: undefined});
  if (shown?.made !== made) {
    const moved = shown !== null && shown.key !== key;
    panel = model === null ? overviewPanel() : modelPanel(model);
    place.replaceChildren(panel.element);
    shown = {key, made};
    if (moved) place.scrollTo(0, 0);
    if (moved && model !== null) place.querySelector("h2").focus({preventScroll: true});
  }
  document.body.classList.toggle("one", model !== null);
  document.title = model === null ? "plait" : `${model.name} · plait`;
  panel.show();
  showList(key);
}

function showTop() {
  const last = live.total.at(-1), memory = live.details?.memory.allocated;
  const texts = [last?.rate != null ? rate(last.rate) : "–", last ? seconds(last.p50) : "–", last ? seconds(last.p99) : "–", memory ? bytes(memory) : "–"];
  texts.forEach((text, i) => { numbers[i][0].textContent = text; });
  version.textContent = live.server?.version ?? "";
  state.textContent = live.error ?? "live";
  state.className = live.error ? "state bad" : "state";
}

function update() {
  showTop();
  if (live.details) show();
}

document.body.append(
  h("header.top", h("a", {href: "#", class: "brand"}, h("img", {src: "page/icon.svg", alt: "", width: 20, height: 20}), "plait ", version),
    h("span.totals", numbers.map(([number, name]) => h("span", number, " ", h("small", name)))), state),
  h("div.columns", list, place));
addEventListener("hashchange", update);
addEventListener("keydown", moveInList);
// A file that misses the field must not take the page's place.
for (const kind of ["dragover", "drop"]) addEventListener(kind, (event) => event.preventDefault());
onChange(update);
start();
