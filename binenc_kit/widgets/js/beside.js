// Beside the latent space: a histogram for each dimension, and the codebook.

const BINS = 48, MARGIN = 34; // pixels in front of a histogram, for its name

/** Many rows in a box that scrolls: draw(context, width, first, last, top) draws rows first to last - 1, row 0 at top. */
function scrolledRows(label, rowHeight, rows, most, draw) {
  const whole = rows * rowHeight, seen = Math.min(whole, most);
  const style = `height:${seen}px;position:sticky;top:0`;
  const { canvas, paint } = surface({ role: "img", "aria-label": label, style }, (context, width, height) => {
    const from = box.scrollTop, first = Math.floor(from / rowHeight);
    draw(context, width, first, Math.min(rows, Math.ceil((from + height) / rowHeight)), -from);
  });
  const inner = element("div", { style: `height:${whole}px` }, canvas);
  const scrolls = whole > seen ? { tabindex: "0", role: "group", "aria-label": `${label}, scrolls` } : {};
  const box = element("div", { class: "bk-scroll", style: `height:${seen}px`, onscroll: () => paint(), ...scrolls }, inner);
  return { box, canvas, paint };
}

/** One histogram a dimension at the head's present frame; the class that is followed in its own colour. */
function makeHistograms(head, shared, space) {
  const rowHeight = head.P <= 4 ? 46 : 34, label = `Histograms of ${head.title}, one for each latent dimension`;
  return scrolledRows(label, rowHeight, head.P, 4 * 46 + 4, (context, width, first, last, top) => {
    const t = Math.floor(space.time), theme = shared.root.theme, { followed } = shared;
    const alone = followed !== null && head.members[followed]?.length ? head.members[followed] : null;
    Object.assign(context, { font: SMALL, textBaseline: "alphabetic", lineWidth: 1 });
    for (let d = first; d < last; d++) {
      const base = top + (d + 1) * rowHeight - 13, edge = edgeOf(head, t, d, shared);
      const all = histogram(head, t, d, edge, null), most = Math.max(...all);
      drawBars(context, all, most, width, base, rowHeight, alone ? theme.faint : theme.soft);
      const colour = alone && inTheme(shared.styles[followed][0], theme);
      if (alone) drawBars(context, histogram(head, t, d, edge, alone), most, width, base, rowHeight, colour);
      drawHistogramAxis(context, d, edge, width, base, theme);
    }
  });
}

/** Where a histogram's axis ends, in units of z; 0 where all its values are 0. */
function edgeOf(head, t, d, shared) {
  if (shared.scale === "each") return (1.04 * statistics(head, t).peak[d] * head.scale[t]) / LEVELS;
  const heads = shared.scale === "all" ? shared.heads : [head];
  return 1.04 * Math.max(...heads.map((one) => one.widestPeak));
}

/** How many of the samples, or of some of them, fall into each of BINS equal parts from -edge to edge. */
function histogram(head, t, d, edge, members) {
  const counts = new Float64Array(BINS), start = t * head.N * head.P + d;
  const factor = edge ? (BINS * head.scale[t]) / LEVELS / (2 * edge) : 0;
  const add = (i) => {
    const bin = Math.floor(head.values[start + i * head.P] * factor + BINS / 2);
    counts[Math.min(BINS - 1, Math.max(0, bin))]++;
  };
  if (members) members.forEach(add);
  else for (let i = 0; i < head.N; i++) add(i);
  return counts;
}

function drawBars(context, counts, most, width, base, rowHeight, colour) {
  const step = (width - MARGIN) / BINS;
  context.fillStyle = colour;
  counts.forEach((many, bin) => {
    const tall = Math.max((many / most) * (rowHeight - 18), 1);
    if (many) context.fillRect(MARGIN + bin * step, base - tall, Math.max(step - 1, 0.7), tall);
  });
}

