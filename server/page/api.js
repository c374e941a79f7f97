// SPDX-License-Identifier: Apache-2.0
// The server: requests with a token where one is asked for, errors in its own words, tensors as binary data.
import {h} from "./dom.js";

const KEY = "plait-token";
let token = sessionStorage.getItem(KEY) ?? "";
let asking = null; // the dialog that is open, for all who were refused

export class Refused extends Error {}
export const hasToken = () => token !== "";

function askForToken() {
  asking ??= new Promise((resolve) => {
    const field = h("input", {type: "password", "aria-label": "Token", autocomplete: "off", required: true});
    const dialog = h("dialog.token",
      h("form", {method: "dialog"}, h("p", token === "" ? "This server asks for a token." : "The server does not know this token."),
        field, h("button", "Go on")));
    dialog.addEventListener("cancel", (event) => event.preventDefault());
    dialog.addEventListener("close", () => {
      token = field.value.trim();
      sessionStorage.setItem(KEY, token);
      dialog.remove();
      asking = null;
      resolve();
    });
    document.body.append(dialog);
    dialog.showModal();
  });
  return asking;
}

// The answer's body, read by `read`. Paths have no slash in front: the page may be below one of a proxy.
async function ask(path, options, read) {
  for (;;) {
    const used = token;
    const headers = {...options.headers, ...(used === "" ? {} : {Authorization: `Bearer ${used}`})};
    const answer = await fetch(path, {...options, headers, cache: "no-store"}).catch(() => {
      throw new Refused("The server does not answer.");
    });
    if (answer.ok) return read(answer);
    if (answer.status === 401) {
      if (token === used) await askForToken();
      continue;
    }
    const said = await answer.json().catch(() => ({}));
    throw new Refused(said.error ?? `The server answered ${answer.status}.`);
  }
}

const json = (answer) => answer.json();
export const get = (path) => ask(path, {}, json);
export const post = (path) => ask(path, {method: "POST"}, json);
export const pathOf = (model) => `v2/models/${encodeURIComponent(model.name)}/versions/${encodeURIComponent(model.version)}`;

// Strings: each a length of four bytes and its characters.
function strings(data) {
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength), list = [];
  for (let at = 0; at + 4 <= data.length;) {
    const length = view.getUint32(at, true);
    list.push(new TextDecoder().decode(data.subarray(at + 4, at + 4 + length)));
    at += 4 + length;
  }
  return list;
}

async function readOutputs(answer) {
  const whole = new Uint8Array(await answer.arrayBuffer());
  const length = Number(answer.headers.get("Inference-Header-Content-Length") ?? whole.length);
  const document = JSON.parse(new TextDecoder().decode(whole.subarray(0, length)));
  let at = length;
  return document.outputs.map((output) => {
    const data = whole.slice(at, at += output.parameters.binary_data_size);
    return {...output, data: output.datatype === "BYTES" ? strings(data) : data};
  });
}

// inputs: {name, datatype, shape, data: Uint8Array}; classes: how many of the best elements are wanted of an output, by name.
export async function infer(model, inputs, classes) {
  const head = new TextEncoder().encode(JSON.stringify({
    inputs: inputs.map(({name, datatype, shape, data}) => ({name, datatype, shape, parameters: {binary_data_size: data.length}})),
    outputs: model.outputs.map(({name}) => ({name, parameters: {binary_data: true,
      ...(classes[name] ? {classification: classes[name]} : {})}})),
  }));
  const headers = {"Inference-Header-Content-Length": String(head.length), "Content-Type": "application/octet-stream"};
  const body = new Blob([head, ...inputs.map((input) => input.data)]);
  const began = performance.now();
  const outputs = await ask(`${pathOf(model)}/infer`, {method: "POST", headers, body}, readOutputs);
  return {outputs, milliseconds: performance.now() - began};
}
