// Beside the latent space: a histogram for each dimension, the codebook, the curves.

const SMALL = "12px system-ui, -apple-system, 'Segoe UI', 'DejaVu Sans', sans-serif";
const MONO = "13px ui-monospace, 'DejaVu Sans Mono', Menlo, monospace";

/** Many rows in a box that scrolls: draw(context, width, first, last, top) draws rows first to last - 1, row 0 at top. */
function scrolledRows(label, rowHeight, rows, most, draw) {
  const whole = rows * rowHeight, seen = Math.min(whole, most);
  const { canvas, paint } = surface({ role: "img", "aria-label": label, style: `height:${seen}px;position:sticky;top:0` }, (context, width, height) => {
    const from = box.scrollTop, first = Math.floor(from / rowHeight);
    draw(context, width, first, Math.min(rows, Math.ceil((from + height) / rowHeight)), -from);
  });
  const inner = element("div", { style: `height:${whole}px` }, canvas);
  const attributes = whole > seen ? { tabindex: "0", role: "group", "aria-label": `${label}, scrolls` } : {};
  const box = element("div", { class: "bk-scroll", style: `height:${seen}px`, onscroll: () => paint(), ...attributes }, inner);
  return { box, canvas, paint };
}

/** One histogram a dimension at the head's present frame; the class that is followed in its own colour. */
function makeHistograms(head, shared, space) {
  const rowHeight = head.P <= 4 ? 46 : 34, BINS = 48;
  const counts = new Float64Array(BINS), followed = new Float64Array(BINS);
  const count = (d, t, edge, members, into) => {
    into.fill(0);
    const start = t * head.N * head.P + d, factor = BINS / (2 * edge);
    const add = (i) => into[Math.min(BINS - 1, Math.max(0, Math.floor((head.values[start + i * head.P] + edge) * factor)))]++;
    if (members) members.forEach(add);
    else for (let i = 0; i < head.N; i++) add(i);
  };
  const bars = (context, into, most, width, base, colour) => {
    context.fillStyle = colour;
    const step = (width - 34) / BINS;
    for (let b = 0; b < BINS; b++) {
      const tall = (into[b] / most) * (rowHeight - 18);
      if (tall) context.fillRect(34 + b * step, base - Math.max(tall, 1), Math.max(step - 1, 0.7), Math.max(tall, 1));
    }
  };
  return scrolledRows(`Histograms of ${head.title}, one for each latent dimension`, rowHeight, head.P, 4 * 46 + 4, (context, width, first, last, top) => {
    const t = Math.floor(space.time), theme = shared.root.theme, { peak } = statistics(head, t);
    context.font = SMALL;
    context.textBaseline = "alphabetic";
    for (let d = first; d < last; d++) {
      const base = top + (d + 1) * rowHeight - 13;
      const edge = 1.04 * (shared.sameScale ? (head.widestPeak * LEVELS) / head.scale[t] : peak[d]) || 1;
      count(d, t, edge, null, counts);
      const most = Math.max(...counts);
      const alone = shared.followed !== null && shared.followed < head.classes;
      bars(context, counts, most, width, base, alone ? theme.faint : theme.soft);
      if (alone) {
        count(d, t, edge, head.members[shared.followed], followed);
        bars(context, followed, most, width, base, inTheme(shared.styles[shared.followed][0], theme));
      }
      histogramAxis(context, d, (edge * head.scale[t]) / LEVELS, width, base, theme);
    }
  });
}

function histogramAxis(context, d, edge, width, base, theme) {
  context.strokeStyle = theme.soft;
  context.beginPath();
  context.moveTo(34, base + 0.5);
  context.lineTo(width, base + 0.5);
  context.moveTo(34 + (width - 34) / 2, base - 2);
  context.lineTo(34 + (width - 34) / 2, base + 4);
  context.stroke();
  context.fillStyle = theme.ink;
  context.textAlign = "left";
  context.fillText(`z${d + 1}`, 2, base - 2);
  context.fillStyle = theme.soft;
  context.fillText(brief(-edge), 34, base + 12);
  context.textAlign = "center";
  context.fillText("0", 34 + (width - 34) / 2, base + 12);
  context.textAlign = "right";
  context.fillText(brief(edge), width, base + 12);
}

/** Mixes two colours "#rrggbb", the share of the second from 0 to 1. */
function mix(from, to, share) {
  const part = (colour, at) => parseInt(colour.slice(at, at + 2), 16);
  return `rgb(${[1, 3, 5].map((at) => Math.round(part(from, at) * (1 - share) + part(to, at) * share)).join(",")})`;
}

