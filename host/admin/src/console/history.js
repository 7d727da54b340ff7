// What was done with versions. In: the host's history. Out: a list, the newest first.

import { moment, share } from "./figures.js";

let shown = "";

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
