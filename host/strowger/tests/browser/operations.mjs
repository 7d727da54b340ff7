// What more an operator does at the console, at a router with one version: follows plugins step by step, compares a version in
// the shadow, splits by key and matches, adopts and ends calls, changes the configuration, records. Arguments: the console, a
// plugin that has bugs, a file that is none.

import { ask, cell, check, figure, picture, rungs, said, withConsole } from "./page.mjs";

const [url, plugin, spoilt] = process.argv.slice(2);

// Messages that both versions decide the same.
const PLAIN = 24;

const sure = (page) => page.locator("#confirm-yes").click();

const command = (page, name) => page.getByRole("button", { name, exact: true }).click();

const steps = (page, n) => page.locator("#activations > li").nth(n).locator(".steps .name").allTextContents();

async function push(page, file) {
  await page.locator("#push").click();
  await page.locator("#push-file").setInputFiles(file);
  await page.locator("#push-yes").click();
}

async function followPlugins(page) {
  await said(page, "#activations-note", "No plugin has come in since the start.");
  await push(page, plugin);
  await figure(page, "State", 2, "checked");
  await page.locator("#activations > li").filter({ hasText: "#2 misbehaving" }).waitFor();
  const good = await steps(page, 0);
  check(good.slice(0, 4).join() === "uploaded,checked,compiled,initialised", `the steps are ${good}`);
  await push(page, spoilt);
  await page.locator("#push-error").filter({ hasText: "refused" }).waitFor();
  await page.locator("#push-no").click();
  const refused = page.locator("#activations > li").first();
  await refused.locator(".error").filter({ hasText: "not WebAssembly" }).waitFor();
  const bad = await steps(page, 0);
  check(bad.join() === "uploaded,refused before checked", `the steps are ${bad}`);
}

// Steps are the host's: one that this page has never heard of is shown as the others are.
async function unheardOfStep(page) {
  await page.route("**/plugins/activations", async (route) => {
    const answer = await route.fetch();
    const told = await answer.json();
    told.at(-1).steps.push({ step: "<b>tasted</b>", at_ms: told.at(-1).steps.at(-1).at_ms + 2500 });
    const differences = [{ what: "relay → reply 404", calls: 2, first: "call 7 of calls.rec" }];
    told.at(-1).rehearsal = { calls: 900, different: 2, cases: 3, differences, other: 0, left_out: [], took_ms: 40 };
    await route.fulfill({ response: answer, json: told });
  });
  await said(page, "#activations > li", "Of 900 recorded calls 2 were decided otherwise: relay → reply 404 (2). Cases that hold: 3.");
  const step = page.locator("#activations .steps li").filter({ hasText: "<b>tasted</b>" });
  await step.filter({ hasText: "+2.5 s" }).waitFor();
  await page.unroute("**/plugins/activations");
  await step.waitFor({ state: "detached" });
}

async function compareInTheShadow(page) {
  await said(page, "#shadow-note", "No version is in the shadow");
  await command(page, "Shadow version 2");
  await page.locator("#share").fill("0");
  await sure(page);
  await said(page, "#confirm-error", "a shadow has 0.1 to 100 percent of the calls");
  await page.locator("#share").fill("100");
  await sure(page);
  await figure(page, "State", 2, "in the shadow, 100.0 %");
  await said(page, "#shadow-who", "#2 misbehaving");
  for (let n = 0; n < PLAIN; n += 1) await ask("relay");
  await page.locator("#shadow-figures .same dd").first().filter({ hasText: String(PLAIN) }).waitFor();
  const call = await ask("rewrite");
  const kind = page.locator("#shadow-kinds > li").filter({ hasText: "header Subject changed" });
  await kind.waitFor();
  check((await kind.locator(".decided li.candidate").first().textContent()).startsWith("+replace Subject"), "the line");
  await ask("refuse");
  await page.locator("#shadow-kinds > li").filter({ hasText: "relay → reply 503" }).waitFor();
  await page.locator("#shadow-figures .different dd").first().filter({ hasText: "2" }).waitFor();
  await focusStays(page, kind);
  await page.locator("#shadow-kinds summary").filter({ hasText: "503" }).click();
  await page.evaluate(() => document.activeElement.blur());
  await picture(page, "shadow", page.locator("#shadow-part"));
  const hostile = await ask("hostile");
  await kind.locator(".example").filter({ hasText: hostile }).waitFor();
  check((await page.locator("main script").count()) === 0, "a Call-ID becomes no markup");
  await kind.getByRole("button", { name: `Open the ladder of ${call}` }).click();
  await said(page, "#call-title", call);
  const drawn = (await rungs(page)).map((one) => one.replace(/^[0-9.]+ s, /, ""));
  check(drawn.includes("edge decides: relay 1 target"), `its ladder: ${drawn}`);
  check((await page.evaluate(() => document.activeElement.id)) === "call-title", "one reads on at the ladder");
}

