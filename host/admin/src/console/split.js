// The dialog that gives a version a share: how much, by which key, of which requests; and says what that changes, before it is
// done. In: a version as the host tells it. Out: a command to the host.

import { complain, open, tell } from "./dialogs.js";
import { element, make } from "./elements.js";
import { shareWritten, tenthsOf } from "./figures.js";
import { push } from "./host.js";
import { changesOf, faultOf, ofKey, queryOf, termsOf } from "./terms.js";

// Bytes of a list of identities: as many as the host takes, each as long as it may be.
const MOST_BYTES = 100_000 * 258;
// Tenths of a percent for a version that has no share yet.
const FIRST = 10;
const HEADER = "header:";
const NOTHING = { key: "impu", identities: 0, methods: [], pcscf: [] };

const list = (text) => text.split(/[\s,]+/).filter((part) => part !== "");

// As the host counts them: neither empty lines nor comments.
const entries = (text) => text.split("\n").filter((line) => line.trim() !== "" && !line.trim().startsWith("#"));

let version = null;
let path = "";
// Of the file of identities, if one is chosen.
let file = "";

export function split(base, ofVersion) {
  version = ofVersion;
  path = `${base}/${version.number}/split`;
  file = "";
  element("split-form").reset();
  element("split-title").textContent = `Split #${version.number}`;
  element("split-share").value = shareWritten(version.share || FIRST);
  const terms = version.share > 0 ? version.split : null;
  element("split-terms").hidden = terms === null;
  element("split-kept").textContent = terms === null ? "" : `as they are: ${termsOf(terms)}`;
  element("split-keep").checked = terms !== null;
  element("split-anew").checked = terms === null;
  fill(terms ?? NOTHING);
  showFields();
  say();
  open("split", submit);
  element("split-share").select();
}

function fill({ key, identities, methods, pcscf }) {
  const isHeader = key.startsWith(HEADER);
  element("split-key").value = isHeader ? HEADER : key;
  element("split-header").value = isHeader ? key.slice(HEADER.length) : "";
  element("split-methods").value = methods.join(", ");
  element("split-pcscf").value = pcscf.join(", ");
  element("split-identities").placeholder =
    identities > 0
      ? `${identities} now; the host does not tell which. What is here takes their place.`
      : "all: sip:alice@ims.example, one a line";
}

function wish() {
  const tenths = tenthsOf(element("split-share").value);
  if (element("split-keep").checked) return { tenths, terms: null };
  const key = element("split-key").value;
  const terms = {
    key: key === HEADER ? `${HEADER}${element("split-header").value.trim()}` : key,
    identities: entries(written()).length,
    methods: list(element("split-methods").value).map((method) => method.toUpperCase()),
    pcscf: list(element("split-pcscf").value),
  };
  return { tenths, terms };
}

const written = () => `${element("split-identities").value}\n${file}`;

function showFields() {
  element("split-fields").disabled = element("split-keep").checked;
  element("split-header-line").hidden = element("split-key").value !== HEADER;
}

function say() {
  const wished = wish();
  const key = wished.terms?.key ?? version.split?.key ?? "impu";
  element("split-of").textContent = `Percent ${ofKey(key)}`;
  element("split-changes").replaceChildren(...changesOf(wished, version).map((sentence) => make("li", "", sentence)));
  complain("split", "");
}

function submit() {
  const wished = wish();
  const fault = faultOf(wished, version);
  if (fault !== "") {
    complain("split", fault);
    return;
  }
  const identities = wished.terms === null || wished.tenths === 0 ? "" : written().trim();
  tell("split", identities === "" ? "" : "The list is being read …", () => push(`${path}?${queryOf(wished)}`, identities));
}

async function take([chosen]) {
  file = "";
  if (chosen !== undefined) {
    const text = chosen.size <= MOST_BYTES ? await chosen.text() : null;
    if (text === null) complain("split", `${chosen.name} is larger than a list of identities may be.`);
    // The host would take an empty list for none, and that is everybody.
    else if (entries(text).length === 0) complain("split", `No public identity is in ${chosen.name}.`);
    else file = text;
    if (file === "") {
      element("split-file").value = "";
      return;
    }
  }
  say();
}

element("split-form").addEventListener("input", (event) => {
  if (event.target.id === "split-file") return;
  showFields();
  say();
});
element("split-file").addEventListener("change", (event) => take(event.target.files));
