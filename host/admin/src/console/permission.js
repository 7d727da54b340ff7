// Who may change things here, as the host said last. In: its refusal. Out: buttons that can be pressed, or that say why not.

import { element, write } from "./elements.js";

let refusal = "not known yet";

export const mayChange = () => refusal === null;

// `null`: the operator may change things; else why not.
export function allow(why) {
  refusal = why;
  write(element("permission"), why === null ? "You may change versions here." : `Read only: ${why}.`);
  for (const button of document.querySelectorAll("button.change")) enable(button);
}

// A button that changes something.
export function changes(button) {
  button.type = "button";
  button.classList.add("change");
  button.setAttribute("aria-describedby", "permission");
  enable(button);
  return button;
}

function enable(button) {
  button.disabled = refusal !== null;
  button.title = refusal ?? "";
}
