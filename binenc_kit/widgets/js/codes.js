// Codes in the browser: reading the packed bits, asking who carries a pattern, and putting codes into words.
// Bits are counted from 0 here and from 1 in every text. A pattern is a text with "1", "0" or "." for any a bit.

const ANY = ".";
const SPELT = 16; // bits up to which a code is written out

/** What Python sent, with the samples' classes spelt out; samples are in order of their class. */
function readCodes(content) {
  const { P, names, styles, shown, total } = content, width = Math.ceil(P / 8);
  const numbers = new Uint32Array(bytesOf(content.numbers).slice().buffer);
  const classOf = new Uint16Array(numbers.length);
  shown.reduce((start, many, one) => { classOf.fill(one, start, start + many); return start + many; }, 0);
  const [codes, samples, purities] = [content.codes, content.samples, content.percent].map(bytesOf);
  const bit = (bytes, row, place) => (bytes[row * width + (place >> 3)] >> (7 - (place & 7))) & 1;
  return {
    P, width, names, styles, shown, total, numbers, classOf, codes, samples,
    count: numbers.length,
    classBit: (one, place) => bit(codes, one, place),
    sampleBit: (index, place) => bit(samples, index, place),
    isPure: (one, place) => purities[one * P + place] / 100 >= PURE,
  };
}

/** A pattern as bytes to compare with: which bits are asked, and what they must be. */
function asBytes(pattern) {
  const mask = new Uint8Array(Math.ceil(pattern.length / 8)), wanted = mask.slice();
  [...pattern].forEach((asked, place) => {
    if (asked === ANY) return;
    mask[place >> 3] |= 128 >> (place & 7);
    if (asked === "1") wanted[place >> 3] |= 128 >> (place & 7);
  });
  return { mask, wanted };
}

/** Whether a row of packed codes has the wanted bits. */
function carries(bytes, row, { mask, wanted }) {
  const start = row * mask.length;
  for (let i = 0; i < mask.length; i++) if ((bytes[start + i] & mask[i]) !== wanted[i]) return false;
  return true;
}

/** Who carries a pattern: the samples of each class, their number, and the classes, those whose code does first. */
function whoCarries(table, pattern) {
  const asked = asBytes(pattern), samples = table.names.map(() => []);
  let count = 0;
  for (let i = 0; i < table.count; i++)
    if (carries(table.samples, i, asked)) { samples[table.classOf[i]].push(i); count++; }
  const byCode = [], others = [];
  table.names.forEach((_, one) => {
    if (carries(table.codes, one, asked)) byCode.push(one);
    else if (samples[one].length) others.push(one);
  });
  others.sort((a, b) => samples[b].length / table.shown[b] - samples[a].length / table.shown[a]);
  return { pattern, samples, count, byCode, classes: [...byCode, ...others] };
}

/** The pattern that classes share; where their codes differ, or one of them is impure, the bit is left open. */
const patternOf = (table, ...classes) =>
  Array.from({ length: table.P }, (_, place) => {
    const bit = table.classBit(classes[0], place);
    return classes.every((one) => table.isPure(one, place) && table.classBit(one, place) === bit) ? bit : ANY;
  }).join("");

/** In which bits two classes' codes differ. */
const differing = (table, one, other) =>
  Array.from({ length: table.P }, (_, place) => place).filter((place) => table.classBit(one, place) !== table.classBit(other, place));

const ONES = Uint8Array.from({ length: 256 }, (_, byte) => byte.toString(2).replaceAll("0", "").length);

/** In how many bits two classes' codes differ. */
function distance({ codes, width }, one, other) {
  let sum = 0;
  for (let i = 0; i < width; i++) sum += ONES[codes[one * width + i] ^ codes[other * width + i]];
  return sum;
}

// ---- in words -------------------------------------------------------------------------------------------------------

const spelt = (count) => count.toLocaleString("en");
const many = (count, one, more = `${one}s`) => `${spelt(count)} ${count === 1 ? one : more}`;

/** A name with … in its middle where it is long: names often differ at their end. */
function short(name, longest = 24) {
  const letters = Array.from(name.trim() || "(no name)");
  if (letters.length <= longest) return letters.join("");
  return [...letters.slice(0, longest / 2), "…", ...letters.slice(letters.length + 1 - longest / 2)].join("");
}

