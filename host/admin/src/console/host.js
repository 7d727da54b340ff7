// The host's paths. In: a path. Out: its JSON, or a Refused with the host's sentence. The token lives as long as the tab.

const TOKEN = "strowger-token";
const PATIENCE_MS = 5000;
// A plugin is compiled before it is answered.
const PUSH_PATIENCE_MS = 120_000;

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

export const push = (path, file) => ask("POST", path, file, PUSH_PATIENCE_MS);

async function ask(method, path, body, patience) {
  const headers = { "X-Operator": "console" };
  if (token() !== "") headers.Authorization = `Bearer ${token()}`;
  const signal = AbortSignal.timeout(patience);
  const answer = await fetch(path, { method, headers, body, signal, cache: "no-store", credentials: "omit" });
  const said = await answer.json().catch(() => null);
  if (!answer.ok) throw new Refused(answer.status, said?.error ?? `${path} is answered ${answer.status}`);
  return said;
}
