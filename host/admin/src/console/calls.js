// Calls of which the process has traced something. In: `/trace` of each of its roles, message after message. Out: the list of
// calls, the ladder of the one that is chosen. Kept is a bounded part of what the host keeps; a Call-ID that is looked up is
// asked for in all of it.

import { element } from "./elements.js";
import { clock } from "./figures.js";
import { get, Refused } from "./host.js";
import { drawLadder } from "./ladder.js";
import { DIAMETER, isUpkeep, ofCall, rungsOf, summaryOf } from "./rungs.js";

const MOST_MESSAGES = 20_000;
// At the start this many are asked for; the host may have a million.
const FIRST_MESSAGES = 5_000;
const MOST_LISTED = 200;
const MOST_RUNGS = 400;
// Where nothing is traced or may be seen, it is asked again after so many turns.
const REFUSED_TURNS = 15;
// No Call-ID has a space (RFC 3261 §25.1): the answer has no message, and says which number is the last.
const NOBODY = "%20";

export class Calls {
  #messages = [];
  // Messages of a call that was looked up, which are older than those above.
  #older = [];
  // The number after which each role is asked; `null`: not known yet.
  #nodes = new Map();
  #wait = 0;
  #chosen = null;
  #rung = null;
  #drawn = "";
  #buttons = new Map();

  constructor() {
    element("call-filter").addEventListener("input", () => this.#list());
    element("call-form").addEventListener("submit", (event) => {
      event.preventDefault();
      this.#lookUp(element("call-filter").value.trim());
    });
    element("with-diameter").addEventListener("change", () => this.#draw());
  }

  // Another token may open it.
  again() {
    this.#wait = 0;
  }

  async ask() {
    if (this.#wait > 0) {
      this.#wait -= 1;
      return;
    }
    try {
      if (this.#nodes.size === 0) await this.#meet();
      const pages = await Promise.all([...this.#nodes].map(([node, after]) => this.#page(node, after)));
      // Another process counts from 1 again.
      if (pages.includes(null)) this.#forget();
      else this.#take(pages.flat());
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      this.#note(`${error.message}.`, false);
      this.#wait = REFUSED_TURNS;
    }
  }

  async #meet() {
    const { traced } = await get("/nodes");
    if (traced.length === 0) throw new Refused(404, "nothing is traced: say how many messages under [trace]");
    this.#nodes = new Map(traced.map((node) => [node, null]));
  }

  async #page(node, known) {
    const of = `of=${encodeURIComponent(node)}`;
    let after = known;
    if (after === null) {
      const { next } = await get(`/trace?after=0&call=${NOBODY}&${of}`);
      after = Math.max(0, next - FIRST_MESSAGES);
    }
    const { messages, next } = await get(`/trace?after=${after}&${of}`);
    if (next < after) return null;
    this.#nodes.set(node, next);
    return messages.map((one) => ({ ...one, node }));
  }

  #forget() {
    this.#messages = [];
    this.#older = [];
    this.#nodes = new Map();
  }

  #take(messages) {
    const names = [...this.#nodes.keys()];
    const who = names.length === 1 ? "this node" : names.join(", ");
    this.#note(`What ${who} sent, received and decided lately: names and times, no header fields.`, true);
    if (messages.length === 0) return;
    this.#messages.push(...messages.filter((one) => !isUpkeep(one)));
    this.#messages.sort((a, b) => a.at_us - b.at_us);
    this.#messages.splice(0, this.#messages.length - MOST_MESSAGES);
    this.#list();
    this.#draw();
  }

  #all() {
    return this.#older.concat(this.#messages);
  }

  #note(text, isOpen) {
    if (element("trace-note").textContent !== text) element("trace-note").textContent = text;
    element("calls-area").hidden = !isOpen;
  }

