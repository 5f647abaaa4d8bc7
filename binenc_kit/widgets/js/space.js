// The latent space of one head: every view is a linear map from P dimensions to the screen, so rotating is cheap.

const LEVELS = 2047; // what frames.quantise puts the largest value of a frame at
const PURE = 0.95; // share of a class from which on a bit counts as the class's own
const EXTENT = { 1: 2.2, 2: 2.0, 3: 2.3, 4: 2.35, plane: 2.0 }; // half the picture's width, in sides or spreads

/** A head's frames, ready to be drawn. */
async function openHead(sent) {
  const [T, N, P] = sent.shape;
  const head = { ...sent, T, N, P, values: await unpackFrames(sent.latents, T, N * P) };
  head.classes = 1 + sent.labels.reduce((most, label) => Math.max(most, label), 0);
  head.members = Array.from({ length: head.classes }, () => []);
  sent.labels.forEach((label, i) => head.members[label].push(i));
  head.kept = new Map(); // statistics of the last frames that were asked for
  head.widest = 0;
  for (let t = 0; t < T; t++) head.widest = Math.max(head.widest, sent.sides[t]);
  return head;
}

/** Of one frame: sides (mean |z|) and peaks of each dimension, ones and sums of each class and dimension, pure share. */
function statistics(head, t) {
  if (head.kept.has(t)) return head.kept.get(t);
  const { N, P, classes, values, labels } = head, start = t * N * P;
  const side = new Float64Array(P), peak = new Float64Array(P);
  const ones = new Float64Array(classes * P), sums = new Float64Array(classes * P);
  for (let i = 0, at = start; i < N; i++) {
    const row = labels[i] * P;
    for (let d = 0; d < P; d++, at++) {
      const value = values[at], size = value < 0 ? -value : value;
      side[d] += size;
      if (size > peak[d]) peak[d] = size;
      if (value > 0) ones[row + d]++;
      sums[row + d] += value;
    }
  }
  let pure = 0, cells = 0;
  head.members.forEach((members, label) => {
    if (!members.length) return;
    for (let d = 0; d < P; d++, cells++) {
      const share = (ones[label * P + d] /= members.length);
      sums[label * P + d] /= members.length;
      if (share >= PURE || share <= 1 - PURE) pure++;
    }
  });
  for (let d = 0; d < P; d++) side[d] = side[d] / N || 1;
  const found = { side, peak, ones, means: sums, pure: pure / cells };
  if (head.kept.size > 3) head.kept.delete(head.kept.keys().next().value);
  head.kept.set(t, found);
  return found;
}

/** A sample's code in a frame, "0110", at most `most` bits of it. */
function codeOf(head, t, sample, most = 16) {
  const start = (t * head.N + sample) * head.P;
  let code = "";
  for (let d = 0; d < Math.min(head.P, most); d++) code += head.values[start + d] > 0 ? "1" : "0";
  return head.P > most ? code + "…" : code;
}

/** The views a head can be seen in: [[key, name], ...], the best one first. */
function viewsOf(P) {
  const whole = { 1: "one dimension", 2: "square", 3: "cube", 4: "tesseract" }[P];
  const views = whole ? [["whole", whole]] : [];
  if (P >= 3) views.push(["plane", "principal plane"], ["pair", "two dimensions"]);
  return views;
}

/** How dimensions turn into screen coordinates at frame t: {dims, x, y, cx, cy}, one weight for each of dims. */
function mapping(head, view, t, turned, sameScale) {
  if (view.key === "plane") {
    const spread = (sameScale ? head.plane.widest : head.plane.spread[t]) || 1, unit = head.scale[t] / LEVELS / spread;
    const along = (row) => head.plane.basis.map((b) => b.reduce((sum, part, k) => sum + part * turned[row][k], 0) * unit);
    const middle = (row) => head.plane.mean[t].reduce((sum, part, k) => sum + part * turned[row][k], 0) / spread;
    return { dims: null, x: along(0), y: along(1), cx: middle(0), cy: middle(1) };
  }
  const dims = view.key === "pair" ? [view.x, view.y] : [...Array(head.P).keys()];
  const { side } = statistics(head, t);
  const unit = (d) => (sameScale ? head.scale[t] / LEVELS / (head.widest || 1) : 1 / side[d]);
  return { dims, x: dims.map((d, k) => turned[0][k] * unit(d)), y: dims.map((d, k) => turned[1][k] * unit(d)), cx: 0, cy: 0 };
}

