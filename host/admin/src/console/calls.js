// Calls of which the host has traced something. In: `/trace`, message after message. Out: the list of calls with the last
// message of each, the ladder of the one that is chosen. Kept is a bounded part of what the host keeps.

import { clock } from "./figures.js";
import { get, Refused } from "./host.js";
import { drawLadder } from "./ladder.js";

const MOST_MESSAGES = 20_000;
// At the start this many are asked for; the host may have a million.
const FIRST_MESSAGES = 5_000;
const MOST_LISTED = 200;
const MOST_RUNGS = 400;
// Where nothing is traced or may be seen, it is asked again after so many turns.
const REFUSED_TURNS = 15;
// No Call-ID has a space (RFC 3261 §25.1): the answer has no message, and says which number is the last.
const NOBODY = "%20";
// Diameter messages that keep a connection and belong to no call (RFC 6733 §5).
const UPKEEP = /^(DW|CE|DP)[RA]/;

const element = (id) => document.getElementById(id);

export class Calls {
  #messages = [];
  #after = null;
  #role = "";
  #wait = 0;
  #chosen = null;
  #message = null;
  #drawn = "";
  #buttons = new Map();

  constructor() {
    element("call-filter").addEventListener("input", () => this.#list());
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
      if (this.#after === null) {
        const { next } = await get(`/trace?after=0&call=${NOBODY}`);
        this.#after = Math.max(0, next - FIRST_MESSAGES);
      }
      const page = await get(`/trace?after=${this.#after}`);
      // Another process counts from 1 again.
      if (page.next < this.#after) {
        this.#messages = [];
        this.#after = 0;
        return;
      }
      this.#take(page);
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      this.#note(`${error.message}.`, false);
      this.#wait = REFUSED_TURNS;
    }
  }

  #take({ role, messages, next }) {
    this.#role = role;
    this.#after = next;
    this.#note("The last messages of each call, as this node sent and received them; names and times only.", true);
    if (messages.length === 0) return;
    this.#messages.push(...messages.filter((one) => !UPKEEP.test(one.label)));
    this.#messages.splice(0, this.#messages.length - MOST_MESSAGES);
    this.#list();
    this.#draw();
  }

  #note(text, isOpen) {
    if (element("trace-note").textContent !== text) element("trace-note").textContent = text;
    element("calls-area").hidden = !isOpen;
  }

  // The newest first.
  #list() {
    const filter = element("call-filter").value.trim().toLowerCase();
    const calls = new Map();
    for (const one of this.#messages.toReversed()) {
      const call = calls.get(one.call);
      if (call === undefined) calls.set(one.call, { last: one, messages: 1, matches: matches(one, filter) });
      else {
        call.messages += 1;
        call.matches ||= matches(one, filter);
      }
    }
    const listed = [...calls].filter(([, call]) => call.matches).slice(0, MOST_LISTED);
    const buttons = new Map(listed.map(([id, call]) => [id, this.#button(id, call)]));
    const list = element("calls");
    const focused = list.contains(document.activeElement) ? document.activeElement : null;
    list.replaceChildren(...[...buttons.values()].map((button) => button.parentNode));
    if (focused !== null && list.contains(focused)) focused.focus({ preventScroll: true });
    this.#buttons = buttons;
    this.#mark();
  }

  #button(id, { last, messages }) {
    const button = this.#buttons.get(id) ?? this.#newButton(id);
    const [name, line] = button.children;
    name.textContent = id === "" ? "without a Call-ID" : id;
    line.children[0].textContent = `${last.sent ? "▸" : "◂"} ${last.label}`;
    line.children[1].textContent = `${messages} · ${clock(last.at_us / 1000)}`;
    return button;
  }

  #newButton(id) {
    const button = document.createElement("li").appendChild(document.createElement("button"));
    button.type = "button";
    button.append(document.createElement("b"), document.createElement("small"));
    button.lastChild.append(document.createElement("span"), document.createElement("span"));
    button.addEventListener("click", () => this.#choose(id));
    return button;
  }

  #choose(id) {
    this.#chosen = id;
    this.#message = null;
    element("message").replaceChildren();
    this.#mark();
    this.#draw();
  }

  #mark() {
    for (const [id, button] of this.#buttons) button.setAttribute("aria-pressed", String(id === this.#chosen));
  }

  #draw() {
    if (this.#chosen === null) return;
    const own = this.#messages.filter((one) => one.call === this.#chosen);
    if (own.length === 0) return;
    const [from, to] = [own[0].at_us, own.at(-1).at_us];
    const isMeanwhile = (one) => one.transport === "Diameter" && one.at_us >= from && one.at_us <= to;
    const all = element("with-diameter").checked
      ? this.#messages.filter((one) => one.call === this.#chosen || isMeanwhile(one))
      : own;
    const rungs = all.slice(0, MOST_RUNGS);
    const drawn = `${this.#chosen} ${rungs.length} ${rungs[0].number} ${rungs.at(-1).number}`;
    if (drawn === this.#drawn) return;
    this.#drawn = drawn;
    const left = all.length - rungs.length;
    element("call-title").textContent = left > 0 ? `${this.#chosen} (${left} more messages)` : this.#chosen;
    drawLadder(element("ladder"), this.#role, rungs, this.#message, (one) => this.#tell(one));
  }

  #tell(one) {
    this.#message = one.number;
    const remote = one.remote ?? "not known";
    const lines = [
      ["Message", one.label],
      ["At", `${new Date(one.at_us / 1000).toISOString()}, number ${one.number}`],
      [one.sent ? "Sent to" : "Received from", `${remote} by ${one.transport}`],
      [one.transport === "Diameter" ? "Session-Id" : "Call-ID", one.call],
      ["", "The host keeps no other header fields and no bodies."],
    ];
    const parts = lines.flatMap(([name, text]) => {
      const [term, value] = ["dt", "dd"].map((tag) => document.createElement(tag));
      [term.textContent, value.textContent] = [name, text];
      return [term, value];
    });
    element("message").replaceChildren(...parts);
  }
}

function matches(one, filter) {
  return filter === "" || [one.call, one.label, one.remote ?? ""].some((text) => text.toLowerCase().includes(filter));
}