function drawHistogramAxis(context, d, edge, width, base, theme) {
  const middle = MARGIN + (width - MARGIN) / 2;
  context.strokeStyle = theme.soft;
  context.beginPath();
  context.moveTo(MARGIN, base + 0.5);
  context.lineTo(width, base + 0.5);
  context.moveTo(middle, base - 2);
  context.lineTo(middle, base + 4);
  context.stroke();
  const write = (text, x, align, colour, y = base + 12) => {
    Object.assign(context, { textAlign: align, fillStyle: colour });
    context.fillText(text, x, y);
  };
  write(`z${d + 1}`, 2, "left", theme.ink, base - 2);
  write("0", middle, "center", theme.soft);
  if (!edge) return;
  write(brief(-edge), MARGIN, "left", theme.soft);
  write(brief(edge), width, "right", theme.soft);
}

/** The codebook: a row a class, a cell a bit, coloured by the bit and the class's mean, filled as far as it is pure. */
function makeCodebook(head, shared, space, follow) {
  const rowHeight = 22, present = [...head.members.keys()].filter((label) => head.members[label].length);
  const book = scrolledRows(`Codebook of ${head.title}`, rowHeight, present.length, 10 * rowHeight, (context, width, first, last, top) => {
    const found = statistics(head, Math.floor(space.time));
    for (let row = first; row < last; row++) {
      context.globalAlpha = shared.followed === null || shared.followed === present[row] ? 1 : 0.3;
      drawCode(context, head, shared, found, present[row], width, top + row * rowHeight, rowHeight);
    }
    context.globalAlpha = 1;
  });
  book.canvas.addEventListener("click", (event) => { // the canvas stays where it is while the box scrolls
    const label = present[Math.floor((event.offsetY + book.box.scrollTop) / rowHeight)];
    if (label !== undefined) follow(label);
  });
  /** For readers who cannot see it: the codes themselves, where they are few enough to listen to. */
  book.tell = () => {
    const found = statistics(head, Math.floor(space.time)), few = present.length <= 20 && head.P <= 16;
    const codes = present.map((label) => `${shared.names[label]} ${classCode(head, found, label)}`).join(", ");
    book.canvas.setAttribute("aria-label", `Codebook of ${head.title}${few ? `: ${codes}` : ""}`);
  };
  return book;
}

/** One class's row: its mark, its name, a cell a bit, and its code. */
function drawCode(context, head, shared, found, label, width, y, rowHeight) {
  const theme = shared.root.theme, name = Math.min(96, width * 0.3), code = head.P <= 10 ? head.P * 8 + 12 : 0;
  const cell = Math.min(64, (width - name - code) / head.P), middle = y + rowHeight / 2 + 0.5;
  context.fillStyle = inTheme(shared.styles[label][0], theme);
  context.beginPath();
  addMark(context, shared.styles[label][1], 8, middle, 5);
  context.fill();
  Object.assign(context, { fillStyle: theme.ink, font: SMALL, textAlign: "left", textBaseline: "middle" });
  context.fillText(shortened(context, shared.names[label], name - 24), 20, middle);
  for (let d = 0; d < head.P; d++) {
    const strength = Math.min(1, Math.abs(found.means[label * head.P + d]) / found.side[d]);
    drawCell(context, found.shares[label * head.P + d], strength, name + d * cell, y, cell, rowHeight, theme);
  }
  Object.assign(context, { fillStyle: theme.ink, font: MONO });
  if (code) context.fillText(classCode(head, found, label), name + head.P * cell + 8, middle);
}

/** One cell: blue for 0 and orange for 1, the stronger the farther the class's mean is from 0; whole where pure. */
function drawCell(context, share, strength, x, y, cell, rowHeight, theme) {
  const gap = cell > 8 ? 1.5 : 0, width = cell - 2 * gap, height = rowHeight - 3;
  const part = isPure(share) ? 1 : 0.25 + 0.6 * Math.abs(2 * share - 1); // a split bit never looks whole
  context.fillStyle = mix(theme.faint, share > 0.5 ? "#e69f00" : "#0072b2", 0.3 + 0.7 * strength);
  context.fillRect(x + gap + (width * (1 - part)) / 2, y + 1.5 + (height * (1 - part)) / 2, width * part, height * part);
  if (cell <= 8) return;
  context.strokeStyle = theme.faint;
  context.lineWidth = 1;
  context.strokeRect(x + gap + 0.5, y + 2, width - 1, height - 1);
}
