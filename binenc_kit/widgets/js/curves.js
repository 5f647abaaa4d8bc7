// The curves, a panel for each measure and a line for each head, with a cursor at the present epoch.

const PANEL = { height: 128, top: 36, bottom: 18, left: 52 }; // the values of the vertical axis stand on the left

/** The curves' canvas; a click or a drag on them calls goTo(epoch). */
function makeCurves(heads, panels, epochs, shared, goTo) {
  const columns = (width) => (width > 560 ? Math.min(panels.length, 4) : 2);
  const boxOf = (index, width) => {
    const many = columns(width), wide = width / many;
    const x = (index % many) * wide + PANEL.left, y = Math.floor(index / many) * PANEL.height + PANEL.top;
    return { x, y, w: wide - PANEL.left - 8, h: PANEL.height - PANEL.top - PANEL.bottom };
  };
  const { canvas, paint } = surface({ role: "img", class: "bk-curves" }, (context, width) => {
    panels.forEach((panel, index) => {
      const box = boxOf(index, width), range = rangeOf(heads, panel), x = across(shared.epoch, epochs, box);
      drawPanel(context, panel, box, range, epochs, heads, shared);
      for (const head of heads) drawLine(context, head, panel, box, range, epochs);
      drawCursor(context, x, box, shared.root.theme);
    });
  });
  const go = (event) => {
    if (event.type === "pointermove" && !(event.buttons & 1)) return;
    const width = canvas.clientWidth, box = boxOf(Math.floor(event.offsetX / (width / columns(width))), width);
    const share = Math.max(0, Math.min(1, (event.offsetX - box.x) / box.w));
    goTo(epochs[0] + share * (epochs.at(-1) - epochs[0]));
  };
  for (const kind of ["pointerdown", "pointermove"]) canvas.addEventListener(kind, go);
  const fit = () => { canvas.style.height = `${PANEL.height * Math.ceil(panels.length / columns(canvas.clientWidth || 900))}px`; };
  return { canvas, paint: () => { fit(); paint(); } };
}

/** Where an epoch is in a panel. */
const across = (epoch, epochs, box) => box.x + (box.w * (epoch - epochs[0])) / Math.max(1, epochs.at(-1) - epochs[0]);

/** The smallest and largest value of a measure over all heads, in tens' logarithms where the panel has such a scale. */
function rangeOf(heads, panel) {
  const height = panel.log ? (value) => (value > 0 ? Math.log10(value) : null) : (value) => value;
  const values = heads.flatMap((head) => head.curves[panel.name] || []).filter((value) => value != null);
  const heights = values.map(height).filter((at) => at != null);
  if (!heights.length) return { low: null, high: null, height }; // nothing to show, such as a gamma of 0
  let low = heights.reduce((a, b) => Math.min(a, b)), high = heights.reduce((a, b) => Math.max(a, b));
  if (panel.share) [low, high] = [Math.min(low, 0.5), 1];
  const size = Math.max(Math.abs(low), Math.abs(high)) || 1;
  if (high - low < 1e-9 * size) [low, high] = [low - size / 2, high + size / 2];
  return { low, high, height };
}

/** A panel's name, the present values, its frame and the ends of its axes. */
function drawPanel(context, panel, box, range, epochs, heads, shared) {
  const theme = shared.root.theme, value = (at) => (at === null ? "" : brief(panel.log ? 10 ** at : at));
  Object.assign(context, { fillStyle: theme.ink, font: `600 ${SMALL}`, textAlign: "left", textBaseline: "alphabetic" });
  context.fillText(shortened(context, panel.name, box.w), box.x, box.y - 22);
  context.font = SMALL;
  drawValues(context, panel, box, heads, shared);
  Object.assign(context, { strokeStyle: theme.faint, fillStyle: theme.soft, lineWidth: 1, textAlign: "right" });
  context.strokeRect(box.x + 0.5, box.y + 0.5, box.w, box.h);
  context.fillText(value(range.low), box.x - 5, box.y + box.h);
  context.fillText(value(range.high), box.x - 5, box.y + 9);
  context.fillText(epochs.at(-1), box.x + box.w, box.y + box.h + 14);
  context.textAlign = "left";
  context.fillText(`epoch ${epochs[0]}`, box.x, box.y + box.h + 14);
}

/** Each head's value at the present epoch, with its colour in front where there are several. */
function drawValues(context, panel, box, heads, shared) {
  let x = box.x;
  for (const head of heads) {
    const text = brief((head.curves[panel.name] || [])[head.frameAt(shared.index)]);
    if (heads.length > 1) {
      context.fillStyle = head.colour;
      context.fillRect(x, box.y - 13, 8, 3);
      x += 11;
    }
    context.fillStyle = shared.root.theme.ink;
    context.fillText(text, x, box.y - 7);
    x += context.measureText(text).width + 10;
  }
}

function drawLine(context, head, panel, box, range, epochs) {
  Object.assign(context, { strokeStyle: head.colour, lineWidth: 2.2 });
  context.setLineDash(head.dash);
  context.beginPath();
  let drawing = false;
  (head.curves[panel.name] || []).forEach((value, i) => {
    const at = value == null ? null : range.height(value);
    if (at == null) { drawing = false; return; }
    const x = across(head.epochs[i], epochs, box), y = box.y + box.h * (1 - (at - range.low) / (range.high - range.low));
    context[drawing ? "lineTo" : "moveTo"](x, y);
    drawing = true;
  });
  context.stroke();
  context.setLineDash([]);
}

function drawCursor(context, x, box, theme) {
  Object.assign(context, { strokeStyle: theme.ink, lineWidth: 1.5 });
  context.beginPath();
  context.moveTo(x, box.y - 3);
  context.lineTo(x, box.y + box.h + 3);
  context.stroke();
}
