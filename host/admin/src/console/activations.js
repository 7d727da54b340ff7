// How the last plugins came in, step by step, also while they do. In: the host's activations. Out: a line for each, its steps
// as they were reached; which steps there are is the host's business.

import { element, make, order, write } from "./elements.js";
import { clock, count, elapsed, moment } from "./figures.js";
import { get } from "./host.js";

export class Activations {
  // By what they are, how they were told last.
  #lines = new Map();

  async ask() {
    this.show(await get("/plugins/activations"));
  }

  show(activations) {
    // Another process counts from 1 again.
    const key = ({ id, digest, steps }) => `${id} ${digest} ${steps[0]?.at_ms}`;
    const lines = new Map(activations.map((one) => [key(one), this.#line(key(one), one)]));
    this.#lines = lines;
    order(element("activations"), [...lines.values()].map(({ line }) => line));
    write(element("activations-note"), activations.length === 0 ? "No plugin has come in since the start." : "");
  }

  #line(key, activation) {
    const told = JSON.stringify(activation);
    const known = this.#lines.get(key);
    if (known?.told === told) return known;
    const line = known?.line ?? document.createElement("li");
    line.replaceChildren(headOf(activation), stepsOf(activation));
    if (activation.rehearsal !== undefined) line.append(make("p", "quiet", rehearsedOf(activation.rehearsal)));
    if (activation.refused !== undefined) line.append(make("p", "error", `${activation.refused.why}.`));
    return { told, line };
  }
}

// Until it has a name, nobody knows it by another one than its digest.
const isUnderWay = ({ number, refused }) => number === 0 && refused === undefined;

function headOf({ number, name, version, digest, who, steps }) {
  const head = make("p", "head");
  head.append(
    make("b", "", number > 0 ? `#${number} ${name} ${version}` : "a plugin"),
    make("small", "", digest.slice(0, 12)),
    make("small", "who", who),
    make("small", "when", steps.length > 0 ? moment(steps[0].at_ms) : ""),
  );
  return head;
}

// What came of recorded calls that it made again.
function rehearsedOf({ calls, different, cases, differences, other, left_out }) {
  const kinds = differences.map((kind) => `${kind.what} (${count(kind.calls)})`);
  if (other > 0) kinds.push(`other (${count(other)})`);
  const ways = kinds.length > 0 ? `: ${kinds.join(", ")}` : "";
  const held = cases > 0 ? ` Cases that hold: ${count(cases)}.` : "";
  const left = left_out.length > 0 ? ` Left out: ${left_out.join("; ")}.` : "";
  return `Of ${count(calls)} recorded calls ${count(different)} were decided otherwise${ways}.${held}${left}`;
}

function stepsOf(activation) {
  const { steps, refused } = activation;
  const list = make("ol", "steps");
  list.setAttribute("aria-label", "Steps");
  steps.forEach(({ step, at_ms }, n) => {
    const took = n === 0 ? clock(at_ms) : `+${elapsed(at_ms - steps[n - 1].at_ms)}`;
    list.append(stepOf(`reached ${step}`, step, took));
  });
  if (refused !== undefined) {
    const took = `+${elapsed(refused.at_ms - (steps.at(-1)?.at_ms ?? refused.at_ms))}`;
    list.append(stepOf("missed", `refused before ${refused.step}`, took));
  } else if (isUnderWay(activation)) list.append(stepOf("going", "under way", ""));
  return list;
}

function stepOf(kind, name, took) {
  const step = make("li", kind);
  step.append(make("span", "name", name), make("small", "", took));
  return step;
}
