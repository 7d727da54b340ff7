// What an operator does at the console, at a router with one version: watches it, pushes, is refused, splits, rolls back,
// promotes, opens a call. Arguments: the console, a plugin, a file that is none.

import { ask, cell, check, figure, openCall, picture, rungs, withConsole } from "./page.mjs";

const [url, plugin, spoilt] = process.argv.slice(2);

const sure = (page) => page.locator("#confirm-yes").click();

async function watch(page) {
  await figure(page, "State", 1, "active");
  await page.locator("#permission").filter({ hasText: "You may change versions here." }).waitFor();
  const before = Number(await cell(page, "Calls", 1).textContent());
  await ask("call");
  await page.waitForFunction(
    (before) => Number(document.querySelector('tr[data-figure="Calls"] [data-number="1"]').textContent) > before,
    before,
  );
}

async function pushBadFile(page) {
  await page.locator("#push").click();
  await page.locator("#push-yes").click();
  await page.locator("#push-error").filter({ hasText: "Choose a file first." }).waitFor();
  await page.locator("#push-file").setInputFiles(spoilt);
  await page.locator("#push-yes").click();
  await page.locator("#push-error").filter({ hasText: "refused: the file is not WebAssembly" }).waitFor();
  await picture(page, "refused");
  await page.locator("#push-no").click();
  await figure(page, "State", 1, "active");
  await page.locator("#history .why").filter({ hasText: "not WebAssembly" }).waitFor();
}

async function pushGoodFile(page) {
  await page.locator("#push").click();
  await page.locator("#push-file").setInputFiles(plugin);
  await page.locator("#push-how").selectOption("share");
  await page.locator("#push-share").fill("1");
  await page.locator("#push-yes").click();
  await figure(page, "State", 2, "candidate");
  await figure(page, "Share", 2, "1.0 %");
  await figure(page, "Share", 1, "99.0 %");
}

async function split(page) {
  await page.getByRole("button", { name: "Split version 2" }).click();
  await page.locator("#split-share").fill("101");
  await page.locator("#split-yes").click();
  await page.locator("#split-error").filter({ hasText: "This is no share" }).waitFor();
  await page.locator("#split-share").fill("25");
  await page.locator("#split-yes").click();
  await figure(page, "Share", 2, "25.0 %");
  await page.locator("#history").filter({ hasText: "split, 25.0 %" }).waitFor();
}

async function openACall(page) {
  const call = await ask("call");
  await openCall(page, call);
  await page.locator("#ladder .rung").filter({ hasText: "200 BYE" }).first().waitFor();
  const said = (await rungs(page)).map((one) => one.replace(/^[0-9.]+ s, /, ""));
  const relay = said.findIndex((one) => one === "edge decides: relay 1 target");
  check(said.slice(0, relay).some((one) => /^INVITE, .* to edge$/.test(one)), `a question before: ${said}`);
  check(said.slice(relay + 1).some((one) => /^INVITE, edge to /.test(one)), `a message after: ${said}`);
  await page.locator("#ladder .rung.decision").filter({ hasText: "relay 1 target" }).first().click();
  const told = await page.locator("#message").textContent();
  for (const part of ["on-request for INVITE", "edge 0.1.0", "µs of the processor", "not metered in live calls"]) {
    check(told.includes(part), `${part} in ${told}`);
  }
  await picture(page, "call");
}

// A Call-ID may hold what looks like markup (RFC 3261 §25.1), and anybody may send one.
async function hostileCall(page) {
  const call = await ask("hostile");
  check(call.includes("<script>"), call);
  await openCall(page, call);
  await page.locator("#ladder .rung").first().click();
  check((await page.locator("#message").textContent()).includes(call), "it is shown as it is");
  check((await page.locator("main script, main img").count()) === 0, "it has become no markup");
  await page.locator("#call-filter").fill("");
}

async function lookUp(page) {
  await page.locator("#call-filter").fill("nobody-has-this");
  await page.locator("#call-form button").click();
  await page.locator("#call-title").filter({ hasText: "No call nobody-has-this is kept" }).waitFor();
  await page.locator("#call-filter").fill("");
}

async function promoteAndRollBack(page) {
  await page.locator("#rollback").click();
  await page.locator("#confirm-text").filter({ hasText: "The share of #2 goes back" }).waitFor();
  await sure(page);
  await figure(page, "State", 2, "kept");
  await figure(page, "Share", 1, "100.0 %");
  await page.getByRole("button", { name: "Promote version 2" }).click();
  await sure(page);
  await figure(page, "State", 2, "active");
  const first = await page.locator("#versions thead th[data-number]").first().getAttribute("data-number");
  check(first === "2", "the control is the first column");
  await page.locator("#rollback").click();
  await sure(page);
  await figure(page, "State", 1, "active");
}

await withConsole(url, async (page) => {
  await watch(page);
  await pushBadFile(page);
  await pushGoodFile(page);
  await split(page);
  await openACall(page);
  await hostileCall(page);
  await lookUp(page);
  await promoteAndRollBack(page);
});
