// What can be done with versions: a button for each, which asks before it tells the host; and the push of a file. In: what
// the operator wants. Out: commands to the host, its refusals in its own words.

import { shareWritten, tenthsOf } from "./figures.js";
import { post, push } from "./host.js";

const element = (id) => document.getElementById(id);

const NO_SHARE = "This is no share: 0 to 99.9 percent, with one decimal at most.";

// With a version of which state. `text`: what the operator is asked.
export const COMMANDS = [
  {
    name: "Split",
    states: ["candidate", "kept", "checked", "draining"],
    text: (it) => `Version ${it} gets a share of the subscribers: always the same ones, and those of a smaller share are among them.`,
    asksShare: true,
    path: (base, tenths) => `${base}/split?share=${tenths}`,
  },
  {
    name: "Promote",
    states: ["candidate", "kept", "checked", "draining"],
    text: (it) => `Version ${it} becomes the active one: all new transactions go to it. Calls stay with the version that took them.`,
    path: (base) => `${base}/promote`,
  },
  {
    name: "Take back",
    states: ["candidate"],
    text: (it) => `The share of version ${it} goes back to the active one. The version is kept.`,
    path: (base) => `${base}/split?share=0`,
  },
  {
    name: "Adopt",
    states: ["draining"],
    text: (it) => `Calls of version ${it} go on with the active one, instead of ending with the version that took them.`,
    path: (base) => `${base}/adopt`,
  },
];

export class Commands {
  #changed;
  #refusal = "not known yet";
  #role = "";
  #plugins = [];

  constructor(changed) {
    this.#changed = changed;
    element("rollback").addEventListener("click", () => this.#rollBack());
    element("push").addEventListener("click", () => this.#push());
    element("push-how").addEventListener("change", showShareOfPush);
  }

  show(role, plugins) {
    this.#role = role;
    this.#plugins = plugins;
  }

  allow(refusal) {
    this.#refusal = refusal;
    const text = refusal === null ? "You may change versions here." : `Read only: ${refusal}.`;
    if (element("permission").textContent !== text) element("permission").textContent = text;
    for (const button of document.querySelectorAll("button.change")) this.#enable(button);
  }

  button(command, number) {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "change";
    button.textContent = `${command.name}…`;
    button.setAttribute("aria-label", `${command.name} version ${number}`);
    button.setAttribute("aria-describedby", "permission");
    button.addEventListener("click", () => this.#command(command, number));
    this.#enable(button);
    return button;
  }

  #enable(button) {
    button.disabled = this.#refusal !== null;
    button.title = this.#refusal ?? "";
  }

  #base() {
    return `/plugins/${encodeURIComponent(this.#role)}`;
  }

  #command(command, number) {
    const version = this.#plugins.find((one) => one.number === number);
    if (version === undefined) return;
    const base = `${this.#base()}/${number}`;
    this.#confirm({
      title: `${command.name} #${number}`,
      text: command.text(`#${number} (${version.name} ${version.version})`),
      share: command.asksShare ? shareWritten(version.share || 10) : null,
      verb: command.name,
      path: (tenths) => command.path(base, tenths),
    });
  }

  #rollBack() {
    const candidates = this.#plugins.filter((one) => one.state === "candidate");
    const which = candidates.map((one) => `#${one.number}`).join(" and ");
    this.#confirm({
      title: "Roll back",
      text:
        candidates.length > 0
          ? `The share of ${which} goes back to the active version.`
          : "The version that was active before becomes the active one again.",
      share: null,
      verb: "Roll back",
      path: () => `${this.#base()}/rollback`,
    });
  }

  #confirm({ title, text, share, verb, path }) {
    const dialog = element("confirm");
    element("confirm-title").textContent = title;
    element("confirm-text").textContent = text;
    element("confirm-share").hidden = share === null;
    element("share").value = share ?? "";
    element("confirm-yes").textContent = verb;
    element("confirm-no").onclick = () => dialog.close();
    element("confirm-form").onsubmit = (event) => {
      event.preventDefault();
      const tenths = share === null ? 0 : tenthsOf(element("share").value);
      if (tenths === null) element("confirm-error").textContent = NO_SHARE;
      else this.#tell("confirm", "", () => post(path(tenths)));
    };
    open(dialog, "confirm");
    if (share !== null) element("share").select();
    else element("confirm-no").focus();
  }

  #push() {
    const dialog = element("push-dialog");
    element("push-form").reset();
    showShareOfPush();
    element("push-no").onclick = () => dialog.close();
    element("push-form").onsubmit = (event) => {
      event.preventDefault();
      const [file] = element("push-file").files;
      const how = element("push-how").value;
      const tenths = how === "share" ? tenthsOf(element("push-share").value) : 0;
      const error = element("push-error");
      if (file === undefined) error.textContent = "Choose a file first.";
      else if (tenths === null) error.textContent = NO_SHARE;
      else {
        const query = { check: "", share: `?share=${tenths}`, activate: "?activate=true" }[how];
        this.#tell("push", `${file.name} is being checked and compiled …`, () => push(`${this.#base()}${query}`, file));
      }
    };
    open(dialog, "push");
    element("push-file").focus();
  }

  // The dialog stays open where the host refuses, with its reason.
  async #tell(name, meanwhile, command) {
    const [yes, error] = [element(`${name}-yes`), element(`${name}-error`)];
    yes.disabled = true;
    error.classList.toggle("waiting", meanwhile !== "");
    error.textContent = meanwhile;
    try {
      await command();
      yes.closest("dialog").close();
      this.#changed();
    } catch (refused) {
      error.classList.remove("waiting");
      error.textContent = `${refused.message}.`;
    }
    yes.disabled = false;
  }
}

function open(dialog, name) {
  element(`${name}-yes`).disabled = false;
  element(`${name}-error`).textContent = "";
  dialog.showModal();
}

function showShareOfPush() {
  element("push-share-line").hidden = element("push-how").value !== "share";
}
