// The ladder of one call. In: its rungs and whose lines there are. Out: an SVG: a line for each, an arrow for each message,
// a mark at its node for each decision of a script. Each of them can be chosen.

import { svg } from "./elements.js";
import { columnsOf, kindOf } from "./rungs.js";

const TIME = 84;
// From one line to the next; what is beyond the last one.
const STEP = { least: 122, most: 190 };
const MARGIN = 46;
const TOP = 40;
const RUNG = 34;
const TIP = 7;
// Neighbours with a line of their own; what more there are share the last one.
const MOST_NEIGHBOURS = 8;
// A mark's height, what is around its text, and how wide a character is about.
const MARK = 20;
const PAD = 9;
const CHARACTER = 6.7;
const MOST_SHOWN = 22;

const cut = (text) => (text.length > MOST_SHOWN ? `${text.slice(0, MOST_SHOWN - 1)}…` : text);

function arrow(rung, from, to, y) {
  const back = to > from ? -TIP : TIP;
  return [
    svg("text", { x: (from + to) / 2, y: y - 6, "text-anchor": "middle", class: "label" }, cut(rung.label)),
    svg("path", { d: `M ${from} ${y} L ${to + back} ${y}` }),
    svg("path", { d: `M ${to} ${y} l ${back} -4 v 8 z`, class: "tip" }),
  ];
}

function mark(rung, x, y) {
  const label = cut(rung.label);
  const width = label.length * CHARACTER + 2 * PAD;
  const { number, cpu_us } = rung.decision;
  return [
    svg("rect", { x: x - width / 2, y: y - MARK / 2 - 4, width, height: MARK, rx: MARK / 2, class: "mark" }),
    svg("text", { x, y, "text-anchor": "middle", class: "label" }, label),
    svg("text", { x: x + width / 2 + 6, y, class: "time" }, `#${number} · ${cpu_us} µs`),
  ];
}

const saidOf = ({ decision, label, from, to }) =>
  decision === undefined ? `${label}, ${from} to ${to}` : `${from} decides: ${label}`;

// `nodes`: who of the names are nodes of ours. `chosen`: the rung that is marked. `choose` is called with the one that is
// chosen then.
export function drawLadder(place, nodes, rungs, chosen, choose) {
  const columns = columnsOf(rungs, nodes, MOST_NEIGHBOURS);
  const room = (place.clientWidth - TIME - MARGIN - 4) / columns.length;
  const step = Math.min(STEP.most, Math.max(STEP.least, room));
  const x = (n) => TIME + step / 2 + n * step;
  const at = (name) => x(columns.includes(name) ? columns.indexOf(name) : columns.length - 1);
  const width = TIME + columns.length * step + MARGIN;
  const height = TOP + rungs.length * RUNG + 12;
  const picture = svg("svg", { width, height, viewBox: `0 0 ${width} ${height}`, role: "group", "aria-label": "Ladder" });
  columns.forEach((name, n) => {
    const isNode = nodes.includes(name);
    picture.append(
      svg("text", { x: x(n), y: 20, "text-anchor": "middle", class: isNode ? "node" : "name" }, cut(name)),
      svg("line", { x1: x(n), x2: x(n), y1: 28, y2: height, class: "life" }),
    );
  });
  const start = rungs[0].at_us;
  const drawn = rungs.map((rung, n) => {
    const y = TOP + n * RUNG + 20;
    const seconds = ((rung.at_us - start) / 1e6).toFixed(4);
    const group = svg("g", {
      class: `rung ${kindOf(rung)}`,
      tabindex: 0,
      role: "button",
      "data-rung": rung.id,
      "aria-label": `${seconds} s, ${saidOf(rung)}`,
    });
    const [from, to] = [at(rung.from), at(rung.to)];
    group.append(
      svg("rect", { x: 0, y: y - 20, width, height: RUNG - 4, class: "hit" }),
      svg("text", { x: TIME - 8, y: y + 4, "text-anchor": "end", class: "time" }, `${seconds} s`),
      ...(rung.decision === undefined ? arrow(rung, from, to, y) : mark(rung, from, y)),
    );
    const take = () => {
      drawn.forEach((other) => other.classList.toggle("chosen", other === group));
      choose(rung);
    };
    if (rung.id === chosen) group.classList.add("chosen");
    group.addEventListener("click", take);
    group.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" && event.key !== " ") return;
      event.preventDefault();
      take();
    });
    return group;
  });
  picture.append(...drawn);
  const focused = place.contains(document.activeElement) ? document.activeElement.dataset.rung : undefined;
  place.replaceChildren(picture);
  if (focused !== undefined) drawn.find((group) => group.dataset.rung === focused)?.focus({ preventScroll: true });
}
