// The ladder of one call as this node saw it. In: its messages. Out: an SVG: this node's line, one for each neighbour, and
// an arrow for each message, which can be chosen.

const SVG = "http://www.w3.org/2000/svg";

const TIME = 84;
const STEP = 190;
const TOP = 40;
const RUNG = 34;
const TIP = 7;
// Neighbours with a line of their own; what more there are share the last one.
const MOST_NEIGHBOURS = 8;

function svg(name, attributes, text) {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, String(value));
  if (text !== undefined) made.textContent = text;
  return made;
}

// The first neighbour is on the left, then this node, then the others: a call goes from left to right.
function columnsOf(role, messages) {
  const neighbours = [...new Set(messages.map((one) => one.remote ?? "?"))].slice(0, MOST_NEIGHBOURS);
  const [first, ...others] = neighbours;
  return [first, role, ...others];
}

function kind(one) {
  if (one.transport === "Diameter") return /^\w+A (?!2\d{3}$)/.test(one.label) ? "diameter bad" : "diameter";
  const status = /^([1-6])\d\d /.exec(one.label)?.[1];
  if (status === undefined) return "request";
  return { 1: "provisional", 2: "good" }[status] ?? "bad";
}

// `chosen`: the number of the message that is marked. `choose` is called with the one that is chosen then.
export function drawLadder(place, role, messages, chosen, choose) {
  const columns = columnsOf(role, messages);
  const x = (n) => TIME + STEP / 2 + n * STEP;
  const own = 1;
  const width = TIME + columns.length * STEP;
  const height = TOP + messages.length * RUNG + 12;
  const picture = svg("svg", { width, height, viewBox: `0 0 ${width} ${height}`, role: "group", "aria-label": "Ladder" });
  columns.forEach((name, n) => {
    picture.append(
      svg("text", { x: x(n), y: 20, "text-anchor": "middle", class: n === own ? "node" : "name" }, name),
      svg("line", { x1: x(n), x2: x(n), y1: 28, y2: height, class: "life" }),
    );
  });
  const start = messages[0].at_us;
  const rungs = messages.map((one, n) => {
    const known = columns.findIndex((name, n) => n !== own && name === (one.remote ?? "?"));
    const other = known >= 0 ? known : columns.length - 1;
    const [from, to] = one.sent ? [x(own), x(other)] : [x(other), x(own)];
    const y = TOP + n * RUNG + 20;
    const back = to > from ? -TIP : TIP;
    const seconds = ((one.at_us - start) / 1e6).toFixed(4);
    const rung = svg("g", {
      class: `rung ${kind(one)}`,
      tabindex: 0,
      role: "button",
      "data-message": one.number,
      "aria-label": `${seconds} s, ${one.label}, ${one.sent ? "to" : "from"} ${one.remote ?? "?"}`,
    });
    rung.append(
      svg("rect", { x: 0, y: y - 20, width, height: RUNG - 4, class: "hit" }),
      svg("text", { x: TIME - 8, y: y + 4, "text-anchor": "end", class: "time" }, `${seconds} s`),
      svg("text", { x: (from + to) / 2, y: y - 6, "text-anchor": "middle", class: "label" }, one.label),
      svg("path", { d: `M ${from} ${y} L ${to + back} ${y}` }),
      svg("path", { d: `M ${to} ${y} l ${back} -4 v 8 z`, class: "tip" }),
    );
    const take = () => {
      rungs.forEach((other) => other.classList.toggle("chosen", other === rung));
      choose(one);
    };
    if (one.number === chosen) rung.classList.add("chosen");
    rung.addEventListener("click", take);
    rung.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" && event.key !== " ") return;
      event.preventDefault();
      take();
    });
    return rung;
  });
  picture.append(...rungs);
  const focused = document.activeElement?.dataset?.message;
  const isInside = place.contains(document.activeElement);
  place.replaceChildren(picture);
  if (isInside) picture.querySelector(`[data-message="${Number(focused)}"]`)?.focus({ preventScroll: true });
}
