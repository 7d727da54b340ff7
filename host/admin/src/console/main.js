// The console: asks the host every second while somebody can see the page, and has each part show its share of it.

import { Activations } from "./activations.js";
import { Calls } from "./calls.js";
import { Configuration } from "./configuration.js";
import { whenChanged } from "./dialogs.js";
import { element, write } from "./elements.js";
import { clock, count, duration, Rates } from "./figures.js";
import { showHistory } from "./history.js";
import { get, Refused, setToken, token } from "./host.js";
import { allow, mayChange } from "./permission.js";
import { Recording } from "./recording.js";
import { Shadow } from "./shadow.js";
import { Versions } from "./versions.js";

const EVERY_MS = 1000;
// What was done with versions is asked for less often: it is read from a file.
const HISTORY_EVERY = 5;
const HISTORY_LINES = 30;

const rates = new Rates();
const calls = new Calls();
const versions = new Versions(rates);
const shadow = new Shadow((call) => calls.open(call));
const activations = new Activations();
const configuration = new Configuration();
const recording = new Recording();

let turns = 0;
let answered = null;
// Something was done here, or somebody else is at the console: all parts are asked for.
let isNews = true;

async function turn() {
  try {
    const status = await get("/status");
    showStatus(status);
    if (isNews || turns % HISTORY_EVERY === 0) await history();
    await parts(status);
    await calls.ask();
    turns += 1;
    answered = Date.now();
    live(true);
  } catch (error) {
    // What was missed is asked for again.
    isNews = true;
    live(false, error.message);
  }
}

// Who may see what was done may change things: both are asked of the same rule.
async function history() {
  try {
    const isNew = showHistory(element("history"), await get(`/history?last=${HISTORY_LINES}`));
    isNews ||= isNew || !mayChange();
    allow(null);
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    showHistory(element("history"), []);
    allow(error.message);
  }
  document.body.classList.toggle("closed", !mayChange());
}

async function parts({ role, plugins }) {
  const wasNews = isNews;
  isNews = false;
  if (!mayChange()) return;
  await Promise.all([
    shadow.ask(role, wasNews),
    activations.ask(),
    recording.ask(role, wasNews),
    configuration.ask(role, plugins, wasNews),
  ]);
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
  versions.show(status.role, status.plugins, shadow.running, now);
}

function live(is, why) {
  const place = element("connection");
  const since = answered === null ? "" : ` since ${clock(answered)}`;
  write(place, is ? `live at ${location.host}` : `${why}${since}`);
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
whenChanged(() => {
  isNews = true;
});
element("token").value = token();
element("token-form").addEventListener("submit", (event) => {
  event.preventDefault();
  setToken(element("token").value.trim());
  turns = 0;
  calls.again();
});
start();
