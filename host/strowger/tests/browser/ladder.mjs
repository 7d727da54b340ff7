// One call at the console of a process that runs all roles of an IMS: one ladder of all of them. Arguments: the console.

import { ask, check, openCall, picture, rungs, withConsole } from "./page.mjs";

const [url] = process.argv.slice(2);

await withConsole(url, async (page) => {
  await page.locator("#trace-note").filter({ hasText: "hss, scscf, icscf, pcscf" }).waitFor();
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
});