/** Screen coordinates of all samples at frame t, in units of a side: fills xy with x0, y0, x1, y1, ... */
function project(head, view, t, turned, sameScale, xy) {
  const { dims, x, y, cx, cy } = mapping(head, view, t, turned, sameScale);
  const { N, P, values } = head, start = t * N * P, many = x.length;
  for (let i = 0; i < N; i++) {
    const row = start + i * P;
    let px = -cx, py = -cy;
    for (let k = 0; k < many; k++) {
      const value = values[row + (dims ? dims[k] : k)];
      px += value * x[k];
      py += value * y[k];
    }
    xy[2 * i] = px;
    xy[2 * i + 1] = py;
  }
  // Several samples at one place of a line would hide each other.
  if (P === 1) for (let i = 0; i < N; i++) xy[2 * i + 1] = ((i * 0.618034) % 1) * 1.6 - 0.8;
}

/** The rotation's rows after turning by `angle` in the plane of rows i and j. */
function turn(rows, i, j, angle) {
  const [c, s] = [Math.cos(angle), Math.sin(angle)];
  return rows.map((row, k) => row.map((_, d) => (k === i ? c * rows[i][d] + s * rows[j][d] : k === j ? c * rows[j][d] - s * rows[i][d] : row[d])));
}

/** The hypercube of K dimensions with the given half-sides; returns its corners on the canvas, by code. */
function drawCube(context, K, sides, turned, place, theme) {
  const corner = (code) => {
    let x = 0, y = 0;
    for (let k = 0; k < K; k++) {
      const side = code & (1 << k) ? sides[k] : -sides[k];
      x += side * turned[0][k];
      y += side * turned[1][k];
    }
    return place([x, y]);
  };
  const corners = Array.from({ length: 1 << K }, (_, code) => corner(code));
  context.strokeStyle = theme.faint;
  context.lineWidth = 1.2;
  context.beginPath();
  corners.forEach((from, code) => {
    for (let k = 0; k < K; k++) {
      if (code & (1 << k)) continue;
      context.moveTo(...from);
      context.lineTo(...corners[code | (1 << k)]);
    }
  });
  context.stroke();
  return corners;
}

/** The code of each vertex beside it, readable on samples, too. */
function nameCorners(context, corners, K, width, height, theme) {
  context.font = "12px ui-monospace, 'DejaVu Sans Mono', monospace";
  context.textAlign = "center";
  context.textBaseline = "middle";
  context.lineJoin = "round";
  context.strokeStyle = theme.paper;
  context.lineWidth = 4;
  context.fillStyle = theme.soft;
  corners.forEach(([x, y], code) => {
    const [dx, dy] = [x - width / 2, y - height / 2], far = Math.hypot(dx, dy) || 1;
    const text = Array.from({ length: K }, (_, k) => (code & (1 << k) ? "1" : "0")).join("");
    const at = [x + (dx / far) * 20, y + (dy / far) * 14];
    context.strokeText(text, ...at);
    context.fillText(text, ...at);
  });
}

const A_PATH = 50; // marks in one path: a canvas takes many short paths some twenty times faster than one long one