// While the report goes on, who is at a line stays there.
async function focusStays(page, kind) {
  const summary = kind.locator("summary");
  await summary.focus();
  const wasOpen = await kind.locator("details").evaluate((details) => details.open);
  await page.keyboard.press("Enter");
  await ask("rewrite");
  await summary.locator("b").filter({ hasText: "2" }).waitFor();
  check(await summary.evaluate((own) => own === document.activeElement), "the focus is where it was");
  check((await kind.locator("details").evaluate((details) => details.open)) !== wasOpen, "it is as the operator left it");
  if (wasOpen) await page.keyboard.press("Enter");
}

async function endTheShadow(page) {
  await page.locator("#shadow-share").click();
  await page.locator("#share").fill("50");
  await sure(page);
  await said(page, "#shadow-note", "50.0 % of the calls");
  await command(page, "Stop shadow version 2");
  await sure(page);
  await said(page, "#shadow-note", "it ended: told to");
  check(await page.locator("#shadow-stop").isHidden(), "it cannot be stopped twice");
  check((await page.locator("#shadow-kinds > li").count()) === 2, "what it has seen stays");
}

const change = (page, text) => said(page, "#split-changes", text);

async function splitByTerms(page) {
  await command(page, "Split version 2");
  await page.locator("#split-share").fill("5");
  await change(page, "5.0 % of the subscribers");
  await page.locator("#split-methods").fill("invite");
  await change(page, "One subscriber then has two versions");
  await page.locator("#split-key").selectOption("call-id");
  await change(page, "one subscriber's calls have both");
  await picture(page, "split", page.locator("#split-dialog"));
  await page.locator("#split-yes").click();
  await figure(page, "Key, matches", 2, "by call-id, only INVITE");

  await command(page, "Split version 2");
  check(await page.locator("#split-keep").isChecked(), "what it has is proposed");
  check(await page.locator("#split-key").isDisabled(), "and a share says nothing of it");
  await page.locator("#split-share").fill("10");
  await change(page, "It grows from 5.0 % to 10.0 %: who has it keeps it.");
  await page.locator("#split-yes").click();
  await figure(page, "Share", 2, "10.0 %");
  await figure(page, "Key, matches", 2, "by call-id, only INVITE");

  await command(page, "Split version 2");
  await page.locator("#split-anew").check();
  await page.locator("#split-key").selectOption("impu");
  await change(page, "everybody moves");
  await page.locator("#split-methods").fill("");
  await page.locator("#split-share").fill("100");
  await page.locator("#split-yes").click();
  await said(page, "#split-error", "100 percent is for a match");
  await page.locator("#split-identities").fill("# testers\nnobody\n");
  await change(page, "It is for 1 identity; before it was for all subscribers.");
  await page.locator("#split-yes").click();
  await said(page, "#split-error", "identity 1 of the list is neither a SIP nor a tel URI");
  await page.locator("#split-identities").fill("# testers\nsip:carol@example.test\n");
  await page.locator("#split-yes").click();
  await figure(page, "Key, matches", 2, "by impu, only 1 identity");
  await figure(page, "Share", 2, "100.0 %");
  const last = await steps(page, 1);
  check(last.at(-1) === "candidate", `its steps go on: ${last}`);
}

