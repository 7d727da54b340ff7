// Calls of the script that are written down. In: how the recording stands. Out: its figures; begin and end.

import { complain, confirm, open, tell } from "./dialogs.js";
import { element, make, write } from "./elements.js";
import { bytes, count, tenthsOf } from "./figures.js";
import { get, post, Refused, remove } from "./host.js";

const FIGURES = [
  { title: "Calls", text: ({ calls }) => count(calls) },
  { title: "Size", text: (status) => bytes(status.bytes) },
  { title: "Not faithful", text: ({ unfaithful }) => count(unfaithful) },
  { title: "Dropped", text: ({ dropped }) => count(dropped) },
  { title: "Withheld", text: ({ withheld }) => count(withheld) },
];

// Whose calls; of those that need it, what is asked besides.
const WANTED = {
  errors: { about: "What came before in its call, and what comes after, is there too." },
  share: { label: "Percent of the subscribers", about: "Those whom a candidate of this share would get.", first: "1" },
  identity: { label: "Public identity", about: "What it takes part in, on either side: sip:…, tel:…", first: "" },
  all: { about: "Every call of the script." },
};

export class Recording {
  #role = "";
  #isRunning = false;
  #figures;

  constructor() {
    this.#figures = FIGURES.map(({ title }) => {
      const place = element("recording-figures").appendChild(document.createElement("div"));
      place.append(make("dt", "", title));
      return place.appendChild(make("dd", "", "–"));
    });
    element("record").addEventListener("click", () => this.#begin());
    element("record-stop").addEventListener("click", () => this.#stop());
  }

  // `isNews`: something was done; else only one that runs is asked for.
  async ask(role, isNews) {
    this.#role = role;
    if (isNews || this.#isRunning) this.#show(await this.#status());
  }

  #path() {
    return `/record/${encodeURIComponent(this.#role)}`;
  }

  async #status() {
    try {
      return await get(this.#path());
    } catch (error) {
      if (error instanceof Refused && error.status === 404) return null;
      throw error;
    }
  }

  #show(status) {
    this.#isRunning = status?.running === true;
    element("record").hidden = this.#isRunning;
    element("record-stop").hidden = !this.#isRunning;
    element("recording-figures").hidden = status === null;
    element("recording-note").classList.toggle("going", this.#isRunning);
    write(element("recording-note"), status === null ? "Nothing has been recorded since the start." : noteOf(status));
    if (status !== null) FIGURES.forEach(({ text }, n) => write(this.#figures[n], text(status)));
  }

  #begin() {
    element("record-form").reset();
    element("record-file").value = nameOf(this.#role);
    showWanted();
    open("record", () => {
      const file = element("record-file").value.trim();
      const what = whatOf();
      if (what === null) complain("record", "This is no share: 0.1 to 99.9 percent, with one decimal at most.");
      else {
        const query = new URLSearchParams({ what, file, clear: String(element("record-clear").checked) });
        tell("record", "", () => post(`${this.#path()}?${query}`));
      }
    });
    element("record-what").focus();
  }

  #stop() {
    confirm({
      title: "Stop recording",
      text: "What was heard is written, and the file is whole then: strowger replay makes its calls again.",
      verb: "Stop",
      command: () => remove(this.#path()),
    });
  }
}

function whatOf() {
  const kind = element("record-what").value;
  const value = element("record-value").value.trim();
  if (kind === "identity") return value;
  if (kind !== "share") return kind;
  const tenths = tenthsOf(value);
  return tenths === null ? null : `${(tenths / 10).toFixed(1)}%`;
}

function noteOf({ running, what, file, clear, ended }) {
  const ofSome = what.endsWith("%") ? `calls of ${what} of the subscribers` : `calls of ${what}`;
  const whose = { errors: "calls that fail", all: "all calls" }[what] ?? ofSome;
  const plain = clear ? ", identities as they are" : "";
  return `${running ? "Recording" : "Recorded"} ${whose} into ${file}${plain}${ended === null ? "" : `; it ended: ${ended}`}.`;
}

// `scscf-20261128-131002`: no two are the same.
function nameOf(role) {
  const digits = new Date().toISOString().replace(/[-:]|\..*/g, "").replace("T", "-");
  return `${role.replace(/[^A-Za-z0-9]/g, "-")}-${digits}`;
}

function showWanted() {
  const { label, about, first } = WANTED[element("record-what").value];
  element("record-value-line").hidden = label === undefined;
  element("record-value-name").textContent = label ?? "";
  element("record-about").textContent = about;
  if (first !== undefined) element("record-value").value = first;
}

element("record-what").addEventListener("change", showWanted);
