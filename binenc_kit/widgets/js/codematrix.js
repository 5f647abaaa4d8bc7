// In how many bits the codes of each two classes differ: a heat map on a canvas.

const MOST_IN_MATRIX = 40, MOST_WITH_NUMBERS = 30; // classes
const LARGEST_CELL = 36, LEAST_FOR_A_NAME = 13; // CSS pixels

/** Black or white, whichever is easier to read on a ground "rgb(...)": one of them has at least 4.5:1 on any. */
function inkOn(ground) {
  const linear = (value) => (value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4);
  const [r, g, b] = ground.match(/\d+/g).map((part) => linear(part / 255));
  return 0.2126 * r + 0.7152 * g + 0.0722 * b > 0.179 ? "#000000" : "#ffffff";
}

/** Distances of the classes that are shown, and the largest of them. */
function distancesOf(table, classes) {
  const rows = classes.map((one) => classes.map((other) => distance(table, one, other)));
  return { classes, rows, largest: Math.max(1, ...rows.flat()) };
}

/** Sizes for a canvas of a width: the names' gutter, the cells, and which one in `every` names has room. */
function measureMatrix(context, table, classes, width) {
  context.font = `bold ${SMALL}`;
  const names = classes.map((one) => short(table.names[one], 12));
  const gutter = Math.ceil(Math.max(12, ...names.map((name) => context.measureText(name).width))) + 8;
  const cell = Math.min(LARGEST_CELL, (width - gutter) / classes.length);
  return { names, gutter, cell, every: Math.ceil(LEAST_FOR_A_NAME / cell), upright: gutter - 8 <= cell - 2 };
}

function drawMatrixNames(context, sizes, found, classes, theme) {
  const { names, gutter, cell, every, upright } = sizes;
  names.forEach((name, i) => {
    if (i % every) return;
    const middle = gutter + (i + 0.5) * cell, carried = found.byCode.includes(classes[i]);
    context.fillStyle = carried ? theme.ink : theme.soft;
    context.font = carried && /[01]/.test(found.pattern) ? `bold ${SMALL}` : SMALL;
    Object.assign(context, { textAlign: "right", textBaseline: "middle" });
    context.fillText(name, gutter - 5, middle);
    context.save();
    context.translate(middle, gutter - 5);
    if (!upright) context.rotate(-Math.PI / 2);
    Object.assign(context, upright ? { textAlign: "center", textBaseline: "alphabetic" } : { textAlign: "left", textBaseline: "middle" });
    context.fillText(name, 0, 0);
    context.restore();
  });
}

function drawMatrixCells(context, { gutter, cell }, { classes, rows, largest }, theme) {
  context.font = SMALL;
  Object.assign(context, { textAlign: "center", textBaseline: "middle" });
  const numbers = classes.length <= MOST_WITH_NUMBERS && context.measureText(String(largest)).width + 2 < cell && cell >= 16;
  rows.forEach((row, i) => row.forEach((distance, j) => {
    const ground = mix(theme.paper, theme.accent, i === j ? 0 : 0.08 + (0.92 * distance) / largest);
    const [x, y] = [gutter + j * cell, gutter + i * cell];
    context.fillStyle = ground;
    context.fillRect(x, y, cell - (cell > 8), cell - (cell > 8));
    if (!numbers || i === j) return;
    context.fillStyle = inkOn(ground);
    context.fillText(distance, x + cell / 2, y + cell / 2);
  }));
}

/** A frame around pairs one bit apart, a broken one around pairs of one code, a bold one where the reader looks. */
function drawMatrixFrames(context, { gutter, cell }, { rows }, looked, theme) {
  const frame = (i, j, inset) => {
    const side = cell - 2 * inset - 1;
    context.strokeRect(gutter + j * cell + inset, gutter + i * cell + inset, side, side);
  };
  context.strokeStyle = theme.ink;
  context.lineWidth = cell > 12 ? 2 : 1;
  rows.forEach((row, i) => row.forEach((distance, j) => {
    if (i === j || distance > 1) return;
    context.setLineDash(distance ? [] : [3, 3]);
    frame(i, j, context.lineWidth / 2);
  }));
  context.setLineDash([]);
  if (!looked) return;
  context.lineWidth = 4;
  frame(...looked, 1);
}

/** Two classes in words. */
function pairInWords(table, one, other) {
  const [a, b] = [Math.min(one, other), Math.max(one, other)].map((place) => short(table.names[place]));
  if (one === other) return called(table.names[one]);
  const places = differing(table, one, other), mark = byMajority(table, one, other);
  if (!places.length) return `${a} and ${b} share their code${mark}`;
  return `${a} and ${b} differ in ${spelt(places.length)} of ${many(table.P, "bit")}: ${bitsInWords(places)}${mark}`;
}

