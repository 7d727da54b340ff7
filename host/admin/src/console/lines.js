// In which lines two texts differ. In: two texts. Out: lines that only the one has (`-`), only the other (`+`), and both (` `),
// in their order. Nothing here knows the page.

// Longer texts are compared by which lines they have at all, without their order.
const MOST_CELLS = 4_000_000;

const linesOf = (text) => (text === "" ? [] : text.replace(/\n$/, "").split("\n"));

export function differing(before, after) {
  const [a, b] = [linesOf(before), linesOf(after)];
  let first = 0;
  while (first < a.length && first < b.length && a[first] === b[first]) first += 1;
  let last = 0;
  while (last < a.length - first && last < b.length - first && a.at(-1 - last) === b.at(-1 - last)) last += 1;
  const both = (lines) => lines.map((text) => ({ sign: " ", text }));
  const middle = [a, b].map((lines) => lines.slice(first, lines.length - last));
  return [...both(a.slice(0, first)), ...between(...middle), ...both(a.slice(a.length - last))];
}

function between(a, b) {
  if (a.length * b.length > MOST_CELLS) {
    const [inA, inB] = [new Set(a), new Set(b)];
    const only = (lines, other, sign) => lines.filter((text) => !other.has(text)).map((text) => ({ sign, text }));
    return [...only(a, inB, "-"), ...only(b, inA, "+")];
  }
  // longest[i][j]: how many lines a from i on and b from j on have in common, in their order.
  const width = b.length + 1;
  const longest = new Uint32Array((a.length + 1) * width);
  for (let i = a.length - 1; i >= 0; i -= 1) {
    for (let j = b.length - 1; j >= 0; j -= 1) {
      const at = i * width + j;
      longest[at] = a[i] === b[j] ? longest[at + width + 1] + 1 : Math.max(longest[at + width], longest[at + 1]);
    }
  }
  const found = [];
  let [i, j] = [0, 0];
  while (i < a.length || j < b.length) {
    const at = i * width + j;
    if (i < a.length && j < b.length && a[i] === b[j]) {
      found.push({ sign: " ", text: a[i] });
      [i, j] = [i + 1, j + 1];
    } else if (j === b.length || (i < a.length && longest[at + width] >= longest[at + 1])) {
      found.push({ sign: "-", text: a[i] });
      i += 1;
    } else {
      found.push({ sign: "+", text: b[j] });
      j += 1;
    }
  }
  return found;
}

// Of lines that both have only those next to others, `most` at most; `null` in the place of what is left out.
export function shortened(lines, around, most) {
  const isNear = lines.map((_, n) => lines.slice(Math.max(0, n - around), n + around + 1).some(({ sign }) => sign !== " "));
  const short = [];
  lines.forEach((line, n) => {
    if (isNear[n]) short.push(line);
    else if (short.at(-1) !== null) short.push(null);
  });
  return short.length > most ? [...short.slice(0, most), null] : short;
}
