// One call at the console of a process that runs all roles of an IMS: one ladder of all of them; and what else is one role's
// own. Arguments: the console of the S-CSCF, that of the P-CSCF.

import { ask, check, figure, openCall, picture, rungs, said, withConsole } from "./page.mjs";

const [url, other] = process.argv.slice(2);

// The role whose console this is has its own versions, shadow and recording; what one does is no matter of the others.
async function ofOneRole(page) {
  await figure(page, "State", 2, "in the shadow, 100.0 %");
  await said(page, "#shadow-who", "#2 scscf");
  await page.locator("#shadow-figures .same dd").first().filter({ hasText: /^[1-9]/ }).waitFor();
  await page.locator("#record").click();
  await page.locator("#record-yes").click();
  await said(page, "#recording-note", "Recording calls that fail into");
  await page.goto(other);
  await said(page, "#role", "pcscf");
  await said(page, "#shadow-note", "No version is in the shadow");
  await said(page, "#recording-note", "Nothing has been recorded since the start.");
}

await withConsole(url, async (page) => {
  await page.locator("#trace-note").filter({ hasText: "hss, scscf, icscf, pcscf" }).waitFor();
  await ask("shadow");
  const call = await ask("call");
  await openCall(page, call);
  await page.locator("#ladder .rung").filter({ hasText: "200 BYE" }).first().waitFor();
  const lines = await page.locator("#ladder .node").allTextContents();
  check(lines.join() === "pcscf,icscf,scscf,hss", `the lines are ${lines}`);
  const said = (await rungs(page)).map((one) => one.replace(/^[0-9.]+ s, /, ""));
  const wanted = [
    /^INVITE, .* to pcscf$/,
    /^pcscf decides: relay/,
    /^INVITE, pcscf to scscf$/,
    /^scscf decides: /,
    /^INVITE, scscf to icscf$/,
    /^LIR, icscf to hss$/,
    /^LIA 2001, hss to icscf$/,
    /^icscf decides: relay/,
    /^INVITE, icscf to scscf$/,
    /^scscf decides: /,
    /^INVITE, scscf to pcscf$/,
    /^pcscf decides: /,
    /^INVITE, pcscf to /,
  ];
  let at = 0;
  for (const pattern of wanted) {
    const found = said.findIndex((one, n) => n >= at && pattern.test(one));
    check(found >= 0, `${pattern} after ${at} of\n${said.join("\n")}`);
    at = found + 1;
  }
  const between = said.filter((one) => one === "INVITE, pcscf to scscf");
  check(between.length === 1, "what one sent and another received is one line");
  await picture(page, "ims");
  await ofOneRole(page);
});