async function holdAndLetGo(page) {
  await ask("hold");
  await command(page, "Promote version 2");
  await sure(page);
  await figure(page, "State", 1, "draining");
  await command(page, "End version 1");
  await said(page, "#confirm-text", "Version #1 (edge");
  await said(page, "#confirm-text", "has 1 call. They are ended: a BYE to both sides");
  await picture(page, "end", page.locator("#confirm-dialog"));
  await page.locator("#confirm-no").click();
  await command(page, "Adopt version 1");
  await said(page, "#confirm-text", "has 1 call. They go on with the active version, #2");
  await sure(page);
  await figure(page, "State", 1, "kept");
  await said(page, "#history", "adopted");
  await ask("hang up");
}

async function endCalls(page) {
  await ask("hold");
  await command(page, "Promote version 1");
  await sure(page);
  await figure(page, "State", 2, "draining");
  await command(page, "End version 2");
  await sure(page);
  await ask("is ended");
  await figure(page, "State", 2, "kept");
}

const TEXT = "#script-text";

async function makeVersionOfText(page) {
  await page.waitForFunction((id) => document.querySelector(id).value.includes("realm"), TEXT);
  const text = await page.locator(TEXT).inputValue();
  await page.locator(TEXT).fill(text.replace(/realm = ".*"/, "realm = 1"));
  await page.locator("#script-lines .candidate").filter({ hasText: "realm = 1" }).waitFor();
  await page.locator("#script-make").click();
  await sure(page);
  await said(page, "#confirm-error", "init refuses");
  await page.locator("#confirm-no").click();
  await page.locator(TEXT).fill(text.replace(/realm = ".*"/, 'realm = "other.test"'));
  await page.locator("#script-make").click();
  await sure(page);
  await said(page, "#script-said", "It is version #");
  const made = Number(/#([0-9]+)/.exec(await page.locator("#script-said").textContent())[1]);
  await figure(page, "State", made, "checked");
  await page.locator("#script-version").selectOption(String(made));
  await said(page, "#script-beside", `The text of #${made}, beside that of #1`);
  await page.locator("#script-lines .active").filter({ hasText: "realm =" }).waitFor();
  await page.locator("#script-version").selectOption("1");
}

async function takeTheFile(page) {
  await said(page, "#configuration-note", "The file says what the router does");
  await ask("change the file");
  await page.locator("#configuration-look").click();
  const timer = page.locator("#differences tr").filter({ hasText: "timers.t1_ms" });
  await timer.filter({ hasText: "−500" }).filter({ hasText: "+100" }).filter({ hasText: "when it is applied" }).waitFor();
  await page.locator("#configuration-apply").click();
  await page.locator("#apply-how").selectOption("share");
  await page.locator("#apply-yes").click();
  await said(page, "#apply-error", "not timers.t1_ms");
  await page.locator("#apply-how").selectOption("all");
  await page.locator("#apply-yes").click();
  await said(page, "#configuration-taken", "timers");
  await said(page, "#configuration-note", "The file says what the router does");
  await page.locator("#configuration-back").click();
  await sure(page);
  await timer.filter({ hasText: "−500" }).waitFor();
  await ask("spoil the file");
  await page.locator("#configuration-look").click();
  await said(page, "#configuration-note", "timers.t1_ms = 0: must be 50 to 10,000");
}

async function record(page) {
  await said(page, "#recording-note", "Nothing has been recorded since the start.");
  await page.locator("#record").click();
  await page.locator("#record-what").selectOption("identity");
  await page.locator("#record-value").fill("alice");
  await page.locator("#record-yes").click();
  await said(page, "#record-error", "is not whose calls can be recorded");
  await page.locator("#record-what").selectOption("share");
  await page.locator("#record-value").fill("1.25");
  await page.locator("#record-yes").click();
  await said(page, "#record-error", "This is no share");
  await page.locator("#record-what").selectOption("all");
  await page.locator("#record-file").fill("../out");
  await page.locator("#record-yes").click();
  await said(page, "#record-error", "is no name for a recording");
  await page.locator("#record-file").fill("calls");
  await page.locator("#record-yes").click();
  await said(page, "#recording-note", "Recording all calls into");
  await ask("call");
  await page.locator("#recording-figures dd").first().filter({ hasText: /^[1-9]/ }).waitFor();
  await page.locator("#record-stop").click();
  await sure(page);
  await said(page, "#recording-note", "Recorded all calls into");
  await said(page, "#history", "recorded");
}

// A host that was given a thousand versions while calls were up tells all of them.
async function aThousandVersions(page) {
  await page.route("**/status", async (route) => {
    const answer = await route.fetch();
    const told = await answer.json();
    const [first] = told.plugins;
    const more = Array.from({ length: 1200 }, (_, n) => ({ ...first, number: 1000 + n, state: "draining", share: 0 }));
    await route.fulfill({ response: answer, json: { ...told, plugins: [...told.plugins, ...more] } });
  });
  await said(page, "#versions-more", /^1,18[0-9] more hold calls/);
  const columns = await page.locator("#versions thead th[data-number]").count();
  check(columns < 40, `${columns} columns`);
  check((await cell(page, "State", 1000).count()) === 1, "the oldest, which one would let go of, are among them");
  check((await page.locator("#script-version option").count()) < 10, "and no text of theirs is offered");
  await page.unroute("**/status");
  await page.locator("#versions-more").filter({ hasText: "more" }).waitFor({ state: "detached" });
}

// By the keys alone: each part has a link, each field a name.
async function namesAndKeys(page) {
  await page.getByRole("link", { name: "Recording" }).focus();
  await page.keyboard.press("Enter");
  await page.waitForFunction(() => document.querySelector("#recording-part").getBoundingClientRect().top < innerHeight);
  const nameless = await page.evaluate(() =>
    [...document.querySelectorAll("input, select, textarea")]
      .filter((field) => field.labels.length === 0 && !field.hasAttribute("aria-labelledby"))
      .map((field) => field.id),
  );
  check(nameless.length === 0, `fields without a name: ${nameless}`);
}

// What knows nothing of the page, asked by itself.
async function sharesAndLines(page) {
  const [tenths, lines] = await page.evaluate(async () => {
    const { tenthsOf } = await import("/console/figures.js");
    const { differing } = await import("/console/lines.js");
    return [
      ["0", "0.1", " 99.9% ", "100", "100.0", "100.1", "101", "1.25", "-1", "1,5", ""].map(tenthsOf),
      differing("a\nb\nc\n", "a\nc\nd\n").map(({ sign, text }) => `${sign}${text}`),
    ];
  });
  check(JSON.stringify(tenths) === "[0,1,999,1000,1000,null,null,null,null,null,null]", `${tenths}`);
  check(lines.join() === " a,-b, c,+d", `${lines}`);
}

await withConsole(url, async (page) => {
  await followPlugins(page);
  await unheardOfStep(page);
  await compareInTheShadow(page);
  await endTheShadow(page);
  await splitByTerms(page);
  await holdAndLetGo(page);
  await endCalls(page);
  await makeVersionOfText(page);
  await picture(page, "activations", page.locator("#activations-part"));
  await takeTheFile(page);
  await picture(page, "configuration", page.locator("#configuration-part"));
  await record(page);
  await aThousandVersions(page);
  await sharesAndLines(page);
  await namesAndKeys(page);
});
