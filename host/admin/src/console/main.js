// The console: asks the host every second while somebody can see the page, and has each part show its share of it.

import { clock, count, duration, Rates } from "./figures.js";
import { get, Refused, setToken, token } from "./host.js";
import { Calls } from "./calls.js";
import { showHistory } from "./history.js";
import { Versions } from "./versions.js";

const EVERY_MS = 1000;
// What was done with versions is asked for less often: it is read from a file.
const HISTORY_EVERY = 5;
const HISTORY_LINES = 30;

const element = (id) => document.getElementById(id);
const rates = new Rates();
const calls = new Calls();
const versions = new Versions(rates, () => {
  turns = 0;
});

let turns = 0;
let answered = null;

async function turn() {
  try {
    const status = await get("/status");
    showStatus(status);
    if (turns % HISTORY_EVERY === 0) await history();
    await calls.ask();
    turns += 1;
    answered = Date.now();
    live(true);
  } catch (error) {
    live(false, error instanceof Refused ? error.message : "no answer");
  }
}

// Who may see what was done may change things: both are asked of the same rule.
async function history() {
  try {
    showHistory(element("history"), await get(`/history?last=${HISTORY_LINES}`));
    versions.allow(null);
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    showHistory(element("history"), []);
    versions.allow(error.message);
  }
}

function showStatus(status) {
  const now = performance.now();
  const requests = Object.values(status.requests).reduce((all, one) => all + one, 0);
  rates.take("requests", now, [requests]);
  const perSecond = rates.perSecond("requests", 0);
  const shown = {
    role: status.role,
    state: status.state,
    uptime: duration(status.uptime_s),
    registrations: count(status.registrations),
    dialogs: count(status.dialogs),
    transactions: count(status.active_transactions),
    requests: perSecond === null ? "–" : perSecond.toFixed(1),
    listeners: status.listeners.join("  ·  "),
  };
  for (const [id, text] of Object.entries(shown)) element(id).textContent = text;
  document.title = `${status.role} – Strowger`;
  versions.show(status.role, status.plugins, now);
}

function live(is, why) {
  const place = element("connection");
  const since = answered === null ? "" : ` since ${clock(answered)}`;
  const text = is ? `live at ${location.host}` : `${why}${since}`;
  if (place.textContent !== text) place.textContent = text;
  place.className = is ? "live" : "gone";
  document.querySelector("main").classList.toggle("stale", !is);
}

let running = false;

function start() {
  if (running || document.hidden) return;
  running = true;
  turns = 0;
  loopUntilHidden();
}

async function loopUntilHidden() {
  while (!document.hidden) {
    await turn();
    await new Promise((resolve) => setTimeout(resolve, EVERY_MS));
  }
  running = false;
}

document.addEventListener("visibilitychange", start);
element("token").value = token();
element("token-form").addEventListener("submit", (event) => {
  event.preventDefault();
  setToken(element("token").value.trim());
  turns = 0;
  calls.again();
});
start();
