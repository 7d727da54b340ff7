// What can be done with versions: a button for each, which asks before it tells the host. In: versions as the host tells them.
// Out: commands to the host.

import { confirm } from "./dialogs.js";
import { element, make } from "./elements.js";
import { count, share } from "./figures.js";
import { get, post, remove } from "./host.js";
import { changes } from "./permission.js";
import { pushFile } from "./push.js";
import { split } from "./split.js";

// Tenths of a percent of the calls for a version that is not in the shadow yet.
const SHADOW = 100;

const OTHERS = ["candidate", "kept", "checked", "draining"];
const isOther = ({ state }) => OTHERS.includes(state);
const isDraining = ({ state }) => state === "draining";

// With which version; `open` is called with it, and with all that is known.
const COMMANDS = [
  { name: "Split", fits: isOther, open: (version, { base }) => split(base, version) },
  {
    name: "Promote",
    fits: isOther,
    open: (version, { base }) =>
      confirm({
        title: `Promote #${version.number}`,
        text:
          `Version ${nameOf(version)} becomes the active one: all new transactions go to it. ` +
          "Calls stay with the version that took them.",
        verb: "Promote",
        command: () => post(`${base}/${version.number}/promote`),
      }),
  },
  {
    name: "Take back",
    fits: ({ state }) => state === "candidate",
    open: (version, { base }) =>
      confirm({
        title: `Take back #${version.number}`,
        text: `The share of version ${nameOf(version)} goes back to the active one. The version is kept.`,
        verb: "Take back",
        command: () => post(`${base}/${version.number}/split?share=0`),
      }),
  },
  {
    name: "Adopt",
    fits: isDraining,
    open: (version, { base, active }) =>
      confirm({
        title: `Adopt the calls of #${version.number}`,
        text: callsOf(
          base,
          version,
          `They go on with the active version, ${nameOf(active)}, which finds the variables that the host keeps for them. ` +
            "No call ends.",
        ),
        verb: "Adopt",
        command: () => post(`${base}/${version.number}/adopt`),
      }),
  },
  {
    name: "End",
    fits: isDraining,
    open: (version, { base, active }) =>
      confirm({
        title: `End the calls of #${version.number}`,
        text: callsOf(
          base,
          version,
          "They are ended: a BYE to both sides of each, CANCEL where nobody has answered yet, 500 a second and shard. " +
            "People are cut off. Calls of which the host does not know what a BYE needs go on with the active version, " +
            `${nameOf(active)}.`,
        ),
        verb: "End the calls",
        isDrastic: true,
        command: () => post(`${base}/${version.number}/end`),
      }),
  },
  {
    name: "Shadow",
    fits: isOther,
    open: (version, { base, shadow }) => inShadow(base, version, shadow),
  },
  {
    name: "Stop shadow",
    fits: ({ number }, shadow) => number === shadow?.number,
    open: (version, { base }) => stopShadow(base, version),
  },
];

const nameOf = (version) => (version === undefined ? "–" : `#${version.number} (${version.name} ${version.version})`);

// How many calls a version has, and what becomes of them.
async function callsOf(base, version, then) {
  const { calls } = await get(`${base}/${version.number}/calls`);
  return `Version ${nameOf(version)} has ${calls === 1 ? "1 call" : `${count(calls)} calls`}. ${then}`;
}

function inShadow(base, version, shadow) {
  const isThere = shadow?.number === version.number;
  const other = shadow !== null && !isThere ? ` The shadow of #${shadow.number} ends.` : "";
  confirm({
    title: isThere ? `Another share for the shadow of #${version.number}` : `#${version.number} in the shadow`,
    text: isThere
      ? `Version ${nameOf(version)} has copies of ${share(shadow.share)} of the calls.`
      : `Version ${nameOf(version)} gets copies of a share of the calls, beside the active one. ` +
        `What it decides is compared and thrown away: nobody notices.${other}`,
    share: {
      name: "Percent of the calls",
      rule: "0.1 to 100, one decimal at most",
      tenths: isThere ? shadow.share : SHADOW,
    },
    verb: isThere ? "Change" : "Begin",
    command: (tenths) => post(`${base}/${version.number}/shadow?share=${tenths}`),
  });
}

function stopShadow(base, version) {
  confirm({
    title: `Stop the shadow of #${version.number}`,
    text: "What it has seen stays to be read, until another one begins.",
    verb: "Stop",
    command: () => remove(`${base}/shadow`),
  });
}

export class Commands {
  #known = { base: "", plugins: [], active: undefined, shadow: null };

  constructor() {
    element("rollback").addEventListener("click", () => this.#rollBack());
    element("push").addEventListener("click", () => pushFile(this.#known.base));
    element("shadow-share").addEventListener("click", () => this.#ofShadow("Shadow"));
    element("shadow-stop").addEventListener("click", () => this.#ofShadow("Stop shadow"));
  }

  // `shadow`: the version that is in the shadow, and its share; `null`: none.
  show(role, plugins, shadow) {
    const active = plugins.find(({ state }) => state === "active");
    this.#known = { base: `/plugins/${encodeURIComponent(role)}`, plugins, active, shadow };
  }

  // What can be done with this version.
  namesFor(version) {
    return COMMANDS.filter(({ fits }) => fits(version, this.#known.shadow)).map(({ name }) => name);
  }

  button(name, number) {
    const button = changes(make("button", "", `${name}…`));
    button.setAttribute("aria-label", `${name} version ${number}`);
    button.addEventListener("click", () => this.#open(name, number));
    return button;
  }

  #open(name, number) {
    const version = this.#known.plugins.find((one) => one.number === number);
    if (version !== undefined) COMMANDS.find((one) => one.name === name).open(version, this.#known);
  }

  #ofShadow(name) {
    if (this.#known.shadow !== null) this.#open(name, this.#known.shadow.number);
  }

  #rollBack() {
    const { base, plugins } = this.#known;
    const candidates = plugins.filter((one) => one.state === "candidate");
    const which = candidates.map((one) => `#${one.number}`).join(" and ");
    confirm({
      title: "Roll back",
      text:
        candidates.length > 0
          ? `The share of ${which} goes back to the active version.`
          : "The version that was active before becomes the active one again.",
      verb: "Roll back",
      command: () => post(`${base}/rollback`),
    });
  }
}