/** A class in a sentence: "class 3", and with a name that is no number the name alone. */
const called = (name, longest) => (/^\d+$/.test(name) ? `class ${name}` : short(name, longest));

/** "a, b and c", or "a, b and 7 more" where there are more than `most` and one. */
function listed(parts, most = Infinity, more = "more") {
  const shown = parts.length > most + 1 ? [...parts.slice(0, most), `${spelt(parts.length - most)} ${more}`] : parts;
  return shown.length < 2 ? shown.join("") : `${shown.slice(0, -1).join(", ")} and ${shown.at(-1)}`;
}

/** "bit 2", "bits 2 and 3". */
const bitsInWords = (places, most = 12) =>
  `${places.length === 1 ? "bit" : "bits"} ${listed(places.map((place) => place + 1), most)}`;

/** What is said of classes of which one has a ? in its code: their distance is that of majority bits. */
const byMajority = (table, ...classes) =>
  (classes.some((one) => codeOfClass(table, one).includes("?")) ? " (by majority)" : "");

/** A pattern in words: 01··, or of a long one "bit 3 = 1 and bit 40 = 0". */
function patternInWords(pattern) {
  if (pattern.length <= SPELT) return pattern.replaceAll(ANY, "·");
  const asked = [...pattern].map((bit, place) => [bit, place]).filter(([bit]) => bit !== ANY);
  return listed(asked.map(([bit, place]) => `bit ${place + 1} = ${bit}`), 6, "more bits");
}

/** Who carries the pattern, in one sentence. */
function carriersInWords(table, found) {
  const { pattern, samples, count, classes } = found;
  const all = many(table.count, "sample");
  if (!/[01]/.test(pattern)) return `No bit is chosen: all ${all} of ${many(table.names.length, "class", "classes")}.`;
  if (!count) return `None of ${all} carries ${patternInWords(pattern)}.`;
  const there = classes.filter((one) => samples[one].length);
  const parts = there.map((one) => `${spelt(samples[one].length)} of ${called(table.names[one])}`);
  const verb = count === 1 ? "carries" : "carry";
  return `${spelt(count)} of ${all} ${verb} ${patternInWords(pattern)}: ${listed(parts, 6, "more classes")}.`;
}

/** A code as elements: the asked bits stand out; long codes are a strip of bars, 1 tall, ? half as tall, 0 empty. */
const codeElement = (text, stands) => (text.length > SPELT ? codeStrip : wholeCode)(text, stands);

/** A code spelt out, a long one in groups of eight bits. */
function wholeCode(text, stands) {
  const letters = [...text].map((bit, place) => (stands(place) ? element("b", {}, bit) : bit));
  const spaced = letters.flatMap((letter, place) => (place && place % 8 === 0 && text.length > SPELT ? [" ", letter] : [letter]));
  return element("code", { class: "ce-code" }, ...spaced);
}

function codeStrip(text, stands) {
  const bars = { plain: "", standing: "" };
  [...text].forEach((bit, place) => {
    const height = { 1: 10, "?": 5, 0: 0 }[bit], kind = stands(place) ? "standing" : "plain";
    bars[kind] += `M${place} ${10 - height}h.8v${height}h-.8z`;
    if (stands(place)) bars[kind] += `M${place} 11h.8v3h-.8z`; // a foot for each asked bit, 0 included
  });
  const paths = Object.entries(bars).map(([kind, d]) => element("path", { class: `ce-strip-${kind}`, d }));
  const box = { viewBox: `0 0 ${text.length} 14`, preserveAspectRatio: "none" };
  return element("svg", { class: "ce-strip", "aria-hidden": "true", ...box }, ...paths);
}

/** A class's majority bits, with ? where fewer than 95 % of its samples share the bit. */
const codeOfClass = (table, one) =>
  Array.from({ length: table.P }, (_, place) => (table.isPure(one, place) ? table.classBit(one, place) : "?")).join("");

const majorityOf = (table, one) => Array.from({ length: table.P }, (_, place) => table.classBit(one, place)).join("");
const codeOfSample = (table, index) => Array.from({ length: table.P }, (_, place) => table.sampleBit(index, place)).join("");
