// The host's paths. In: a path. Out: its JSON, or a Refused with the host's sentence. The token lives as long as the tab.

const TOKEN = "strowger-token";
const PATIENCE_MS = 5000;
// A plugin is compiled before it is answered, and a long list of identities is read.
const LONG_PATIENCE_MS = 120_000;

export class Refused extends Error {
  constructor(status, sentence) {
    super(sentence);
    this.status = status;
  }
}

export const token = () => sessionStorage.getItem(TOKEN) ?? "";

export function setToken(text) {
  if (text === "") sessionStorage.removeItem(TOKEN);
  else sessionStorage.setItem(TOKEN, text);
}

export const get = (path) => ask("GET", path, null, PATIENCE_MS);

export const post = (path) => ask("POST", path, null, PATIENCE_MS);

export const remove = (path) => ask("DELETE", path, null, PATIENCE_MS);

// What may take its time: `body` is a file, a text, or nothing.
export const push = (path, body) => ask("POST", path, body, LONG_PATIENCE_MS);

async function ask(method, path, body, patience) {
  const headers = { "X-Operator": "console" };
  if (token() !== "") headers.Authorization = `Bearer ${token()}`;
  const signal = AbortSignal.timeout(patience);
  const options = { method, headers, body, signal, cache: "no-store", credentials: "omit" };
  const answer = await fetch(path, options).catch((error) => {
    const why = error.name === "TimeoutError" ? `no answer within ${patience / 1000} s` : "no answer";
    throw new Error(why, { cause: error });
  });
  const said = await answer.json().catch(() => null);
  if (!answer.ok) throw new Refused(answer.status, said?.error ?? `${path} is answered ${answer.status}`);
  return said;
}
