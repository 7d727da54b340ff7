// The configuration: what is other in the router's file, taking it, going back; and what each version of the script is told, of
// which another text makes another version. In: what the host tells. Out: commands to the host.

import { complain, confirm, NO_SHARE, open, tell } from "./dialogs.js";
import { element, make, write } from "./elements.js";
import { clock, tenthsOf } from "./figures.js";
import { get, push } from "./host.js";
import { differing, shortened } from "./lines.js";

// Lines that both texts have around one that is other; lines that are shown.
const AROUND = 2;
const MOST_LINES = 300;

export class Configuration {
  #role = "";
  #versions = [];
  // The texts of versions, by number, and what was written in their place.
  #texts = new Map();
  #drafts = new Map();

  constructor() {
    element("configuration-look").addEventListener("click", () => this.#compare());
    element("configuration-apply").addEventListener("click", () => this.#apply());
    element("configuration-back").addEventListener("click", rollBack);
    element("script-version").addEventListener("change", () => {
      say("", false);
      this.#showText();
    });
    element("script-text").addEventListener("input", () => this.#write());
    element("script-undo").addEventListener("click", () => this.#undo());
    element("script-make").addEventListener("click", () => this.#make());
  }

  // `isNews`: something was done; nothing else changes what is shown.
  async ask(role, versions, isNews) {
    this.#role = role;
    this.#showVersions(versions);
    if (!isNews) return;
    this.#texts.clear();
    await Promise.all([this.#compare(), this.#showText()]);
  }

  async #compare() {
    const note = element("configuration-note");
    try {
      this.#showDifferences(await get("/configuration"));
      note.classList.remove("bad");
    } catch (refused) {
      this.#showDifferences([]);
      write(note, `${refused.message}.`);
      note.classList.add("bad");
    }
  }

  #showDifferences(differences) {
    const at = `at ${clock(Date.now())}`;
    const said =
      differences.length === 0
        ? `The file says what the router does (${at}).`
        : `${differences.length === 1 ? "1 key is" : `${differences.length} keys are`} other in the file (${at}).`;
    write(element("configuration-note"), said);
    element("differences").hidden = differences.length === 0;
    const rows = differences.map(({ key, running, file, live }) => {
      const row = document.createElement("tr");
      const head = row.appendChild(make("th", "", key));
      head.scope = "row";
      const counts = make("td", live ? "live" : "later", live ? "when it is applied" : "at the next start");
      row.append(values(running, file), counts);
      return row;
    });
    element("differences").tBodies[0].replaceChildren(...rows);
  }

  #apply() {
    element("apply-form").reset();
    open("apply", () => {
      const wished = element("apply-how").value === "share";
      const tenths = wished ? tenthsOf(element("apply-share").value) : 0;
      if (tenths === null) complain("apply", NO_SHARE);
      else {
        const path = `/configuration${wished ? `?share=${tenths}` : ""}`;
        tell("apply", "It is being checked …", () => push(path, null)).then(showTaken);
      }
    });
    showShareOfApply();
  }

  // Of those that only hold calls nobody takes the text any more.
  #showVersions(all) {
    const versions = all.filter(({ state }) => state !== "draining");
    this.#versions = versions;
    const list = element("script-version");
    const titleOf = ({ number, name, version, state }) => `#${number} ${name} ${version}, ${state}`;
    const wanted = versions.map((version) => [String(version.number), titleOf(version)]);
    const seen = JSON.stringify(wanted);
    if (list.dataset.seen === seen) return;
    list.dataset.seen = seen;
    const chosen = list.value;
    list.replaceChildren(...wanted.map(([value, text]) => new Option(text, value)));
    const active = String(this.#active()?.number ?? "");
    list.value = wanted.some(([value]) => value === chosen) ? chosen : active;
    if (list.value !== chosen && this.#texts.size > 0) this.#showText();
  }

  #active() {
    return this.#versions.find(({ state }) => state === "active");
  }

  async #text(number) {
    if (!this.#texts.has(number)) {
      const { configuration } = await get(`/plugins/${encodeURIComponent(this.#role)}/${number}/configuration`);
      this.#texts.set(number, configuration);
    }
    return this.#texts.get(number);
  }

  async #showText() {
    const number = Number(element("script-version").value);
    const active = this.#active();
    if (number === 0 || active === undefined) return;
    try {
      const [text] = await Promise.all([this.#text(number), this.#text(active.number)]);
      // Another one may have been chosen meanwhile.
      if (Number(element("script-version").value) !== number) return;
      const place = element("script-text");
      const wanted = this.#drafts.get(number) ?? text;
      if (place.value !== wanted) place.value = wanted;
      this.#showDifference(number);
    } catch (refused) {
      say(`${refused.message}.`, true);
    }
  }

  #write() {
    const number = Number(element("script-version").value);
    const text = element("script-text").value;
    if (text === this.#texts.get(number)) this.#drafts.delete(number);
    else this.#drafts.set(number, text);
    say("", false);
    this.#showDifference(number);
  }

  #undo() {
    this.#drafts.delete(Number(element("script-version").value));
    this.#showText();
  }

  // Beside the active version's, the control.
  #showDifference(number) {
    const active = this.#active();
    const control = this.#texts.get(active?.number);
    if (control === undefined) return;
    const lines = shortened(differing(control, element("script-text").value), AROUND, MOST_LINES);
    const isOther = lines.some((line) => line !== null && line.sign !== " ");
    const isDraft = this.#drafts.has(number);
    const what = isDraft ? "What you wrote" : `The text of #${number}`;
    const isControl = number === active.number && !isDraft;
    const same = isControl
      ? "This is the active version's text. Change it to make another version."
      : `${what} is that of #${active.number}, the active version.`;
    write(element("script-beside"), isOther ? `${what}, beside that of #${active.number}, the active version:` : same);
    element("script-lines").replaceChildren(...(isOther ? lines.map(lineOf) : []));
    element("script-undo").hidden = !isDraft;
  }

  async #make() {
    const number = Number(element("script-version").value);
    const text = this.#drafts.get(number);
    if (text === undefined) {
      say(`This is the text that #${number} has: change it first.`, true);
      return;
    }
    const path = `/plugins/${encodeURIComponent(this.#role)}/${number}/configuration`;
    confirm({
      title: "Make a version of it",
      text:
        `The plugin of #${number} is started with this text: its init must take it. Then it is kept as a version of its own, ` +
        "to which nothing goes before you split, promote or shadow it. If it is refused, nothing changes.",
      verb: "Make it",
      meanwhile: "Its init is being asked …",
      command: async () => {
        const made = await push(path, text);
        this.#drafts.delete(number);
        say(`It is version #${made.number}, kept: split, promote or shadow it in its column.`, false);
      },
    });
  }
}

function rollBack() {
  confirm({
    title: "Roll the configuration back",
    text: "What was taken before counts again, from memory. The file is left as it is, and counts again when it is applied.",
    verb: "Roll back",
    meanwhile: "It is being checked …",
    command: async () => showTaken(await push("/configuration/rollback", null)),
  });
}

function showTaken(applied) {
  if (applied) say(`Taken: ${applied.taken.join(", ") || "nothing"}.`, false, "configuration-taken");
}

function say(text, isBad, place = "script-said") {
  write(element(place), text);
  element(place).classList.toggle("bad", isBad);
}

const showShareOfApply = () => {
  element("apply-share-line").hidden = element("apply-how").value !== "share";
};

element("apply-how").addEventListener("change", showShareOfApply);

// A value in the running router and in the file; of several lines those that are other.
function values(running, file) {
  const cell = document.createElement("td");
  if (running === file) {
    cell.append(make("small", "", "another value, which is not shown"));
    return cell;
  }
  const list = cell.appendChild(make("ol", "lines"));
  const lines = shortened(differing(running ?? "", file ?? ""), AROUND, MOST_LINES);
  list.append(...lines.map(lineOf));
  return cell;
}

const KINDS = { "-": "active", "+": "candidate", " ": "both" };

function lineOf(line) {
  if (line === null) return make("li", "gap", "⋯");
  const item = make("li", KINDS[line.sign]);
  item.append(make("span", "sign", line.sign === "-" ? "−" : line.sign), make("code", "", line.text));
  return item;
}
