// Versions side by side, and what can be done with them. In: the host's list. Out: rows, which stay where they are while
// their figures change; and, after a question, commands to the host. The active version is the control for the others.

import { count, moment, percentOf, share, shareWritten, tenthsOf } from "./figures.js";
import { post } from "./host.js";

const element = (id) => document.getElementById(id);

const COLUMNS = ["#", "Plugin", "State", "Share", "Calls/s", "Calls", "Failures", "Failing, last minute", "Holders", "Change"];
const FIGURES = new Set(["#", "Calls/s", "Calls", "Failures", "Failing, last minute", "Holders"]);
const ORDER = ["active", "candidate", "draining", "kept", "checked"];
// Fewer failures than this in the last minute say nothing against a candidate.
const FEW = 5;

// What can be done with a version of which state. `text`: what the operator is asked.
const COMMANDS = [
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

export class Versions {
  #rates;
  #changed;
  #rows = new Map();
  #refusal = "not known yet";
  #role = "";
  #plugins = [];

  // `changed` is called after each command.
  constructor(rates, changed) {
    this.#rates = rates;
    this.#changed = changed;
    element("rollback").addEventListener("click", () => this.#rollBack());
  }

  // `null`: the operator may change things; else why not.
  allow(refusal) {
    this.#refusal = refusal;
    const text = refusal === null ? "You may change versions here." : `Read only: ${refusal}.`;
    if (element("permission").textContent !== text) element("permission").textContent = text;
    for (const button of document.querySelectorAll("button.change")) this.#enable(button);
  }

  show(role, plugins, now) {
    this.#role = role;
    this.#plugins = plugins;
    const key = (version) => `${version.number} ${version.digest}`;
    for (const one of plugins) this.#rates.take(key(one), now, [one.calls, one.failures]);
    this.#rates.keep(new Set([...plugins.map(key), "requests"]));
    const active = plugins.find((one) => one.state === "active");
    const control = active === undefined ? null : this.#rates.lately(key(active));
    const sorted = [...plugins].sort((a, b) => ORDER.indexOf(a.state) - ORDER.indexOf(b.state) || b.number - a.number);
    const gone = new Set(this.#rows.keys());
    const body = document.querySelector("#versions tbody");
    sorted.forEach((version, place) => {
      const row = this.#rows.get(key(version)) ?? this.#newRow(key(version), version.number);
      gone.delete(key(version));
      this.#fill(row, version, control, key(version));
      // Moved only where it is wrong: a row that is moved loses the focus.
      if (body.rows[place] !== row.line) body.insertBefore(row.line, body.rows[place] ?? null);
    });
    for (const key of gone) {
      this.#rows.get(key).line.remove();
      this.#rows.delete(key);
    }
  }

  #newRow(key, number) {
    const line = document.createElement("tr");
    line.dataset.number = number;
    const cells = COLUMNS.map((label) => {
      const cell = line.insertCell();
      cell.dataset.label = label;
      if (FIGURES.has(label)) cell.className = "number";
      return cell;
    });
    const [, , state, part] = cells;
    const badge = state.appendChild(document.createElement("span"));
    badge.className = "badge";
    const values = cells.map((cell) => cell.appendChild(document.createElement("span")));
    values[2].remove();
    const details = [1, 2, 7].map((n) => cells[n].appendChild(document.createElement("small")));
    part.className = "share";
    const bar = part.appendChild(document.createElement("progress"));
    bar.max = 1000;
    bar.setAttribute("aria-hidden", "true");
    const actions = cells.at(-1);
    actions.className = "actions";
    values.at(-1).remove();
    const buttons = actions.appendChild(document.createElement("div"));
    const row = { line, badge, values, details, bar, buttons, state: "" };
    this.#rows.set(key, row);
    return row;
  }

  #fill(row, version, control, key) {
    const perSecond = this.#rates.perSecond(key, 0);
    const lately = this.#rates.lately(key);
    const failing = lately === null ? "–" : percentOf(lately[1], lately[0]);
    const text = [
      `#${version.number}`,
      `${version.name} ${version.version}`,
      null,
      share(version.share),
      perSecond === null ? "–" : perSecond.toFixed(1),
      count(version.calls),
      count(version.failures),
      failing,
      count(version.holders),
    ];
    text.forEach((value, n) => {
      if (value !== null) row.values[n].textContent = value;
    });
    row.badge.textContent = version.state;
    row.bar.value = version.share;
    const isControl = version.state === "active";
    const compares = version.state === "candidate" && control !== null && lately !== null;
    row.details[0].textContent = version.digest.slice(0, 12);
    row.details[1].textContent = isControl ? "the control" : "";
    row.details[2].textContent = compares
      ? `control ${percentOf(control[1], control[0])}`
      : `ever ${percentOf(version.failures, version.calls)}`;
    row.values[7].className = compares && isWorse(lately, control) ? "worse" : "";
    if (row.state !== version.state) {
      row.state = version.state;
      row.line.className = version.state;
      row.buttons.replaceChildren(...this.#buttons(version));
    }
  }

  #buttons(version) {
    return COMMANDS.filter((command) => command.states.includes(version.state)).map((command) => {
      const button = document.createElement("button");
      button.type = "button";
      button.className = "change";
      button.textContent = `${command.name}…`;
      button.setAttribute("aria-label", `${command.name} version ${version.number}`);
      button.setAttribute("aria-describedby", "permission");
      button.addEventListener("click", () => this.#command(command, version.number));
      this.#enable(button);
      return button;
    });
  }

  #enable(button) {
    button.disabled = this.#refusal !== null;
    button.title = this.#refusal ?? "";
  }

  #command(command, number) {
    const version = this.#plugins.find((one) => one.number === number);
    if (version === undefined) return;
    const base = `/plugins/${encodeURIComponent(this.#role)}/${number}`;
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
      path: () => `/plugins/${encodeURIComponent(this.#role)}/rollback`,
    });
  }

  #confirm({ title, text, share, verb, path }) {
    const dialog = element("confirm");
    const error = element("confirm-error");
    element("confirm-title").textContent = title;
    element("confirm-text").textContent = text;
    element("confirm-share").hidden = share === null;
    element("share").value = share ?? "";
    element("confirm-yes").textContent = verb;
    element("confirm-yes").disabled = false;
    error.textContent = "";
    element("confirm-no").onclick = () => dialog.close();
    element("confirm-form").onsubmit = async (event) => {
      event.preventDefault();
      const tenths = share === null ? 0 : tenthsOf(element("share").value);
      if (tenths === null) {
        error.textContent = "This is no share: 0 to 99.9 percent, with one decimal at most.";
        return;
      }
      element("confirm-yes").disabled = true;
      try {
        await post(path(tenths));
        dialog.close();
        this.#changed();
      } catch (refused) {
        error.textContent = `${refused.message}.`;
      }
      element("confirm-yes").disabled = false;
    };
    dialog.showModal();
    if (share !== null) element("share").select();
    else element("confirm-no").focus();
  }
}

// Both: calls and failures of the last minute.
function isWorse([calls, failures], [controlCalls, controlFailures]) {
  return failures >= FEW && failures * Math.max(controlCalls, 1) > controlFailures * Math.max(calls, 1);
}

let shown = "";

// The newest first.
export function showHistory(list, deeds) {
  const seen = JSON.stringify(deeds);
  if (seen === shown) return;
  shown = seen;
  const lines = [...deeds].reverse().map((deed) => {
    const line = document.createElement("li");
    const put = (name, text) => {
      const span = line.appendChild(document.createElement("span"));
      span.className = name;
      span.textContent = text;
    };
    put("when", moment(deed.at_ms));
    const what = deed.what === "split" ? ["split", share(deed.share), deed.terms].filter(Boolean).join(", ") : deed.what;
    put(deed.what === "refused" ? "refused" : "what", what);
    put("version", deed.number > 0 ? `#${deed.number} ${deed.version}` : "");
    put("who", deed.who);
    if (deed.why) put("why", deed.why);
    return line;
  });
  list.replaceChildren(...lines);
}
