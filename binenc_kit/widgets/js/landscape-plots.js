// The two pictures: the landscape with its ball, and the wells against gamma.

const LINES = { // in the order in which they are drawn; Okabe and Ito's colours, and a dash pattern each; on dark paper their lighter blue
  sum: { colour: "#009E73", dash: [], width: 4 },
  push: { colour: "#D55E00", dash: [8, 5], width: 2.2 },
  pull: { colour: "#0072B2", onDark: "#56B4E9", dash: [2, 4], width: 2.6 },
};
const BALL = { colour: "#E69F00", radius: 9 };
const FONT = '13px system-ui, -apple-system, "Segoe UI", Roboto, "DejaVu Sans", sans-serif';

/** A line's colour on this canvas. */
function lineColour(context, key) {
  const { colour, onDark } = LINES[key];
  return onDark && getComputedStyle(context.canvas).colorScheme === "dark" ? onDark : colour;
}

/** A number for the reader: three digits and a real minus sign. */
const shown = (value) => brief(value === 0 ? 0 : value).replace("-", "−");

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
  write(context, title, left - 38, 13, theme.ink, { align: "left" });
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
  drawAxes(context, frame, theme, withText(roundTicks(...land.reach.x, width / 90)), withText(roundTicks(0, ENERGY_TOP, 4)), name, "energy (nats)");
  const curves = Object.keys(LINES).map((key) => ({ key, points: curvePoints(frame, land[key]) }));
  inFrame(context, frame, () => {
    if (!land.linear) stroke(context, [[frame.x(TURN_U), frame.top], [frame.x(TURN_U), frame.bottom]], theme.soft, 1, [3, 3]);
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

/** Where silu turns round, named. */
function drawTurn(context, frame, theme) {
  write(context, `SiLU turns round: z = ${shown(TURN_Z)}`, frame.x(TURN_U), frame.top - 12, theme.ink, { paper: theme.paper });
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

/** Each curve's name beside it, where there is most room; a name stays where it was while that is room enough. */
function labelCurves(context, frame, theme, curves, taken, memory) {
  context.font = FONT;
  for (const { key, points } of curves) {
    const width = context.measureText(key).width + 24, others = curves.filter((one) => one.key !== key);
    const spots = [...spotsFor(frame, points, width), ...spotsBeside(frame, points, width)];
    for (const spot of spots) spot.room = roomAround(spot, spot.beside ? curves : others, taken) - (spot.bottom > frame.bottom - 14 ? 8 : 0);
    const best = spots.reduce((a, b) => (b.room > a.room ? b : a), spots[0]);
    const last = spots.find((spot) => spot.id === memory[key]);
    const spot = last && last.room > Math.min(5, best.room - 4) ? last : best;
    if (!spot) continue; // the curve is nowhere in the frame
    memory[key] = spot.id;
    taken.push(spot);
    const middle = (spot.top + spot.bottom) / 2, { dash, width: thick } = LINES[key];
    stroke(context, [[spot.left + 2, middle], [spot.left + 18, middle]], lineColour(context, key), Math.min(thick, 3.4), dash.map((d) => d / 1.6));
    write(context, key, spot.left + 22, middle, theme.ink, { align: "left", paper: theme.paper });
  }
}

/** Boxes above and below a curve that a name of that width fits into, each with the curve's rise along it. */
function spotsFor(frame, points, width) {
  const spots = [], high = 18, columns = Math.ceil(width / 2);
  for (let i = 3; i + columns + 3 < points.length; i += 4) {
    const ys = points.slice(i - 3, i + columns + 3).map(([, y]) => y), least = Math.min(...ys), most = Math.max(...ys);
    if (least < frame.top || most > frame.bottom + 1) continue;
    const left = points[i][0];
    for (const [side, top] of [["above", least - 4 - high], ["below", most + 4]])
      if (top >= frame.top && top + high <= frame.bottom - 2)
        spots.push({ id: `${side}${i}`, left, right: left + width, top, bottom: top + high, rise: most - least });
  }
  return spots;
}

/** The same beside a steep curve, on either side. */
function spotsBeside(frame, points, width) {
  const spots = [];
  for (let i = 1; i < points.length; i++) {
    const [x, y] = points[i], steep = Math.abs(y - points[i - 1][1]) / 2;
    if (steep < 2 || y < frame.top + 12 || y > frame.bottom - 24) continue;
    for (const left of [x + 9 + 9 / steep, x - 9 - 9 / steep - width])
      if (left > frame.left && left + width < frame.right)
        spots.push({ id: `beside${i}${left > x}`, left, right: left + width, top: y - 9, bottom: y + 9, rise: 20, beside: true });
  }
  return spots;
}

/** Pixels between a box and the nearest other curve or taken box, up to 30, less half its own curve's rise. */
function roomAround(spot, others, taken) {
  let room = 30;
  for (const { points } of others)
    for (const [x, y] of points)
      if (x >= spot.left - 4 && x <= spot.right + 4) room = Math.min(room, Math.max(spot.top - y, y - spot.bottom));
  for (const box of taken) {
    const apart = Math.max(box.left - spot.right, spot.left - box.right, box.top - spot.bottom, spot.top - box.bottom);
    room = Math.min(room, apart < 0 ? -20 : apart);
  }
  return room - spot.rise / 2;
}

// ---- the wells against gamma ----------------------------------------------------------------------------------------

/** Wells z* for every gamma at this weight, where they meet, the present gamma and the ball. */
function drawBranches(context, width, height, theme, land, ball) {
  const frame = frameIn(width, height, [-2, 2], land.reach.z), meet = Math.log10(land.weight);
  const ticks = [-2, -1, 0, 1, 2].map((power) => [power, shown(10 ** power)]);
  drawAxes(context, frame, theme, ticks, withText(roundTicks(...land.reach.z, 6)), "gamma γ", `wells z for weight a = ${shown(land.weight)}`);
  const { colour } = LINES.sum, zero = frame.y(0), cursor = cursorAt(frame, land);
  stroke(context, [[cursor, frame.top], [cursor, frame.bottom]], theme.accent, 2);
  stroke(context, [[frame.left, zero], [frame.x(meet), zero]], colour, 2.2, [7, 5]); // unstable
  stroke(context, [[frame.x(meet), zero], [frame.right, zero]], colour, 4);
  stroke(context, branchPoints(frame, land, 1), colour, 4);
  if (land.linear) stroke(context, branchPoints(frame, land, -1), colour, 4);
  else drawCutBranch(context, frame, theme, land);
  drawMeeting(context, frame, theme, meet);
  drawCursor(context, frame, theme, land, ball);
}

/** One branch up to where they meet; finest there, where it is steepest. */
function branchPoints(frame, { weight }, side) {
  const points = [];
  for (let i = 0; i <= 200; i++) {
    const share = 1 - (1 - i / 200) ** 2, power = -2 + share * (Math.log10(weight) + 2);
    points.push([frame.x(power), frame.y(side * wellAt({ gamma: i === 200 ? weight : 10 ** power, weight }))]);
  }
  return points;
}

/** A SiLU's lower branch: a ghost where it cannot reach, its dent, and what it still reaches. */
function drawCutBranch(context, frame, theme, land) {
  const points = branchPoints(frame, land, -1), limit = frame.y(TURN_Z);
  const cut = points.findIndex(([, y]) => y <= limit), { colour } = LINES.sum;
  stroke(context, points.slice(0, cut + 1), theme.soft, 1.5, [2, 4]);
  stroke(context, [[frame.left, limit], [points[cut][0], limit]], colour, 2, [2, 3]);
  stroke(context, [[points[cut][0], limit], ...points.slice(cut)], colour, 4);
  write(context, "out of SiLU's reach", frame.left + 10, frame.bottom - 12, theme.ink, { align: "left", paper: theme.paper });
}

/** The point where two wells become one, named right below, where no branch goes. */
function drawMeeting(context, frame, theme, meet) {
  const x = frame.x(meet), y = frame.y(0), left = Math.min(x + 2, frame.right - 112);
  stroke(context, [[x, y], [x, y + 28]], theme.ink, 1.2);
  context.beginPath();
  addMark(context, "D", x, y, 7);
  Object.assign(context, { fillStyle: theme.paper, strokeStyle: theme.ink, lineWidth: 2 });
  context.fill();
  context.stroke();
  write(context, "γ = a:", left, y + 36, theme.ink, { align: "left", paper: theme.paper });
  write(context, "two become one", left, y + 52, theme.ink, { align: "left", paper: theme.paper });
}

/** Where the present gamma stands; 0 is at the left rim. */
const cursorAt = (frame, { gamma }) => frame.x(Math.max(-2, Math.log10(gamma)));

/** On the line of the present gamma its value and the ball's z. */
function drawCursor(context, frame, theme, land, ball) {
  const x = cursorAt(frame, land), left = x > (frame.left + frame.right) / 2;
  const text = `γ = ${shown(land.gamma)}${land.gamma === 0 ? ", off this axis" : ""}`;
  const z = Math.min(land.reach.z[1], Math.max(land.reach.z[0], land.layer(ball.x)));
  const lower = frame.y(z) < frame.top + 24 ? 18 : 0; // not on top of the ball
  write(context, text, x + (left ? -8 : 8), frame.top + 10 + lower, theme.ink, { align: left ? "right" : "left", paper: theme.paper });
  context.beginPath();
  context.arc(x, frame.y(z), 6.5, 0, 2 * Math.PI);
  Object.assign(context, { fillStyle: BALL.colour, strokeStyle: theme.ink, lineWidth: 2 });
  context.fill();
  context.stroke();
}