/** All samples as marks; the classes not followed are faint and lie below. */
function drawSamples(context, head, screen, styles, theme, followed, radius) {
  const order = [...head.members.keys()].sort((a, b) => (a === followed) - (b === followed));
  for (const label of order) {
    const [colour, shape] = styles[label];
    context.globalAlpha = followed === null ? 0.8 : label === followed ? 0.95 : 0.13;
    context.fillStyle = inTheme(colour, theme);
    const members = head.members[label];
    for (let from = 0; from < members.length; from += A_PATH) {
      context.beginPath();
      for (const i of members.slice(from, from + A_PATH)) addMark(context, shape, screen[2 * i], screen[2 * i + 1], radius);
      context.fill();
    }
  }
  context.globalAlpha = 1;
}

/** Half the picture's width: as EXTENT says, or up to twice that where many samples end up farther out. */
function reach(head, view, K, shared) {
  const usual = EXTENT[view.key === "plane" ? "plane" : K], key = `${view.key} ${view.x} ${view.y}`;
  if (shared.sameScale) return usual;
  head.reached ||= new Map();
  if (!head.reached.has(key)) {
    const xy = new Float32Array(2 * head.N), far = new Float32Array(head.N);
    project(head, view, head.T - 1, K > 2 ? shared.start[K] : [[1, 0], [0, 1]], false, xy);
    for (let i = 0; i < head.N; i++) far[i] = Math.max(Math.abs(xy[2 * i]), Math.abs(xy[2 * i + 1]));
    far.sort();
    head.reached.set(key, Math.min(2 * usual, Math.max(usual, 1.06 * far[Math.floor(0.97 * (head.N - 1))])));
  }
  return head.reached.get(key);
}

/** The panel of one head's latent space: {node, paint(t), near(x, y), point}. */
function makeSpace(head, shared, changed) {
  const views = viewsOf(head.P);
  const view = { key: views[0]?.[0] || "pair", x: 0, y: Math.min(1, head.P - 1) };
  const xy = new Float32Array(2 * head.N), next = new Float32Array(2 * head.N), screen = new Float32Array(2 * head.N);
  const state = { view, views, time: 0, screen };
  const dimensions = () => (view.key === "plane" ? head.plane.basis[0].length : view.key === "pair" ? 2 : head.P);
  const rotatable = () => dimensions() >= 3;
  const frameXY = () => {
    const t = Math.floor(state.time), part = state.time - t, turned = orientation(shared, dimensions());
    project(head, view, t, turned, shared.sameScale, xy);
    if (!part) return turned;
    project(head, view, t + 1, turned, shared.sameScale, next);
    for (let i = 0; i < xy.length; i++) xy[i] += part * (next[i] - xy[i]);
    return turned;
  };
  const draw = (context, width, height) => {
    const turned = frameXY(), theme = shared.root.theme, K = dimensions();
    const unit = Math.min(width, height) / 2 / reach(head, view, K, shared);
    const place = ([x, y]) => [width / 2 + unit * x, height / 2 - unit * y];
    const corners = view.key === "plane" ? null : drawCube(context, K, cubeSides(head, view, state.time, shared), turned, place, theme);
    drawAxes(context, view, K, head.P, width, height, theme);
    for (let i = 0; i < screen.length; i += 2) { // what lies outside is drawn on the border, so that nothing is lost
      screen[i] = Math.min(Math.max(width / 2 + unit * xy[i], 6), width - 6);
      screen[i + 1] = Math.min(Math.max(height / 2 - unit * xy[i + 1], 6), height - 6);
    }
    const radius = head.N <= 600 ? 4.4 : head.N <= 2500 ? 3.4 : 2.2;
    drawSamples(context, head, screen, shared.styles, theme, shared.followed, radius);
    if (corners && (unit > 60 || K < 4)) nameCorners(context, corners, K, width, height, theme);
    const sample = inFocus(shared, head);
    if (sample !== null) drawRing(context, screen, sample, theme);
  };
  const { canvas, paint } = surface({ class: "bk-space-canvas", role: "application", tabindex: "0" }, draw);
  rotateByHand(canvas, shared, dimensions, rotatable, changed);
  return Object.assign(state, { canvas, paint, rotatable });
}

