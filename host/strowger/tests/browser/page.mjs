// What the scripts of the console's tests share. In: the program arguments. Out: a page of a headless browser at the console,
// and a way to have the test do something: a line to it, a line back. A script ends well or throws.
//
// The browser is STROWGER_CHROMIUM, Playwright is in STROWGER_PLAYWRIGHT; pictures go into STROWGER_PICTURES.

import { createRequire } from "node:module";
import { join } from "node:path";
import { createInterface } from "node:readline";

const PATIENCE_MS = 30_000;
const { chromium } = createRequire(import.meta.url)(process.env.STROWGER_PLAYWRIGHT);

const lines = createInterface({ input: process.stdin });
const answers = lines[Symbol.asyncIterator]();

// Has the test do this; what it answers.
export async function ask(what) {
  process.stdout.write(`${what}\n`);
  const { value, done } = await answers.next();
  if (done) throw new Error(`nobody answers ${what}`);
  return value;
}

export function check(is, what) {
  if (!is) throw new Error(`not so: ${what}`);
}

// Runs `play` with the console at `url`; whatever the page complains about is an error.
export async function withConsole(url, play) {
  const browser = await chromium.launch({
    executablePath: process.env.STROWGER_CHROMIUM,
    args: ["--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu"],
  });
  try {
    const page = await browser.newPage({ viewport: { width: 1280, height: 1000 } });
    page.setDefaultTimeout(PATIENCE_MS);
    const complaints = [];
    page.on("pageerror", (error) => complaints.push(String(error)));
    page.on("dialog", (dialog) => {
      complaints.push(`a dialog opened: ${dialog.message()}`);
      dialog.dismiss();
    });
    page.on("console", (message) => {
      // An answer that refuses is told there too.
      if (message.type() === "error" && !message.text().startsWith("Failed to load resource")) {
        complaints.push(message.text());
      }
    });
    await page.goto(url);
    await page.locator("#connection.live").waitFor();
    await play(page);
    check(complaints.length === 0, `the page is quiet: ${complaints.join("; ")}`);
  } finally {
    // Who listens does not end.
    lines.close();
    await browser.close();
  }
}

// The cell of a version in the line of this name.
export const cell = (page, figure, number) =>
  page.locator(`#versions tr[data-figure="${figure}"] [data-number="${number}"]`);

// The version of this number has this text in the line of this name; now, or soon.
export const figure = (page, name, number, text) => cell(page, name, number).filter({ hasText: text }).waitFor();

// This place has this text; now, or soon.
export const said = (page, place, text) => page.locator(place).filter({ hasText: text }).waitFor();

export async function picture(page, name, locator = page) {
  const folder = process.env.STROWGER_PICTURES;
  await locator.screenshot({ path: join(folder, `console-${name}.png`) });
}

// Chooses a call in the list; its ladder is there then.
export async function openCall(page, call) {
  await page.locator("#call-filter").fill(call);
  await page.locator("#calls button").filter({ hasText: call }).first().click();
  await page.locator("#call-title").filter({ hasText: call }).waitFor();
}

// Rungs of the ladder, top down, as they are read aloud.
export const rungs = (page) =>
  page.locator("#ladder .rung").evaluateAll((all) => all.map((one) => one.getAttribute("aria-label")));