  // Shows the ladder of a call that is looked for from elsewhere. Empty, or why there is none.
  async open(call) {
    if (this.#nodes.size === 0) return element("trace-note").textContent;
    element("call-filter").value = call;
    const why = await this.#lookUp(call);
    if (why !== "") return why;
    const title = element("call-title");
    title.scrollIntoView({ block: "start" });
    title.focus({ preventScroll: true });
    return "";
  }

  // Empty, or why there is nothing to show.
  async #lookUp(call) {
    if (call === "") return "";
    try {
      const ask = async (node) => {
        const path = `/trace?call=${encodeURIComponent(call)}&of=${encodeURIComponent(node)}`;
        return (await get(path)).messages.map((one) => ({ ...one, node }));
      };
      const found = (await Promise.all([...this.#nodes.keys()].map(ask))).flat();
      const known = new Set(this.#messages.map((one) => `${one.node} ${one.number}`));
      this.#older = found.filter((one) => !known.has(`${one.node} ${one.number}`)).sort((a, b) => a.at_us - b.at_us);
      this.#list();
      if (found.length > 0) this.#choose(call);
      return found.length > 0 ? "" : this.#none(`No call ${call} is kept`);
    } catch (error) {
      return this.#none(`${error.message}.`);
    }
  }

  #none(why) {
    this.#chosen = null;
    this.#mark();
    element("ladder").replaceChildren();
    element("message").replaceChildren();
    element("call-title").textContent = why;
    return why;
  }

  // The one with the newest message first.
  #list() {
    const filter = element("call-filter").value.trim().toLowerCase();
    const calls = new Map();
    for (const one of this.#all().toReversed()) {
      const own = calls.get(one.call);
      if (own === undefined) calls.set(one.call, [one]);
      else own.push(one);
    }
    // A session of Diameter belongs to a call, most often; it is a line of its own for who looks for it.
    const isListed = (own) =>
      filter === ""
        ? own.some((one) => one.transport !== DIAMETER)
        : own.some((one) => matches(one, filter));
    const matching = [...calls].filter(([, own]) => isListed(own)).slice(0, MOST_LISTED);
    const buttons = new Map(matching.map(([id, own]) => [id, this.#button(id, summaryOf(own.reverse()))]));
    const list = element("calls");
    const focused = list.contains(document.activeElement) ? document.activeElement : null;
    list.replaceChildren(...[...buttons.values()].map((button) => button.parentNode));
    if (focused !== null && list.contains(focused)) focused.focus({ preventScroll: true });
    this.#buttons = buttons;
    this.#mark();
  }

  #button(id, { method, since_us, last, state, versions, lines }) {
    const button = this.#buttons.get(id) ?? this.#newButton();
    const [name, line, by] = button.children;
    name.textContent = id === "" ? "without a Call-ID" : id;
    const [what, badge, when] = line.children;
    what.textContent = method === last.label ? method : `${method} ▸ ${last.label}`;
    badge.textContent = state;
    badge.className = `state ${state.replace(" ", "-")}`;
    when.textContent = `${lines} · ${clock(since_us / 1000)}`;
    by.textContent = versions.join(", ");
    button.onclick = () => this.#choose(id);
    return button;
  }

  #newButton() {
    const button = document.createElement("li").appendChild(document.createElement("button"));
    button.type = "button";
    button.append(...["b", "small", "small"].map((tag) => document.createElement(tag)));
    button.children[1].append(...["span", "span", "span"].map((tag) => document.createElement(tag)));
    return button;
  }

  #choose(id) {
    this.#chosen = id;
    this.#rung = null;
    this.#drawn = "";
    element("message").replaceChildren();
    this.#mark();
    this.#draw();
  }

  #mark() {
    for (const [id, button] of this.#buttons) button.setAttribute("aria-pressed", String(id === this.#chosen));
  }

  #draw() {
    if (this.#chosen === null) return;
    const all = rungsOf(ofCall(this.#all(), this.#chosen, element("with-diameter").checked));
    if (all.length === 0) return;
    const rungs = all.slice(0, MOST_RUNGS);
    const drawn = `${this.#chosen} ${rungs.length} ${rungs[0].id} ${rungs.at(-1).id} ${rungs.at(-1).to}`;
    if (drawn === this.#drawn) return;
    this.#drawn = drawn;
    const left = all.length - rungs.length;
    element("call-title").textContent = left > 0 ? `${this.#chosen} (${left} more)` : this.#chosen;
    drawLadder(element("ladder"), [...this.#nodes.keys()], rungs, this.#rung, (rung) => this.#tell(rung));
  }

  #tell(rung) {
    this.#rung = rung.id;
    const lines = rung.decision === undefined ? ofMessage(rung) : ofDecision(rung);
    const parts = lines.flatMap(([name, text]) => {
      const [term, value] = ["dt", "dd"].map((tag) => document.createElement(tag));
      [term.textContent, value.textContent] = [name, text];
      return [term, value];
    });
    element("message").replaceChildren(...parts);
  }
}

const moment = (at_us) => new Date(at_us / 1000).toISOString();

function ofMessage({ one, taken, from, to, label, transport }) {
  const later = taken === undefined ? "" : `, received ${Math.max(0, taken.at_us - one.at_us)} µs later`;
  return [
    ["Message", label],
    ["From, to", `${from} to ${to} by ${transport}`],
    ["At", `${moment(one.at_us)}${later}`],
    [transport === DIAMETER ? "Session-Id" : "Call-ID", one.call],
    ["", "The host keeps no other header fields and no bodies."],
  ];
}

function ofDecision({ one, from, label, decision }) {
  const about = decision.about === "" ? "" : ` for ${decision.about}`;
  return [
    ["Decision", label],
    ["Asked", `${from}, ${decision.hook}${about}`],
    ["Version", `#${decision.number} ${decision.plugin} ${decision.version}`],
    ["Time", `${decision.cpu_us} µs of the processor, ${decision.wall_us} µs from the question to the answer`],
    ["Fuel", "not metered in live calls"],
    ["Reason", decision.reason === "" ? "the script gives none" : decision.reason],
    ["At", moment(one.at_us)],
  ];
}

function matches(one, filter) {
  return [one.call, one.label, one.remote ?? ""].some((text) => text.toLowerCase().includes(filter));
}