/** The orientation for so many dimensions, the same for all heads, so that they are seen from one place. */
function orientation(shared, K) {
  if (K <= 2) return [[1, 0], [0, 1]];
  return (shared.turned[K] ||= shared.start[K]);
}

/** Half the hypercube's side along each of its dimensions: 1 when each epoch has a scale of its own. */
function cubeSides(head, view, time, shared) {
  const dims = view.key === "pair" ? [view.x, view.y] : [...Array(head.P).keys()];
  if (!shared.sameScale) return dims.map(() => 1);
  const t = Math.floor(time), unit = head.scale[t] / LEVELS / (head.widest || 1);
  return dims.map((d) => statistics(head, t).side[d] * unit);
}

/** The names of the dimensions where the axes of the screen are dimensions, and dotted lines at zero. */
function drawAxes(context, view, K, P, width, height, theme) {
  if (K > 2 || view.key === "plane") return;
  context.strokeStyle = theme.soft;
  context.setLineDash([2, 4]);
  context.beginPath();
  context.moveTo(width / 2, 8);
  context.lineTo(width / 2, height - 8);
  if (P > 1) { context.moveTo(8, height / 2); context.lineTo(width - 8, height / 2); }
  context.stroke();
  context.setLineDash([]);
  context.fillStyle = theme.soft;
  context.font = "12px system-ui, sans-serif";
  context.textBaseline = "alphabetic";
  context.textAlign = "right";
  context.fillText(`z${view.x + 1} →`, width - 8, height / 2 - 6);
  context.textAlign = "left";
  if (P > 1) context.fillText(`↑ z${view.y + 1}`, width / 2 + 6, 16);
}

/** The sample of this head that is in focus: heads that hold the same samples share it. */
const inFocus = (shared, head) => (shared.focus && (shared.aligned || shared.focus.head === head) ? shared.focus.sample : null);

function drawRing(context, screen, sample, theme) {
  context.strokeStyle = theme.ink;
  context.lineWidth = 2;
  context.beginPath();
  context.arc(screen[2 * sample], screen[2 * sample + 1], 9, 0, 2 * Math.PI);
  context.stroke();
}

/** Dragging and arrow keys turn the space; with Shift they turn the fourth dimension in; Home turns it back. */
function rotateByHand(canvas, shared, dimensions, rotatable, changed) {
  const by = (dx, dy, fourth) => {
    const K = dimensions(), depth = fourth && K > 3 ? 3 : 2;
    shared.turned[K] = turn(turn(orientation(shared, K), 0, depth, dx), 1, depth, dy);
    changed();
  };
  let last = null;
  canvas.addEventListener("pointerdown", (event) => {
    if (!rotatable() || event.button) return;
    last = [event.clientX, event.clientY];
    canvas.setPointerCapture(event.pointerId);
  });
  canvas.addEventListener("pointermove", (event) => {
    if (!last) return;
    by((event.clientX - last[0]) * 0.006, (last[1] - event.clientY) * 0.006, event.shiftKey);
    last = [event.clientX, event.clientY];
  });
  for (const end of ["pointerup", "pointercancel"]) canvas.addEventListener(end, () => { last = null; });
  canvas.addEventListener("keydown", (event) => {
    const step = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] }[event.key];
    if (!rotatable() || !(step || event.key === "Home")) return;
    event.preventDefault();
    if (step) return by(step[0] * 0.07, step[1] * 0.07, event.shiftKey);
    delete shared.turned[dimensions()];
    changed();
  });
}

/** The sample nearest to a place on the canvas, or null where none is within 14 pixels. */
function nearest(screen, x, y) {
  let found = null, least = 14 * 14;
  for (let i = 0; i < screen.length / 2; i++) {
    const distance = (screen[2 * i] - x) ** 2 + (screen[2 * i + 1] - y) ** 2;
    if (distance < least) [found, least] = [i, distance];
  }
  return found;
}
