// The rungs of a ladder, out of what nodes traced. In: messages and decisions, each with the node that traced it. Out: for
// each message one rung, from whom to whom, also where one node sent it and another received it; for each decision one at
// its node. Nothing here knows the page.

export const DIAMETER = "Diameter";

// Diameter messages that keep a connection and belong to no call (RFC 6733 §5).
const UPKEEP = /^(DW|CE|DP)[RA]/;

export const isUpkeep = (one) => one.transport === DIAMETER && UPKEEP.test(one.label);

const isDecision = (one) => one.decision !== undefined;

const remoteOf = (one) => one.remote ?? "?";

// The n-th time that a message was sent is the n-th time that it was received.
export function rungsOf(traced) {
  const received = new Map();
  for (const one of traced) {
    if (isDecision(one) || one.sent) continue;
    if (!received.has(one.key)) received.set(one.key, []);
    received.get(one.key).push(one);
  }
  const rungs = [];
  for (const one of traced) {
    if (isDecision(one)) rungs.push(rung(one, one.node, one.node));
    else if (one.sent) {
      const taken = received.get(one.key)?.shift();
      rungs.push({ ...rung(one, one.node, taken?.node ?? remoteOf(one)), taken });
    }
  }
  for (const one of [...received.values()].flat()) rungs.push(rung(one, remoteOf(one), one.node));
  return rungs.sort((a, b) => a.at_us - b.at_us || a.number - b.number);
}

function rung(one, from, to) {
  const { at_us, number, label, transport, decision } = one;
  return { id: `${one.node} ${number}`, at_us, number, from, to, label, transport, decision, one };
}

// What belongs to a call: what has its Call-ID; and with `diameter` the sessions that a node began while its script was asked
// for this call. Diameter has no Call-ID; under load a session of another call may be among them.
export function ofCall(traced, call, diameter) {
  const own = traced.filter((one) => one.call === call);
  if (!diameter) return own;
  const asked = own.filter(isDecision);
  const isMeanwhile = (one) => {
    const spans = asked.filter((decided) => decided.node === one.node);
    return spans.some(({ at_us, decision }) => one.at_us <= at_us && one.at_us >= at_us - decision.wall_us);
  };
  const begun = traced.filter((one) => one.transport === DIAMETER && one.sent && !isUpkeep(one) && isMeanwhile(one));
  const sessions = new Set(begun.map((one) => one.call));
  return traced.filter((one) => one.call === call || (one.transport === DIAMETER && sessions.has(one.call)));
}

// What a list says of a call. `state`: of an INVITE, how far it is; else empty.
export function summaryOf(own) {
  const messages = own.filter((one) => !isDecision(one));
  const first = messages[0] ?? own[0];
  const last = messages.at(-1) ?? own.at(-1);
  const versions = new Set(own.filter(isDecision).map((one) => `${one.node} #${one.decision.number}`));
  return {
    method: (first.decision?.about ?? first.label).split(" ").at(-1),
    since_us: own[0].at_us,
    last,
    state: stateOf(messages),
    versions: [...versions],
    lines: rungsOf(own).length,
  };
}

function stateOf(messages) {
  const was = (pattern) => messages.some((one) => pattern.test(one.label));
  if (was(/^BYE$/)) return "ended";
  if (was(/^2\d\d INVITE$/)) return "up";
  if (was(/^(?!401|407)[3-6]\d\d INVITE$/)) return "failed";
  return was(/^INVITE$/) ? "set up" : "";
}

// The figure of a rung: what it is drawn as.
export function kindOf({ label, transport, decision }) {
  if (decision !== undefined) {
    if (decision.failed) return "decision bad";
    return /^(reply|replace by) [3-6]/.test(label) ? "decision warm" : "decision";
  }
  if (transport === DIAMETER) return /^\w+A (?!2\d{3}$)/.test(label) ? "diameter bad" : "diameter";
  const status = /^([1-6])\d\d /.exec(label)?.[1];
  if (status === undefined) return "request";
  return { 1: "provisional", 2: "good" }[status] ?? "bad";
}

const ORDER = ["pcscf", "icscf", "scscf", "hss"];

// Lines of a ladder from left to right, `most` at most of who is no node of ours. One node: whom it hears first is on its
// left, the others on its right, so that a call goes from left to right. Several nodes: in the order of a call; who talks
// to the first of them is on its left.
export function columnsOf(rungs, nodes, most) {
  const rank = (name) => (ORDER.includes(name) ? ORDER.indexOf(name) : ORDER.length);
  const seen = new Set(rungs.flatMap(({ from, to }) => [from, to]));
  const inner = nodes.filter((name) => seen.has(name)).sort((a, b) => rank(a) - rank(b));
  const others = [...seen].filter((name) => !nodes.includes(name)).slice(0, most);
  if (inner.length === 1) return [...others.slice(0, 1), ...inner, ...others.slice(1)];
  const isLeft = (name) =>
    rungs.some(({ from, to }) => (from === name && to === inner[0]) || (to === name && from === inner[0]));
  return [...others.filter(isLeft), ...inner, ...others.filter((name) => !isLeft(name))];
}
