// Numbers, times, shares and rates as people read them. In: values of the host. Out: text. Nothing here knows the page.

// Seconds over which calls a second, and failing calls, are counted.
const RATE_OVER_S = 10;
const FAILURES_OVER_S = 60;

export const count = (value) => Number(value).toLocaleString("en");

// Microseconds as people read them.
export function micros(us) {
  if (us < 1000) return `${us} µs`;
  return us < 100_000 ? `${(us / 1000).toFixed(1)} ms` : `${Math.round(us / 1000)} ms`;
}

export function percentOf(part, whole) {
  if (whole <= 0) return "–";
  const percent = (100 * part) / whole;
  return part > 0 && percent < 0.01 ? "< 0.01 %" : `${percent.toFixed(2)} %`;
}

export const share = (tenths) => `${(tenths / 10).toFixed(1)} %`;

export const shareWritten = (tenths) => (tenths / 10).toFixed(1).replace(/\.0$/, "");

// Tenths of a percent, as `strowger plugin split` reads them: 0 to 100 with one decimal at most. `null`: it is none.
export function tenthsOf(text) {
  const read = /^(100(?=%?$|\.0%?$)|[0-9]{1,2})(?:\.([0-9]))?%?$/.exec(text.trim());
  return read === null ? null : 10 * Number(read[1]) + Number(read[2] ?? 0);
}

export function duration(seconds) {
  const [d, h, m] = [Math.floor(seconds / 86400), Math.floor(seconds / 3600) % 24, Math.floor(seconds / 60) % 60];
  if (d > 0) return `${d} d ${h} h`;
  if (h > 0) return `${h} h ${m} min`;
  return m > 0 ? `${m} min ${seconds % 60} s` : `${seconds} s`;
}

// From one moment to another, in milliseconds.
export function elapsed(ms) {
  if (ms < 1000) return `${Math.max(0, ms)} ms`;
  return ms < 60_000 ? `${(ms / 1000).toFixed(1)} s` : duration(Math.round(ms / 1000));
}

export function bytes(value) {
  if (value < 1000) return `${value} B`;
  return value < 1_000_000 ? `${(value / 1000).toFixed(1)} kB` : `${(value / 1_000_000).toFixed(1)} MB`;
}

const two = (value) => String(value).padStart(2, "0");

export function clock(ms) {
  const at = new Date(ms);
  return [at.getHours(), at.getMinutes(), at.getSeconds()].map(two).join(":");
}

export function moment(ms) {
  const at = new Date(ms);
  return `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())} ${clock(ms)}`;
}

// What counters did lately. Each key has its samples of the last minute.
export class Rates {
  #samples = new Map();

  take(key, now, values) {
    const all = this.#samples.get(key) ?? [];
    const last = all.at(-1);
    // A counter that went back is that of another process.
    if (last !== undefined && values.some((value, n) => value < last.values[n])) all.length = 0;
    all.push({ now, values });
    while (all.length > 2 && all[1].now <= now - FAILURES_OVER_S * 1000) all.shift();
    this.#samples.set(key, all);
  }

  // Only these are asked for from now on.
  keep(keys) {
    for (const key of this.#samples.keys()) if (!keys.has(key)) this.#samples.delete(key);
  }

  // How much the n-th value grew in a second.
  perSecond(key, n) {
    const [first, last] = this.#ends(key, RATE_OVER_S);
    return last === undefined ? null : (1000 * (last.values[n] - first.values[n])) / (last.now - first.now);
  }

  // How much each value grew in the last minute.
  lately(key) {
    const [first, last] = this.#ends(key, FAILURES_OVER_S);
    return last === undefined ? null : last.values.map((value, n) => value - first.values[n]);
  }

  #ends(key, seconds) {
    const all = this.#samples.get(key) ?? [];
    const last = all.at(-1);
    const first = all.find((sample) => sample.now >= (last?.now ?? 0) - seconds * 1000);
    return first === undefined || first.now === last.now ? [] : [first, last];
  }
}
