// What both pictures are drawn with, and the first of them: the landscape with its ball.

// In the order in which they are drawn: Okabe and Ito's colours, on dark paper their lighter blue, and a dash pattern each.
const LINES = {
  sum: { colour: "#009E73", dash: [], width: 4 },
  push: { colour: "#D55E00", dash: [8, 5], width: 2.2 },
  pull: { colour: "#0072B2", onDark: "#56B4E9", dash: [2, 4], width: 2.6 },
};
const BALL = { colour: "#E69F00", radius: 9 };
const FONT = `13px ${SANS}`, ENERGY = "energy (nats)", TITLE_LEFT = 38; // px, a title's start left of its frame

/** A line's colour on this canvas. */
function lineColour(context, key) {
  const { colour, onDark } = LINES[key];
  return onDark && getComputedStyle(context.canvas).colorScheme === "dark" ? onDark : colour;
}

/** A frame in a canvas and the scales in it: x and y take a value to a pixel, back takes a pixel to an x value. */
function frameIn(width, height, [x0, x1], [y0, y1]) {
  const left = 46, right = width - 12, top = 30, bottom = height - 44;
  const x = (value) => left + ((value - x0) / (x1 - x0)) * (right - left);
  const y = (value) => bottom - ((value - y0) / (y1 - y0)) * (bottom - top);
  const back = (pixel) => x0 + ((pixel - left) / (right - left)) * (x1 - x0);
  return { left, right, top, bottom, x, y, back };
}

/** Round values from low to high, about `count` of them. */
function roundTicks(low, high, count) {
  const rough = (high - low) / count, size = 10 ** Math.floor(Math.log10(rough));
  const step = size * [1, 2, 5, 10].find((factor) => factor * size >= rough);
  const first = Math.ceil(low / step - 1e-9);
  return Array.from({ length: Math.floor(high / step + 1e-9) - first + 1 }, (_, i) => (first + i) * step);
}

/** A line through [x, y] pixels. */
function stroke(context, points, colour, width = 1, dash = []) {
  context.strokeStyle = colour;
  context.lineWidth = width;
  context.setLineDash(dash);
  context.beginPath();
  points.forEach(([x, y], i) => (i ? context.lineTo(x, y) : context.moveTo(x, y)));
  context.stroke();
  context.setLineDash([]);
}

/** A text; with `paper` it stands on a patch of that colour, to be read on top of lines. */
function write(context, text, x, y, colour, { align = "center", baseline = "middle", paper = null } = {}) {
  Object.assign(context, { font: FONT, textAlign: align, textBaseline: baseline, fillStyle: colour });
  if (paper) {
    const wide = context.measureText(text).width, left = x - wide * { left: 0, center: 0.5, right: 1 }[align];
    context.fillStyle = paper;
    context.fillRect(left - 2, y - 8, wide + 4, 16);
    context.fillStyle = colour;
  }
  context.fillText(text, x, y);
}

/** The frame, its ticks ([place, text]) and the axes' names. */
function drawAxes(context, frame, theme, xTicks, yTicks, xName, title) {
  const { left, right, top, bottom } = frame;
  for (const [value, text] of xTicks) {
    const x = frame.x(value);
    stroke(context, [[x, top], [x, bottom + 5]], theme.faint);
    write(context, text, x, bottom + 15, theme.ink);
  }
  for (const [value, text] of yTicks) {
    const y = frame.y(value);
    stroke(context, [[left - 5, y], [right, y]], theme.faint);
    write(context, text, left - 8, y, theme.ink, { align: "right" });
  }
  stroke(context, [[left, top], [left, bottom], [right, bottom]], theme.soft, 1.2);
  write(context, xName, (left + right) / 2, bottom + 34, theme.ink);
  write(context, title, left - TITLE_LEFT, 13, theme.ink, { align: "left" });
}

/** Draws only what lies in the frame. */
function inFrame(context, { left, right, top, bottom }, draw) {
  context.save();
  context.beginPath();
  context.rect(left, top, right - left, bottom - top);
  context.clip();
  draw();
  context.restore();
}

const withText = (values) => values.map((value) => [value, shown(Number(value.toPrecision(6)))]);

// ---- the landscape --------------------------------------------------------------------------------------------------

/** The landscape's frame in a canvas of that size. */
const landscapeFrame = (land, width, height) => frameIn(width, height, land.reach.x, [0, ENERGY_TOP]);

