// Dialogs: what is asked before the host is told. In: a question, a command. Out: the command's answer; where the host refuses,
// the dialog stays open with its reason.

import { element } from "./elements.js";
import { shareWritten, tenthsOf } from "./figures.js";

export const NO_SHARE = "This is no share: a percentage with one decimal at most.";

let changed = () => {};
// Counts what `confirm` asked: an answer to an earlier question is no longer wanted.
let asked = 0;

// `then` is called after each command that the host took.
export function whenChanged(then) {
  changed = then;
}

// Opens the dialog `NAME-dialog`: `NAME-form` is what it asks, `NAME-no` closes it. `submit` is called when it is answered.
export function open(name, submit) {
  const dialog = element(`${name}-dialog`);
  element(`${name}-yes`).disabled = false;
  complain(name, "");
  element(`${name}-no`).onclick = () => dialog.close();
  element(`${name}-form`).onsubmit = (event) => {
    event.preventDefault();
    submit();
  };
  dialog.showModal();
}

export function complain(name, text) {
  const place = element(`${name}-error`);
  place.classList.remove("waiting");
  place.textContent = text;
}

// Tells the host, with `meanwhile` to be read until it answers. `undefined`: it refused, and the dialog says so.
export async function tell(name, meanwhile, command) {
  const [error, yes] = [element(`${name}-error`), element(`${name}-yes`)];
  error.textContent = meanwhile;
  error.classList.add("waiting");
  yes.disabled = true;
  try {
    const said = await command();
    element(`${name}-dialog`).close();
    changed();
    return said ?? null;
  } catch (refused) {
    complain(name, `${refused.message}.`);
    return undefined;
  } finally {
    yes.disabled = false;
  }
}

// Asks whether a command is meant. `text`: what it does; or a promise of that, for what must be looked up. `share`: where one
// is asked for: its name, its rule, its tenths of a percent now. `command` is called with the tenths.
export async function confirm({ title, text, share, verb, isDrastic, meanwhile, command }) {
  element("confirm-title").textContent = title;
  element("confirm-share").hidden = share === undefined;
  element("share").value = share === undefined ? "" : shareWritten(share.tenths);
  element("share-name").textContent = share?.name ?? "";
  element("share-rule").textContent = share?.rule ?? "";
  const yes = element("confirm-yes");
  yes.textContent = verb;
  yes.classList.toggle("drastic", isDrastic === true);
  open("confirm", () => {
    const tenths = share === undefined ? 0 : tenthsOf(element("share").value);
    if (tenths === null) complain("confirm", NO_SHARE);
    else tell("confirm", meanwhile ?? "", () => command(tenths));
  });
  if (share === undefined) element("confirm-no").focus();
  else element("share").select();
  asked += 1;
  const place = element("confirm-text");
  if (typeof text === "string") place.textContent = text;
  else await lookUp(place, text, asked);
}

// Nobody says yes before it is known to what.
async function lookUp(place, text, question) {
  const yes = element("confirm-yes");
  place.textContent = "The host is asked how much that is …";
  yes.disabled = true;
  const found = await text.catch((refused) => `${refused.message}.`);
  if (asked !== question) return;
  place.textContent = found;
  yes.disabled = false;
}