/** The heat map: {node, show(found), paint()}; choose(pattern) is called with what two chosen classes share. */
function codeMatrix(table, root, choose, told) {
  const all = table.names.length <= MOST_IN_MATRIX ? distancesOf(table, table.names.map((_, one) => one)) : null;
  const state = { found: null, table: all, cursor: [0, 0], at: null, sizes: null };
  const { canvas, paint } = surface({ class: "ce-matrix", tabindex: 0, role: "application" }, (context) => {
    drawMatrixNames(context, state.sizes, state.found, state.table.classes, root.theme);
    drawMatrixCells(context, state.sizes, state.table, root.theme);
    drawMatrixFrames(context, state.sizes, state.table, pairLookedAt(state), root.theme);
  });
  const words = element("p", { class: "ce-pair-words" }), part = all ? null : note(""), legend = matrixLegend();
  const look = (aloud) => { sayPair(canvas, words, table, state, aloud ? told : () => {}); paint(); };
  listenToMatrix(canvas, state, look, (pair) => choose(patternOf(table, ...pair.map((i) => state.table.classes[i]))));
  const repaint = () => {
    const { classes } = state.table;
    canvas.hidden = legend.node.hidden = words.hidden = !classes.length;
    if (!canvas.clientWidth || canvas.hidden) return;
    state.sizes = measureMatrix(canvas.getContext("2d"), table, classes, canvas.clientWidth);
    canvas.style.height = `${Math.ceil(state.sizes.gutter + state.sizes.cell * classes.length)}px`;
    look();
  };
  const show = (found) => {
    state.found = found;
    if (part) showPart(table, state, part);
    legend.show(state.table);
    repaint();
  };
  return { node: element("div", {}, canvas, legend.node, words, part), show, paint: repaint };
}

/** The pair that the reader looks at, in words beside the matrix and in its label. */
function sayPair(canvas, words, table, state, told) {
  const { classes } = state.table, pair = pairLookedAt(state);
  const text = pair ? pairInWords(table, ...pair.map((i) => classes[i])) : "";
  words.textContent = text || "Point at a pair, or focus the table and use the arrow keys; Enter shows both.";
  words.classList.toggle("bk-soft", !text);
  canvas.setAttribute("aria-label",
    `In how many bits the codes of each two classes differ, ${many(classes.length, "class", "classes")}. ${text}`);
  told(text);
}

/** Of many classes, the matrix holds the first that match. */
function showPart(table, state, part) {
  const { classes } = state.found;
  state.table = distancesOf(table, classes.slice(0, MOST_IN_MATRIX));
  Object.assign(state, { cursor: [0, 0], at: null });
  part.textContent = `The first ${state.table.classes.length} of ${many(classes.length, "class", "classes")} that match; `
    + `there are ${spelt(table.names.length)} in all.`;
}

const pairLookedAt = ({ at, focused, cursor }) => at ?? (focused ? cursor : null);

function listenToMatrix(canvas, state, look, choose) {
  const under = ({ offsetX, offsetY }) => {
    const pair = [offsetY, offsetX].map((offset) => Math.floor((offset - state.sizes.gutter) / state.sizes.cell));
    return pair.every((i) => i >= 0 && i < state.table.classes.length) ? pair : null;
  };
  const point = (at) => { if (String(at) !== String(state.at)) { state.at = at; look(); } };
  canvas.addEventListener("pointermove", (event) => point(under(event)));
  canvas.addEventListener("pointerleave", () => point(null));
  canvas.addEventListener("click", (event) => { const pair = under(event); if (pair) { state.cursor = pair; choose(pair); } });
  canvas.addEventListener("focus", () => { state.focused = true; look(true); });
  canvas.addEventListener("blur", () => { state.focused = false; look(); });
  canvas.addEventListener("keydown", (event) => {
    const last = state.table.classes.length - 1;
    if (event.key === "Enter" && last >= 0) return choose(state.cursor);
    const step = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] }[event.key];
    if (!step || last < 0) return;
    event.preventDefault();
    state.cursor = state.cursor.map((place, axis) => Math.min(Math.max(place + step[axis], 0), last));
    state.at = null;
    look(true);
  });
}

/** The scale of the colours, and what the frames mean. */
function matrixLegend() {
  const largest = element("span", { class: "bk-number" });
  const field = (...parts) => element("span", { class: "bk-field" }, ...parts);
  const sign = (kind) => element("span", { class: kind, "aria-hidden": "true" });
  const scale = field("0", sign("ce-scale"), largest), frame = (kind, text) => field(sign(`ce-frame ${kind}`), text);
  const one = frame("", "one bit"), none = frame("ce-broken", "none: the same code");
  const node = element("div", { class: "bk-row bk-soft ce-legend" }, scale, one, none);
  const show = ({ rows, largest: value }) => {
    const occurs = (distance) => rows.some((row, i) => row.some((each, j) => i !== j && each === distance));
    largest.textContent = `${spelt(value)} ${value === 1 ? "bit differs" : "bits differ"}`;
    one.hidden = !occurs(1);
    none.hidden = !occurs(0);
  };
  return { node, show };
}
