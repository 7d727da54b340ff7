// What was done with versions. In: the host's history. Out: a list, the newest first.

import { make } from "./elements.js";
import { moment, share } from "./figures.js";

// Deeds in which a share was given.
const SHARES = ["split", "shadow"];

let shown = "";

// Whether something is new in it.
export function showHistory(list, deeds) {
  const seen = JSON.stringify(deeds);
  if (seen === shown) return false;
  shown = seen;
  list.replaceChildren(...[...deeds].reverse().map(line));
  return true;
}

function line(deed) {
  const line = document.createElement("li");
  const put = (name, text) => line.append(make("span", name, text));
  put("when", moment(deed.at_ms));
  put(deed.what === "refused" ? "refused" : "what", whatOf(deed));
  put("version", deed.number > 0 ? `#${deed.number} ${deed.version}` : "");
  put("who", deed.who);
  const isBad = deed.what === "refused" || deed.who === "guardrail";
  if (deed.why) put(isBad ? "why bad" : "why", deed.why);
  return line;
}

function whatOf({ what, share: tenths, terms, step }) {
  if (what === "refused" && step) return `refused before ${step}`;
  return SHARES.includes(what) ? [what, share(tenths), terms].filter(Boolean).join(", ") : what;
}