/** The codebook: a row a class, a cell a bit, coloured by the class's mean, filled as far as the bit is pure. */
function makeCodebook(head, shared, space, follow) {
  const rowHeight = 22, present = [...head.members.keys()].filter((label) => head.members[label].length);
  const layout = (width) => {
    const code = head.P <= 10 ? head.P * 8 + 12 : 0, name = Math.min(96, width * 0.3);
    return { name, code, cell: Math.min(64, (width - name - code) / head.P) };
  };
  const book = scrolledRows(`Codebook of ${head.title}`, rowHeight, present.length, 10 * rowHeight, (context, width, first, last, top) => {
    const { name, code, cell } = layout(width), theme = shared.root.theme;
    const found = statistics(head, Math.floor(space.time));
    context.textBaseline = "middle";
    for (let row = first; row < last; row++) {
      const label = present[row], y = top + row * rowHeight;
      context.globalAlpha = shared.followed === null || shared.followed === label ? 1 : 0.3;
      context.fillStyle = inTheme(shared.styles[label][0], theme);
      context.beginPath();
      addMark(context, shared.styles[label][1], 8, y + rowHeight / 2, 5);
      context.fill();
      context.fillStyle = theme.ink;
      context.font = SMALL;
      context.textAlign = "left";
      context.fillText(shortened(context, shared.names[label], name - 24), 20, y + rowHeight / 2 + 0.5);
      let text = "";
      for (let d = 0; d < head.P; d++) text += drawCell(context, found, label * head.P + d, d, name + d * cell, y, cell, rowHeight, theme);
      context.fillStyle = theme.ink;
      context.font = MONO;
      if (code) context.fillText(text, name + head.P * cell + 8, y + rowHeight / 2 + 0.5);
    }
    context.globalAlpha = 1;
  });
  book.canvas.addEventListener("click", (event) => {
    const label = present[Math.floor((event.offsetY + book.box.scrollTop) / rowHeight)];
    if (label !== undefined) follow(label);
  });
  return book;
}

/** One cell; returns the bit as text: 0, 1, or ? where the class is split. */
function drawCell(context, found, at, d, x, y, cell, rowHeight, theme) {
  const share = found.ones[at], pure = share >= PURE || share <= 1 - PURE;
  const mean = Math.max(-1, Math.min(1, found.means[at] / found.side[d]));
  const gap = cell > 8 ? 1.5 : 0, width = cell - 2 * gap, height = rowHeight - 3;
  const part = pure ? 1 : 0.25 + 0.6 * Math.abs(2 * share - 1); // a split bit never looks whole
  context.fillStyle = mix(theme.faint, mean < 0 ? "#0072b2" : "#e69f00", Math.min(1, 0.25 + 0.75 * Math.abs(mean)));
  context.fillRect(x + gap + (width * (1 - part)) / 2, y + 1.5 + (height * (1 - part)) / 2, width * part, height * part);
  if (cell > 8) {
    context.strokeStyle = theme.faint;
    context.lineWidth = 1;
    context.strokeRect(x + gap + 0.5, y + 2, width - 1, height - 1);
  }
  return pure ? String(Number(share > 0.5)) : "?";
}

/** A text cut to fit so many pixels. */
function shortened(context, text, width) {
  if (context.measureText(text).width <= width) return text;
  const letters = [...text];
  while (letters.length && context.measureText(letters.join("") + "…").width > width) letters.pop();
  return letters.join("") + "…";
}

