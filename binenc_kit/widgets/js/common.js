// What the widgets share: elements, canvases as sharp as the screen, colours, marks, pictures, numbers sent as bytes.
// Plain functions; a widget's own file follows this one in the same module. Texts only ever become text nodes.

const SVG = "http://www.w3.org/2000/svg";
const SANS = "system-ui, -apple-system, 'Segoe UI', Roboto, 'DejaVu Sans', sans-serif"; // as in common.css
const SMALL = `12px ${SANS}`, MONO = "13px ui-monospace, 'DejaVu Sans Mono', Menlo, monospace"; // of texts on canvases
const PURE = 0.95; // share of a class from which on a bit counts as the class's own

/** An element with attributes, listeners (on...: function) and children; a text among the children stays text. */
function element(tag, attributes = {}, ...children) {
  const node = tag === "svg" || tag === "path" ? document.createElementNS(SVG, tag) : document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") node.addEventListener(name.slice(2), value);
    else if (value === true) node.setAttribute(name, "");
    else if (value !== false && value != null) node.setAttribute(name, value);
  }
  node.append(...children.filter((child) => child != null));
  return node;
}

let counted = 0;
/** An id that no other element of the page has: by chance, as a notebook loads this file once for each widget. */
const uniqueId = (stem) => `bk-${stem}-${Math.random().toString(36).slice(2, 10)}-${counted++}`;

/** A label and a control that belong together: [the pair, the control]. */
function labelled(text, control) {
  control.id ||= uniqueId("control");
  return element("span", { class: "bk-field" }, element("label", { for: control.id }, text), control);
}

/** A select with options [[value, text], ...]. */
function choices(options, value, onchange) {
  const select = element("select", { onchange: () => onchange(select.value) });
  select.append(...options.map(([key, text]) => element("option", { value: key }, text)));
  select.value = value;
  return select;
}

/** A canvas that is as sharp as the screen; paint() calls draw(context, width, height) in CSS pixels. */
function surface(attributes, draw) {
  const canvas = element("canvas", attributes);
  const context = canvas.getContext("2d");
  const paint = () => {
    const ratio = Math.min(window.devicePixelRatio || 1, 2);
    const width = canvas.clientWidth, height = canvas.clientHeight;
    if (!width || !height) return; // not on the page yet, or folded away
    const [w, h] = [Math.round(width * ratio), Math.round(height * ratio)];
    if (canvas.width !== w || canvas.height !== h) [canvas.width, canvas.height] = [w, h];
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.clearRect(0, 0, width, height);
    draw(context, width, height);
  };
  return { canvas, paint };
}

/** Joins many calls into one at the next frame of the screen. */
function onceAFrame(work) {
  let waiting = 0;
  const ask = () => { waiting ||= requestAnimationFrame(() => { waiting = 0; work(); }); };
  ask.cancel = () => cancelAnimationFrame(waiting);
  return ask;
}

/** Calls after `pause` milliseconds without another call. */
function debounced(work, pause) {
  let timer;
  const ask = () => { clearTimeout(timer); timer = setTimeout(work, pause); };
  ask.cancel = () => clearTimeout(timer);
  return ask;
}

/**
 * The widget's outermost element, with its theme's colours in `root.theme`. `repaint` runs when it is resized or the
 * theme changes (the system's, JupyterLab's, VS Code's or Colab's); `root.leave()` stops watching.
 */
function widgetRoot(el, name, repaint) {
  const root = element("div", { class: "bk-widget", role: "group", "aria-label": name });
  // Notebooks listen for keys on the page: without this, an arrow key would move to the next cell, not the slider.
  for (const kind of ["keydown", "keyup", "keypress"])
    root.addEventListener(kind, (event) => { if (!event.ctrlKey && !event.metaKey) event.stopPropagation(); });
  el.append(root);
  const read = () => {
    const style = getComputedStyle(root);
    const value = (key) => style.getPropertyValue(`--bk-${key}`).trim();
    root.theme = Object.fromEntries(["ink", "soft", "faint", "paper", "accent"].map((key) => [key, value(key)]));
  };
  const refresh = onceAFrame(() => { read(); repaint(); });
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const themes = new MutationObserver(refresh), sizes = new ResizeObserver(refresh);
  for (const node of [document.documentElement, document.body])
    themes.observe(node, { attributes: true, attributeFilter: ["class", "data-jp-theme-light", "theme", "data-theme"] });
  sizes.observe(root);
  dark.addEventListener("change", refresh);
  root.leave = () => {
    themes.disconnect();
    sizes.disconnect();
    refresh.cancel();
    dark.removeEventListener("change", refresh);
  };
  read();
  return root;
}

/** Whether the reader asked the system for less motion. */
const lessMotion = () => matchMedia("(prefers-reduced-motion: reduce)").matches;

// ---- marks: a colour and a shape for each class, as in the kit's figures -------------------------------------------