/** The curves, the turning point of a SiLU, the bottoms and the ball; `memory` keeps where the labels stood. */
function drawLandscape(context, width, height, theme, land, ball, memory) {
  const frame = landscapeFrame(land, width, height);
  const name = land.linear ? "latent z" : "pre-activation u (latent z = silu(u))";
  const [xTicks, yTicks] = [roundTicks(...land.reach.x, width / 90), roundTicks(0, ENERGY_TOP, 4)].map(withText);
  drawAxes(context, frame, theme, xTicks, yTicks, name, ENERGY);
  const curves = Object.keys(LINES).map((key) => ({ key, points: curvePoints(frame, land[key]) }));
  inFrame(context, frame, () => {
    const turn = frame.x(TURN_U);
    if (!land.linear) stroke(context, [[turn, frame.top], [turn, frame.bottom]], theme.soft, 1, [3, 3]);
    for (const { key, points } of curves) stroke(context, points, lineColour(context, key), LINES[key].width, LINES[key].dash);
  });
  if (!land.linear) drawTurn(context, frame, theme);
  const taken = land.wells.map((x) => drawWell(context, frame, theme, land, x)).filter(Boolean);
  if (Math.abs(frame.x(ball.start) - frame.x(ball.x)) > 4) taken.push(drawBall(context, frame, theme, land, ball.start, true));
  taken.push(drawBall(context, frame, theme, land, ball.x, false));
  labelCurves(context, frame, theme, curves, taken, memory);
}

/** A curve's points in pixels, one every two pixels. */
function curvePoints(frame, height) {
  const points = [];
  for (let x = frame.left; x <= frame.right; x += 2) points.push([x, frame.y(height(frame.back(x)))]);
  return points;
}

/** Where silu turns round, named above the line; it keeps clear of the title, with its number if there is room. */
function drawTurn(context, frame, theme) {
  context.font = FONT;
  const wide = (text) => context.measureText(text).width, least = frame.left - TITLE_LEFT + wide(ENERGY) + 10;
  const texts = [`SiLU turns round: z = ${shown(TURN_Z)}`, "SiLU turns round"];
  const text = texts.find((one) => wide(one) <= frame.right - least) ?? texts[1];
  const left = Math.max(least, Math.min(frame.x(TURN_U) - wide(text) / 2, frame.right - wide(text)));
  write(context, text, left, frame.top - 12, theme.ink, { align: "left", paper: theme.paper });
}

/** A ring at a bottom and its place below it; returns the box that this takes. */
function drawWell(context, frame, theme, land, value) {
  const x = frame.x(value), y = frame.y(land.sum(value));
  if (x < frame.left || x > frame.right) return null; // far out on a SiLU's left
  stroke(context, [[x, y], [x, frame.bottom]], theme.soft, 1, [2, 3]);
  context.beginPath();
  context.arc(x, y, 4.5, 0, 2 * Math.PI);
  Object.assign(context, { fillStyle: theme.paper, strokeStyle: theme.ink, lineWidth: 1.5 });
  context.fill();
  context.stroke();
  return { left: x - 12, right: x + 12, top: y - 10, bottom: y + 10 };
}

/** The centre of a ball that touches the sum from above; where that is above the picture, it waits at its rim. */
function ballPlace(frame, land, value, lift) {
  const x = frame.x(value), y = frame.y(land.sum(value)), [before, after] = [value - 1e-3, value + 1e-3];
  if (y < frame.top) return [x, frame.top + lift];
  const steep = (frame.y(land.sum(after)) - frame.y(land.sum(before))) / (frame.x(after) - frame.x(before));
  const length = Math.hypot(1, steep);
  return [x + (steep / length) * lift, Math.max(y - lift / length, frame.top + lift)];
}

/** The ball on the sum, touching it from above; where it stood first, an empty ring. Returns the box it takes. */
function drawBall(context, frame, theme, land, value, empty) {
  const { radius, colour } = BALL, at = ballPlace(frame, land, value, radius + 2);
  context.beginPath();
  context.arc(...at, radius, 0, 2 * Math.PI);
  Object.assign(context, { fillStyle: colour, strokeStyle: empty ? theme.soft : theme.ink, lineWidth: empty ? 1.5 : 2 });
  if (!empty) context.fill();
  if (empty) context.setLineDash([3, 2]);
  context.stroke();
  context.setLineDash([]);
  return { left: at[0] - radius - 4, right: at[0] + radius + 4, top: at[1] - radius - 4, bottom: at[1] + radius + 4 };
}