/** The curves, a panel for each measure and a line a head, with a cursor at the present epoch. */
function makeCurves(heads, panels, epochs, shared, goTo) {
  const HEIGHT = 128, TOP = 36, BOTTOM = 18, LEFT = 44; // the values of the vertical axis stand on the left
  const columns = (width) => (width > 560 ? Math.min(panels.length, 4) : 2);
  const frame = (index, width) => {
    const many = columns(width), wide = width / many;
    return { x: (index % many) * wide + LEFT, y: Math.floor(index / many) * HEIGHT + TOP, w: wide - LEFT - 10, h: HEIGHT - TOP - BOTTOM };
  };
  const atEpoch = (epoch, box) => box.x + (box.w * (epoch - epochs[0])) / Math.max(1, epochs.at(-1) - epochs[0]);
  const draw = (context, width) => {
    panels.forEach((panel, index) => {
      const box = frame(index, width), theme = shared.root.theme, range = rangeOf(heads, panel);
      drawPanel(context, panel, box, range, theme, heads, epochs, shared);
      for (const head of heads) drawLine(context, head, panel, box, range, atEpoch);
      const x = atEpoch(shared.epoch, box);
      context.strokeStyle = theme.ink;
      context.lineWidth = 1.5;
      context.setLineDash([]);
      context.beginPath();
      context.moveTo(x, box.y - 3);
      context.lineTo(x, box.y + box.h + 3);
      context.stroke();
    });
  };
  const { canvas, paint } = surface({ role: "img", class: "bk-curves" }, draw);
  const size = () => { canvas.style.height = `${HEIGHT * Math.ceil(panels.length / columns(canvas.clientWidth || 900))}px`; };
  const go = (event) => {
    if (event.type === "pointermove" && !(event.buttons & 1)) return;
    const box = frame(Math.floor(event.offsetX / (canvas.clientWidth / columns(canvas.clientWidth))), canvas.clientWidth);
    const share = Math.max(0, Math.min(1, (event.offsetX - box.x) / box.w));
    goTo(epochs[0] + share * (epochs.at(-1) - epochs[0]));
  };
  canvas.addEventListener("pointerdown", go);
  canvas.addEventListener("pointermove", go);
  return { canvas, paint: () => { size(); paint(); } };
}

/** The smallest and largest value of a measure over all heads, in tens' logarithms where the panel has such a scale. */
function rangeOf(heads, panel) {
  const height = panel.log ? (value) => (value > 0 ? Math.log10(value) : null) : (value) => value;
  let low = Infinity, high = -Infinity;
  for (const head of heads)
    for (const value of head.curves[panel.name] || []) {
      const at = value == null ? null : height(value);
      if (at != null) [low, high] = [Math.min(low, at), Math.max(high, at)];
    }
  if (panel.share) [low, high] = [Math.min(low, 0.5), 1];
  if (low > high) return { low: null, high: null, height }; // nothing to show, such as a gamma of 0
  if (high - low < 1e-9) [low, high] = [low - 0.5, high + 0.5];
  return { low, high, height };
}

function drawPanel(context, panel, box, range, theme, heads, epochs, shared) {
  const text = (value) => (value === null ? "" : brief(panel.log ? 10 ** value : value));
  context.fillStyle = theme.ink;
  context.font = `600 ${SMALL}`;
  context.textAlign = "left";
  context.textBaseline = "alphabetic";
  context.fillText(shortened(context, panel.name, box.w), box.x, box.y - 22);
  let x = box.x;
  context.font = SMALL;
  for (const head of heads) {
    const value = brief((head.curves[panel.name] || [])[head.frameAt(shared.index)]);
    context.fillStyle = heads.length > 1 ? inTheme(head.style[0], theme) : theme.ink;
    context.fillRect(x, box.y - 13, heads.length > 1 ? 8 : 0, 3);
    context.fillStyle = theme.ink;
    if (heads.length > 1) x += 11;
    context.fillText(value, x, box.y - 7);
    x += context.measureText(value).width + 10;
  }
  context.strokeStyle = theme.faint;
  context.lineWidth = 1;
  context.strokeRect(box.x + 0.5, box.y + 0.5, box.w, box.h);
  context.fillStyle = theme.soft;
  context.textAlign = "right";
  context.fillText(text(range.low), box.x - 5, box.y + box.h);
  context.fillText(text(range.high), box.x - 5, box.y + 9);
  context.fillText(epochs.at(-1), box.x + box.w, box.y + box.h + 14);
  context.textAlign = "left";
  context.fillText(`epoch ${epochs[0]}`, box.x, box.y + box.h + 14);
}

function drawLine(context, head, panel, box, range, atEpoch) {
  context.strokeStyle = head.colour;
  context.lineWidth = 2.2;
  context.setLineDash(head.dash);
  context.beginPath();
  let pen = false;
  (head.curves[panel.name] || []).forEach((value, i) => {
    const at = value == null ? null : range.height(value);
    if (at == null) { pen = false; return; }
    const x = atEpoch(head.epochs[i], box), y = box.y + box.h * (1 - (at - range.low) / (range.high - range.low));
    if (pen) context.lineTo(x, y);
    else context.moveTo(x, y);
    pen = true;
  });
  context.stroke();
  context.setLineDash([]);
}
