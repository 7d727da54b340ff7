// The push of a plugin file. In: a file, what is to become of it. Out: a command to the host.

import { complain, NO_SHARE, open, tell } from "./dialogs.js";
import { element } from "./elements.js";
import { tenthsOf } from "./figures.js";
import { push } from "./host.js";

// `base`: the path of the role's versions.
export function pushFile(base) {
  element("push-form").reset();
  showShare();
  open("push", () => {
    const [file] = element("push-file").files;
    const how = element("push-how").value;
    const tenths = how === "share" ? tenthsOf(element("push-share").value) : 0;
    if (file === undefined) complain("push", "Choose a file first.");
    else if (tenths === null) complain("push", NO_SHARE);
    else {
      const query = { check: "", share: `?share=${tenths}`, activate: "?activate=true" }[how];
      tell("push", `${file.name} is being checked and compiled …`, () => push(`${base}${query}`, file));
    }
  });
  element("push-file").focus();
}

function showShare() {
  element("push-share-line").hidden = element("push-how").value !== "share";
}

element("push-how").addEventListener("change", showShare);
