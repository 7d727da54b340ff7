// Versions side by side: a column for each, the active one, the control for the others, first. In: the host's list. Out:
// columns, which stay where they are while their figures change; and buttons for what can be done.

import { Commands } from "./commands.js";
import { element, make, write } from "./elements.js";
import { count, micros, percentOf, share } from "./figures.js";
import { termsOf } from "./terms.js";

const ORDER = ["active", "candidate", "draining", "kept", "checked"];
// Versions that only hold calls may be as many as were swapped since; of more the oldest are shown.
const MOST_DRAINING = 16;
// Fewer failures than this in the last minute say nothing against a candidate.
const FEW = 5;
// What a host does not tell.
const UNKNOWN = "–";

const told = (value, text) => (value === undefined || value === null ? UNKNOWN : text(value));

// `2xx 120, 4xx 3`
const answersOf = (answers) =>
  Object.entries(answers)
    .filter(([, number]) => number > 0)
    .map(([kind, number]) => `${kind} ${count(number)}`)
    .join(", ") || UNKNOWN;

// One line of the table. `text` of a version, with what it did lately; `isWorse` than the control, where both are known.
// `key`: a line that is there where the host tells this of any version.
const FIGURES = [
  { name: "Key, matches", key: "split", text: ({ split }) => told(split, termsOf) },
  { name: "Calls a second", text: (_, rate) => told(rate.perSecond, (value) => value.toFixed(1)) },
  { name: "Calls", text: ({ calls }) => count(calls) },
  { name: "Failures", text: ({ failures }) => count(failures) },
  { name: "of them traps", text: ({ traps }) => told(traps, count) },
  {
    name: "Failing, last minute",
    text: (_, { lately }) => told(lately, ([calls, failures]) => percentOf(failures, calls)),
    isWorse: failsMore,
  },
  { name: "Success", key: "success", text: ({ success }) => told(success, (value) => `${(100 * value).toFixed(2)} %`) },
  { name: "Final answers", key: "answers", text: ({ answers }) => told(answers, answersOf) },
  { name: "50 % decided within", key: "p50_us", text: ({ p50_us }) => told(p50_us, micros) },
  { name: "95 % decided within", key: "p95_us", text: ({ p95_us }) => told(p95_us, micros) },
  { name: "Holders", text: ({ holders }) => count(holders) },
];

// Rows before those of figures: name, state, share.
const FIRST = 3;

export class Versions {
  #rates;
  #commands;
  #columns = new Map();
  #rows;

  constructor(rates) {
    this.#rates = rates;
    this.#commands = new Commands();
    const body = document.querySelector("#versions tbody");
    this.#rows = ["State", "Share", ...FIGURES.map(({ name }) => name), "Change"].map((name) => {
      const row = body.insertRow();
      row.dataset.figure = name;
      const head = row.appendChild(document.createElement("th"));
      head.scope = "row";
      head.textContent = name;
      return row;
    });
    this.#rows.unshift(document.querySelector("#versions thead tr"));
  }

  // `shadow`: the version that is in the shadow, and its share; `null`: none.
  show(role, all, shadow, now) {
    this.#commands.show(role, all, shadow);
    const plugins = shownOf(all, shadow);
    const left = all.length - plugins.length;
    const more = `${count(left)} more hold calls, younger ones; strowger plugin list has all.`;
    write(element("versions-more"), left > 0 ? more : "");
    const key = (version) => `${version.number} ${version.digest}`;
    for (const one of plugins) this.#rates.take(key(one), now, [one.calls, one.failures]);
    this.#rates.keep(new Set([...plugins.map(key), "requests"]));
    const rate = (version) => {
      const name = key(version);
      return { perSecond: this.#rates.perSecond(name, 0), lately: this.#rates.lately(name) };
    };
    const active = plugins.find((one) => one.state === "active");
    const control = active === undefined ? null : rate(active);
    FIGURES.forEach(({ key }, n) => {
      this.#rows[n + FIRST].hidden = key !== undefined && !plugins.some((one) => key in one);
    });
    const sorted = [...plugins].sort((a, b) => ORDER.indexOf(a.state) - ORDER.indexOf(b.state) || b.number - a.number);
    const gone = new Set(this.#columns.keys());
    sorted.forEach((version, place) => {
      const column = this.#columns.get(key(version)) ?? this.#newColumn(key(version), version.number);
      gone.delete(key(version));
      this.#fill(column, version, rate(version), control, shadow);
      this.#put(column, place);
    });
    for (const key of gone) {
      this.#columns.get(key).cells.forEach((cell) => cell.remove());
      this.#columns.delete(key);
    }
  }

  // Moved only where it is wrong: what is moved loses the focus. The first cell of each row is its name.
  #put({ cells }, place) {
    cells.forEach((cell, n) => {
      const row = this.#rows[n];
      if (row.cells[place + 1] !== cell) row.insertBefore(cell, row.cells[place + 1] ?? null);
    });
  }

  #newColumn(key, number) {
    const cells = this.#rows.map((_, n) => {
      const cell = document.createElement(n === 0 ? "th" : "td");
      cell.dataset.number = number;
      return cell;
    });
    const [head, state, part, ...rest] = cells;
    head.scope = "col";
    const put = (cell, tag, name) => cell.appendChild(make(tag, name));
    const title = put(head, "span", "title");
    const digest = put(head, "small", "digest");
    const badge = put(state, "span", "badge");
    const control = put(state, "small", "");
    const value = put(part, "span", "");
    const bar = put(part, "progress", "");
    bar.max = 1000;
    bar.setAttribute("aria-hidden", "true");
    const buttons = put(rest.at(-1), "div", "actions");
    const column = { cells, title, digest, badge, control, value, bar, buttons, names: "" };
    this.#columns.set(key, column);
    return column;
  }

  #fill(column, version, rate, control, shadow) {
    const { cells, title, digest, badge, value, bar, buttons } = column;
    const isInShadow = shadow?.number === version.number;
    title.textContent = `#${version.number} ${version.name} ${version.version}`;
    digest.textContent = version.digest.slice(0, 12);
    badge.textContent = version.state;
    const place = version.state === "active" ? "the control" : "";
    write(column.control, isInShadow ? `in the shadow, ${share(shadow.share)}` : place);
    value.textContent = share(version.share);
    bar.value = version.share;
    const compares = version.state === "candidate" && control !== null;
    FIGURES.forEach((figure, n) => {
      const cell = cells[n + FIRST];
      cell.textContent = figure.text(version, rate);
      const isWorse = compares && figure.isWorse?.(rate, control);
      cell.classList.toggle("worse", Boolean(isWorse));
    });
    const names = this.#commands.namesFor(version);
    const shown = [version.state, ...names].join();
    if (column.names === shown) return;
    column.names = shown;
    for (const cell of cells) cell.className = version.state;
    buttons.replaceChildren(...names.map((name) => this.#commands.button(name, version.number)));
  }
}

function shownOf(all, shadow) {
  const draining = all.filter(({ state, number }) => state === "draining" && number !== shadow?.number);
  if (draining.length <= MOST_DRAINING) return all;
  const oldest = draining.sort((a, b) => a.number - b.number).slice(0, MOST_DRAINING);
  const shown = new Set(oldest.map(({ number }) => number));
  return all.filter(({ state, number }) => state !== "draining" || number === shadow?.number || shown.has(number));
}

function failsMore({ lately }, control) {
  if (lately === null || control.lately === null) return false;
  const [[calls, failures], [controlCalls, controlFailures]] = [lately, control.lately];
  return failures >= FEW && failures * Math.max(controlCalls, 1) > controlFailures * Math.max(calls, 1);
}
