// A version in the shadow of the active one: what it would have decided. In: the host's report. Out: figures, a bar of them,
// and for each kind of difference how often, since when, and some calls, whose ladders can be opened.

import { element, make, order, svg, write } from "./elements.js";
import { clock, count, moment, percentOf, share } from "./figures.js";
import { get } from "./host.js";

// Parts of the whole, as the bar has them from left to right; what was dropped was not compared.
const PARTS = [
  { name: "same", title: "Same" },
  { name: "different", title: "Different" },
  { name: "asked_more", title: "Asked more" },
  { name: "failed", title: "Failed" },
  { name: "dropped", title: "Dropped" },
];

const NONE =
  "No version is in the shadow of the active one. Shadow… in the column of a version gives it copies of a share of the calls; " +
  "what it decides is compared and thrown away.";

// What a line of an example begins with.
const SIGNS = { "-": "active", "+": "candidate", "?": "asked" };

const BAR = 1000;

export class Shadow {
  #openCall;
  #figures;
  // Which report is shown, and its kinds of difference.
  #shown = "";
  #kinds = new Map();
  // What runs, for the table of versions.
  #running = null;

  // `openCall` shows the ladder of a Call-ID; it says why, where it cannot.
  constructor(openCall) {
    this.#openCall = openCall;
    const tiles = [{ name: "compared", title: "Compared" }, ...PARTS, { name: "time", title: "Time of the active one" }];
    this.#figures = new Map(tiles.map(({ name, title }) => [name, tile(name, title)]));
    element("shadow-figures").append(...[...this.#figures.values()].map(({ place }) => place));
  }

  // The version that is in the shadow, and its share; `null`: none.
  get running() {
    return this.#running;
  }

  // `isNews`: something was done; else only one that runs is asked for.
  async ask(role, isNews) {
    if (!isNews && this.#running === null) return;
    this.show(await get(`/plugins/${encodeURIComponent(role)}/shadow`));
  }

  show(report) {
    const isRunning = report?.state === "running";
    this.#running = isRunning ? { number: report.candidate.number, share: report.share } : null;
    element("shadow-actions").hidden = !isRunning;
    for (const place of ["shadow-report", "shadow-found"]) element(place).hidden = report === null;
    if (report === null) {
      write(element("shadow-note"), NONE);
      return;
    }
    const { candidate, active, since_ms, why } = report;
    const key = `${candidate.number} ${active.number} ${since_ms}`;
    if (key !== this.#shown) this.#kinds = new Map();
    this.#shown = key;
    const name = ({ number, name, version }) => `#${number} ${name} ${version}`;
    write(element("shadow-who"), `${name(candidate)} in the shadow of ${name(active)}`);
    write(element("shadow-state"), isRunning ? "running" : "ended");
    element("shadow-state").className = `badge ${isRunning ? "running" : "over"}`;
    const ended = why === "" ? "" : `; it ended: ${why}`;
    write(element("shadow-note"), `${share(report.share)} of the calls, since ${moment(since_ms)}${ended}.`);
    this.#showFigures(report);
    this.#showDifferences(report);
  }

  #showFigures(report) {
    const { compared, dropped, cost } = report;
    for (const { name } of PARTS) {
      const whole = name === "dropped" ? compared + dropped : compared;
      this.#figure(name, count(report[name]), report[name] > 0 ? percentOf(report[name], whole) : "");
    }
    this.#figure("compared", count(compared), "hooks");
    const each = (us) => (us / cost.calls).toFixed(1);
    const timed = `${each(cost.candidate_us)} µs, not ${each(cost.active_us)}; ${count(cost.calls)} timed`;
    if (cost.ratio === null) this.#figure("time", "–", "");
    else this.#figure("time", `${cost.ratio.toFixed(2)} ×`, timed);
    const differs = cost.active_differs;
    const doubt =
      `In ${count(differs)} of ${count(cost.calls)} timed hooks the active version itself decided otherwise the second time: ` +
      "the differences say little.";
    write(element("shadow-doubt"), differs > 0 ? doubt : "");
    drawBar(report);
  }

  #figure(name, text, more) {
    const { figure, small } = this.#figures.get(name);
    write(figure, text);
    write(small, more);
  }

  #showDifferences({ differences, other, compared }) {
    for (const difference of differences) this.#showKind(difference, compared);
    const list = element("shadow-kinds");
    // The most frequent first; but nobody's focus is taken from him.
    const wanted = differences.map(({ kind }) => this.#kinds.get(kind).place);
    const isIn = list.contains(document.activeElement) && wanted.length === list.children.length;
    if (!isIn) order(list, wanted);
    element("shadow-legend").hidden = differences.length === 0;
    write(element("shadow-other"), other > 0 ? `${count(other)} more, of other kinds.` : "");
  }

  #showKind(difference, compared) {
    const { kind, calls, first_ms, last_ms, examples } = difference;
    if (!this.#kinds.has(kind)) this.#kinds.set(kind, kindOf(kind, this.#kinds.size === 0));
    const known = this.#kinds.get(kind);
    write(known.calls, count(calls));
    write(known.share, percentOf(calls, compared));
    write(known.span, `first ${clock(first_ms)}, last ${clock(last_ms)}`);
    known.span.title = `first ${moment(first_ms)}, last ${moment(last_ms)}`;
    // The first ones stay; there may be more of them.
    for (const example of examples.slice(known.body.children.length)) known.body.append(this.#example(example));
  }

  #example({ call_id, hook, method, status, at_ms, lines }) {
    const place = make("article", "example");
    const head = place.appendChild(make("p", "head"));
    const about = [hook, method, status ?? ""].filter((part) => part !== "").join(" ");
    head.append(make("b", "", about), make("small", "", clock(at_ms)));
    if (call_id !== "") {
      const link = head.appendChild(make("button", "link", call_id));
      link.type = "button";
      link.title = "Open its ladder";
      link.setAttribute("aria-label", `Open the ladder of ${call_id}`);
      const why = make("p", "quiet");
      why.setAttribute("role", "status");
      link.addEventListener("click", async () => write(why, await this.#openCall(call_id)));
      place.append(why);
    }
    place.append(decided(lines));
    return place;
  }
}

function tile(name, title) {
  const place = make("div", name);
  place.append(make("dt", "", title));
  const figure = place.appendChild(make("dd", "", "–"));
  const small = place.appendChild(make("dd", "small", ""));
  return { place, figure, small };
}

function kindOf(kind, isFirst) {
  const place = document.createElement("li");
  const details = place.appendChild(document.createElement("details"));
  details.open = isFirst;
  const summary = details.appendChild(document.createElement("summary"));
  const calls = summary.appendChild(make("b", "", ""));
  summary.append(make("span", "kind", kind));
  const share = summary.appendChild(make("small", "", ""));
  const span = summary.appendChild(make("small", "span", ""));
  return { place, calls, share, span, body: details.appendChild(make("div", "examples")) };
}

function decided(lines) {
  const list = make("ol", "decided");
  for (const line of lines) {
    const who = SIGNS[line[0]];
    const item = list.appendChild(make("li", who ?? "both"));
    if (who === undefined) item.append(make("span", "sign", ""), make("code", "", line));
    else item.append(make("span", "sign", line[0] === "-" ? "−" : line[0]), make("code", "", line.slice(2)));
  }
  return list;
}

function drawBar(report) {
  const whole = report.compared + report.dropped;
  const bar = element("shadow-bar");
  let x = 0;
  const parts = PARTS.map(({ name }) => {
    // A single one among millions is seen, too.
    const width = whole === 0 || report[name] === 0 ? 0 : Math.max(3, (BAR * report[name]) / whole);
    const part = svg("rect", { x, y: 0, width, height: 10, class: name });
    x += width;
    return part;
  });
  bar.setAttribute("viewBox", `0 0 ${Math.max(x, BAR)} 10`);
  bar.setAttribute("aria-label", PARTS.map(({ name, title }) => `${title} ${percentOf(report[name], whole)}`).join(", "));
  bar.replaceChildren(...parts);
}
