// Elements of the page. In: names, texts. Out: elements. Text is text here, never markup: whoever sends a message may have
// written it.

const SVG = "http://www.w3.org/2000/svg";

export const element = (id) => document.getElementById(id);

export function make(tag, name, text) {
  const made = document.createElement(tag);
  if (name) made.className = name;
  if (text !== undefined) made.textContent = text;
  return made;
}

export function svg(name, attributes, text) {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, String(value));
  if (text !== undefined) made.textContent = text;
  return made;
}

// Written only where it is another text: a screen reader says what is written, and what is selected stays so.
export function write(place, text) {
  if (place.textContent !== text) place.textContent = text;
}

// Moved only where it is wrong: what is moved loses the focus.
export function order(parent, wanted) {
  wanted.forEach((child, n) => {
    if (parent.children[n] !== child) parent.insertBefore(child, parent.children[n] ?? null);
  });
  while (parent.children.length > wanted.length) parent.lastElementChild.remove();
}
