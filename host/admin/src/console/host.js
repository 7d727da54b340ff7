// The host's paths. In: a path. Out: its JSON, or a Refused with the host's sentence. The token lives as long as the tab.

const TOKEN = "strowger-token";
const PATIENCE_MS = 5000;

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

export const get = (path) => ask("GET", path);

export const post = (path) => ask("POST", path);

async function ask(method, path) {
  const headers = { "X-Operator": "console" };
  if (token() !== "") headers.Authorization = `Bearer ${token()}`;
  const signal = AbortSignal.timeout(PATIENCE_MS);
  const answer = await fetch(path, { method, headers, signal, cache: "no-store", credentials: "omit" });
  const body = await answer.json().catch(() => null);
  if (!answer.ok) throw new Refused(answer.status, body?.error ?? `${path} is answered ${answer.status}`);
  return body;
}