const around = (corners, turn = 0, inner = 1) => Array.from({ length: corners * (inner < 1 ? 2 : 1) }, (_, i) => {
  const angle = turn + (i * Math.PI * 2) / (corners * (inner < 1 ? 2 : 1)), radius = i % 2 && inner < 1 ? inner : 1;
  return [radius * Math.sin(angle), -radius * Math.cos(angle)];
});
const cross = [
  [-.35, -1], [.35, -1], [.35, -.35], [1, -.35], [1, .35], [.35, .35],
  [.35, 1], [-.35, 1], [-.35, .35], [-1, .35], [-1, -.35], [-.35, -.35],
];
const SHAPES = {
  o: around(10), s: around(4, Math.PI / 4).map(([x, y]) => [x * 1.2, y * 1.2]), D: around(4), "^": around(3), v: around(3, Math.PI),
  ">": around(3, Math.PI / 2), h: around(6), "*": around(5, 0, 0.42).map(([x, y]) => [x * 1.25, y * 1.25]), P: cross,
  X: cross.map(([x, y]) => [(x - y) * Math.SQRT1_2, (x + y) * Math.SQRT1_2]),
};

/** Adds a mark's outline around (x, y) to the context's path. */
function addMark(context, shape, x, y, radius) {
  const points = SHAPES[shape] || SHAPES.o;
  context.moveTo(x + points[0][0] * radius, y + points[0][1] * radius);
  for (let i = 1; i < points.length; i++) context.lineTo(x + points[i][0] * radius, y + points[i][1] * radius);
  context.closePath();
}

/** A colour for the theme: black marks are drawn in the colour of the text. */
const inTheme = (colour, theme) => (colour === "#000000" ? theme.ink : colour);

/** Mixes two colours "#rrggbb", the share of the second from 0 to 1. */
function mix(from, to, share) {
  const part = (colour, at) => parseInt(colour.slice(at, at + 2), 16);
  return `rgb(${[1, 3, 5].map((at) => Math.round(part(from, at) * (1 - share) + part(to, at) * share)).join(",")})`;
}

/** A small picture of a mark, for legends; it takes its colour from the theme by CSS where it is black. */
function markIcon([colour, shape]) {
  const d = SHAPES[shape].map(([x, y], i) => `${i ? "L" : "M"}${(8 + 5.5 * x).toFixed(2)} ${(8 + 5.5 * y).toFixed(2)}`).join("") + "Z";
  return element("svg", { viewBox: "0 0 16 16", class: "bk-mark", "aria-hidden": "true" },
    element("path", { d, fill: colour === "#000000" ? "currentColor" : colour }));
}

// ---- numbers and pictures sent as bytes -----------------------------------------------------------------------------

const bytesOf = (view) => new Uint8Array(view.buffer, view.byteOffset, view.byteLength);

/** zlib-compressed bytes, made plain. */
async function inflate(view) {
  const stream = new Blob([bytesOf(view)]).stream().pipeThrough(new DecompressionStream("deflate"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

/** What `frames.pack` packed: the low bytes, then the high bytes of each frame's difference from the one before. */
async function unpackFrames(view, frames, size) {
  const bytes = await inflate(view), count = frames * size, values = new Int16Array(count);
  for (let i = 0; i < count; i++) {
    const difference = bytes[i] | (bytes[count + i] << 8); // an Int16Array wraps around as int16 does
    values[i] = i < size ? difference : values[i - size] + difference;
  }
  return values;
}

/**
 * The sheet of pictures {data, mime, columns, width, height}, decoded, or null: draw(context, index, x, y, size), and
 * close() gives its memory back.
 */
async function pictureSheet(sheet) {
  if (!sheet) return null;
  const image = await createImageBitmap(new Blob([bytesOf(sheet.data)], { type: sheet.mime }));
  const { columns, width, height } = sheet;
  const draw = (context, index, x, y, size) => {
    const scale = size / Math.max(width, height);
    context.imageSmoothingEnabled = false; // few pixels, and each of them matters
    context.drawImage(image, (index % columns) * width, Math.floor(index / columns) * height, width, height,
      x + (size - width * scale) / 2, y + (size - height * scale) / 2, width * scale, height * scale);
  };
  return { draw, close: () => image.close() };
}

// ---- texts ----------------------------------------------------------------------------------------------------------

/** A text cut to fit so many pixels. */
function shortened(context, text, width) {
  if (context.measureText(text).width <= width) return text;
  const letters = [...text];
  while (letters.length && context.measureText(letters.join("") + "…").width > width) letters.pop();
  return letters.join("") + "…";
}

/** A share as a whole number of per cent: 100 for all and nothing less, 0 for none and nothing more. */
function percent(share) {
  if (share <= 0 || share >= 1) return share <= 0 ? 0 : 100;
  return Math.min(99, Math.max(1, Math.round(100 * share)));
}

/** A number in few characters: 0.031, 12.5, 3e-7. */
function brief(value) {
  if (value == null || !Number.isFinite(value)) return "n/a";
  const size = Math.abs(value);
  if (size !== 0 && (size < 1e-3 || size >= 1e4)) return value.toExponential(0).replace("e+", "e");
  return String(Number(value.toPrecision(3)));
}
