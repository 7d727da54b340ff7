// On what terms a version has its share: by which key, of which requests. In: terms as the host tells them, or as an operator
// wishes them. Out: words, what the host is to be asked, and what a wish changes. Nothing here knows the page.

import { count, share } from "./figures.js";

export const ALL = 1000;

// What is hashed, and what sticks to a version by it.
const KEYS = {
  impu: {
    of: "of the subscribers",
    sticks: "A subscriber has one version: in REGISTER, INVITE and MESSAGE, on every node.",
  },
  "call-id": {
    of: "of the calls",
    sticks: "A call has one version; one subscriber's calls have both.",
  },
  source: {
    of: "of the addresses that requests come from",
    sticks: "An address has one version: a phone at a P-CSCF, a neighbour elsewhere.",
  },
};

const header = (key) => key.replace(/^header:/, "");

export const ofKey = (key) => KEYS[key]?.of ?? `of the values of ${header(key)}`;

const sticks = (key) =>
  KEYS[key]?.sticks ?? `A value of ${header(key)} has one version; a request without it goes to the active one.`;

const identitiesOf = (number) => (number === 1 ? "1 identity" : `${count(number)} identities`);

// What only counts: `INVITE, MESSAGE`, `12 identities`, `at pcscf2`. Empty: everything.
export function matchesOf({ identities, methods, pcscf }) {
  return [
    identities > 0 ? identitiesOf(identities) : "",
    methods.join(", "),
    pcscf.length > 0 ? `at ${pcscf.join(", ")}` : "",
  ].filter((part) => part !== "");
}

// `by call-id, only INVITE`; of all subscribers: `by impu`.
export function termsOf(terms) {
  const matches = matchesOf(terms);
  return [`by ${terms.key}`, ...(matches.length > 0 ? [`only ${matches.join("; ")}`] : [])].join(", ");
}

const same = (one, other) => one.length === other.length && one.every((part, n) => part === other[n]);

// `wish`: `tenths`; and `terms`, `null` where nothing but the share is said. Its identities are lines of text.
export function queryOf({ tenths, terms }) {
  const query = new URLSearchParams({ share: String(tenths) });
  if (terms !== null && tenths > 0) {
    query.set("key", terms.key);
    if (terms.methods.length > 0) query.set("method", terms.methods.join(","));
    if (terms.pcscf.length > 0) query.set("pcscf", terms.pcscf.join(","));
  }
  return query.toString();
}

// Why the host need not be asked; empty: it may be.
export function faultOf({ tenths, terms }, version) {
  if (tenths === null) return "This is no share: 0 to 100 percent, with one decimal at most.";
  if (tenths === 0 && version.share === 0) return `Version #${version.number} has no share to take back.`;
  if (terms !== null && terms.key === "header:") return "Say which header field is hashed.";
  const now = terms ?? version.split ?? null;
  const isEverything = now === null || matchesOf(now).length === 0;
  if (tenths === ALL && isEverything) return "100 percent is for a match; for everybody promote the version.";
  return "";
}

// What a wish changes, in sentences.
export function changesOf({ tenths, terms }, version) {
  if (tenths === null) return [];
  const before = version.share > 0 ? version.split : null;
  if (tenths === 0) {
    return [`Its ${share(version.share)} go back to the active version, and it is kept.`, CALLS];
  }
  if (before === null) return [...begins(tenths, terms), CALLS];
  const said = terms === null ? [`Key and matches stay: ${termsOf(before)}.`] : saidAnew(before, terms);
  const isSameScale = terms === null || (terms.key === before.key && same(matchesOf(terms), matchesOf(before)));
  return [...(isSameScale ? [grows(version.share, tenths)] : []), ...said, CALLS].filter((sentence) => sentence !== "");
}

const CALLS = "Calls that are up stay with the version that took them.";

function begins(tenths, terms) {
  const { key } = terms;
  const matches = matchesOf(terms);
  const only = matches.length > 0 ? `Only these requests count: ${matches.join("; ")}.` : "";
  return [`It gets ${share(tenths)} ${ofKey(key)}.`, sticks(key), only, ofMethods(terms)].filter((one) => one !== "");
}

function grows(before, tenths) {
  if (tenths === before) return `It keeps its ${share(before)}.`;
  return tenths > before
    ? `It grows from ${share(before)} to ${share(tenths)}: who has it keeps it.`
    : `It shrinks from ${share(before)} to ${share(tenths)}: the others go back to the active version.`;
}

const ofMethods = ({ key, methods }) =>
  key === "impu" && methods.length > 0 ? "One subscriber then has two versions: these methods go to this one, his others do not." : "";

function saidAnew(before, terms) {
  const sentences = [];
  if (terms.key !== before.key) {
    const other = `Another key is another scale: by ${before.key} before, by ${terms.key} now.`;
    sentences.push(`${other} Everybody moves, also who has the version today.`, sticks(terms.key));
  }
  if (before.identities > 0 || terms.identities > 0) {
    const had = before.identities > 0 ? identitiesOf(before.identities) : "all subscribers";
    const has = terms.identities > 0 ? identitiesOf(terms.identities) : "all subscribers";
    sentences.push(`It is for ${has}; before it was for ${had}${before.identities > 0 ? ", whose list goes" : ""}.`);
  }
  if (!same(before.methods, terms.methods)) {
    const [has, had] = [terms, before].map(({ methods }) => methods.join(", ") || "all");
    sentences.push(`Methods: ${has}; before: ${had}.`, ofMethods(terms));
  }
  if (!same(before.pcscf, terms.pcscf)) {
    sentences.push(`P-CSCFs: ${terms.pcscf.join(", ") || "all"}; before: ${before.pcscf.join(", ") || "all"}.`);
  }
  return sentences.length > 0 ? sentences : [`Key and matches stay: ${termsOf(before)}.`];
}
