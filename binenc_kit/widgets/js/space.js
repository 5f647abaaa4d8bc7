// The latent space of one head. Every view is a linear map from P dimensions to the screen, so turning it is cheap.

const EXTENT = { 1: 2.2, 2: 2.0, 3: 2.3, 4: 2.35, plane: 2.0 }; // half the picture's width, in sides or spreads
const A_PATH = 50; // marks in one path: a canvas takes many short paths some twenty times faster than one long one
const SAME = [[1, 0], [0, 1]];

/** What a view is called in EXTENT, and where the reader's way of turning it is kept. */
const kindOf = (head, view) => (view.key === "plane" ? "plane" : spanned(head, view).length);

/** How many directions a view can be turned in. */
const depthOf = (head, view) => (view.key === "plane" ? head.plane.basis[0].length : spanned(head, view).length);

/** The orientation of a view, the same for all heads, so that they are seen from one place. */
function orientation(head, view, shared) {
  const kind = kindOf(head, view);
  return depthOf(head, view) < 3 ? SAME : (shared.turned[kind] ||= shared.start[kind]);
}

/** The rotation's rows after turning by `angle` in the plane of rows i and j. */
function turn(rows, i, j, angle) {
  const [c, s] = [Math.cos(angle), Math.sin(angle)], part = (a, b, sign) => rows[a].map((value, d) => c * value + sign * s * rows[b][d]);
  return rows.map((row, k) => (k === i ? part(i, j, 1) : k === j ? part(j, i, -1) : row));
}

/** Half the picture's width: as EXTENT says, or up to twice that where many samples end up farther out. */
function reach(head, view, shared) {
  const usual = EXTENT[kindOf(head, view)], key = `${view.key} ${view.x} ${view.y}`;
  if (shared.scale !== "each") return usual;
  if (!head.reached.has(key)) {
    const xy = new Float32Array(2 * head.N), far = new Float32Array(head.N);
    const start = depthOf(head, view) < 3 ? SAME : shared.start[kindOf(head, view)];
    project(head, view, head.T - 1, start, shared, xy);
    for (let i = 0; i < head.N; i++) far[i] = Math.max(Math.abs(xy[2 * i]), Math.abs(xy[2 * i + 1]));
    far.sort();
    head.reached.set(key, Math.min(2 * usual, Math.max(usual, 1.06 * far[Math.floor(0.97 * (head.N - 1))])));
  }
  return head.reached.get(key);
}

/** Half the hypercube's side along each dimension of a view: 1 where each epoch has a scale of its own. */
function cubeSides(head, view, time, shared) {
  const unit = unitOf(head, view, shared), t = Math.floor(time);
  const side = (frame, d) => (statistics(head, frame).side[d] * head.scale[frame]) / LEVELS / unit;
  return spanned(head, view).map((d) => {
    if (!unit) return 1;
    return time > t ? side(t, d) + (time - t) * (side(t + 1, d) - side(t, d)) : side(t, d);
  });
}

/** The panel of one head's latent space: {canvas, paint, view, views, time, screen}; screen holds x0, y0, x1, ... */
function makeSpace(head, shared, view, changed) {
  const xy = new Float32Array(2 * head.N), next = new Float32Array(2 * head.N);
  const state = { view, views: viewsOf(head.P), time: 0, screen: new Float32Array(2 * head.N) };
  const fly = (turned) => { // to where the samples are between two epochs
    const t = Math.floor(state.time), part = state.time - t;
    project(head, view, t, turned, shared, xy);
    if (!part) return;
    project(head, view, t + 1, turned, shared, next);
    for (let i = 0; i < xy.length; i++) xy[i] += part * (next[i] - xy[i]);
  };
  const draw = (context, width, height) => {
    const turned = orientation(head, view, shared), unit = Math.min(width, height) / 2 / reach(head, view, shared);
    fly(turned);
    for (let i = 0; i < xy.length; i += 2) { // what lies outside is drawn on the border, so that nothing is lost
      state.screen[i] = Math.min(Math.max(width / 2 + unit * xy[i], 6), width - 6);
      state.screen[i + 1] = Math.min(Math.max(height / 2 - unit * xy[i + 1], 6), height - 6);
    }
    drawSpace(context, { head, shared, ...state, turned, unit, width, height });
  };
  const { canvas, paint } = surface({ class: "bk-space-canvas", role: "application", tabindex: "0" }, draw);
  turnByHand(canvas, head, view, shared, changed);
  return Object.assign(state, { canvas, paint });
}

/** Hypercube, axes, samples, names of the vertices, and a ring around the sample in focus. */
function drawSpace(context, scene) {
  const { head, shared, view, width, height, unit } = scene, theme = shared.root.theme;
  const sides = view.key === "plane" ? null : cubeSides(head, view, scene.time, shared);
  const corners = sides && drawCube(context, sides, scene, theme);
  if (depthOf(head, view) <= 2) drawAxes(context, scene, theme);
  drawSamples(context, scene, theme);
  const room = sides && unit * Math.min(...sides);
  if (corners && room > (sides.length > 3 ? 42 : 30)) nameCorners(context, corners, scene, theme);
  const sample = inFocus(shared, head);
  if (sample !== null) drawRing(context, scene.screen, sample, theme);
}

/** The hypercube with the given half-sides; returns its corners on the canvas, by code. */
function drawCube(context, sides, { turned, unit, width, height }, theme) {
  const K = sides.length;
  const corners = Array.from({ length: 1 << K }, (_, code) => {
    const along = (row) => sides.reduce((sum, side, k) => sum + (code & (1 << k) ? side : -side) * turned[row][k], 0);
    return [width / 2 + unit * along(0), height / 2 - (K > 1 ? unit * along(1) : 0)];
  });
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
function nameCorners(context, corners, { width, height, head, view }, theme) {
  const K = spanned(head, view).length;
  Object.assign(context, { font: MONO, textAlign: "center", textBaseline: "middle", lineJoin: "round" });
  Object.assign(context, { strokeStyle: theme.paper, lineWidth: 4, fillStyle: theme.soft });
  corners.forEach(([x, y], code) => {
    const [dx, dy] = [x - width / 2, y - height / 2], far = Math.hypot(dx, dy) || 1;
    const text = Array.from({ length: K }, (_, k) => (code & (1 << k) ? "1" : "0")).join("");
    const at = [x + (dx / far) * 20, y + (dy / far) * 14];
    context.strokeText(text, ...at);
    context.fillText(text, ...at);
  });
}

/** All samples as marks; the classes not followed are faint and lie below. */
function drawSamples(context, { head, shared, screen }, theme) {
  const radius = head.N <= 600 ? 4.4 : head.N <= 2500 ? 3.4 : 2.2, { followed } = shared;
  const order = [...head.members.keys()].sort((a, b) => (a === followed) - (b === followed));
  for (const label of order) {
    const [colour, shape] = shared.styles[label], members = head.members[label];
    const lost = colour === "#F0E442" && theme.paper === "#ffffff"; // yellow on white
    context.globalAlpha = followed === null ? 0.8 : label === followed ? 0.95 : 0.13;
    context.fillStyle = inTheme(colour, theme);
    context.strokeStyle = theme.soft;
    context.lineWidth = 0.6;
    for (let from = 0; from < members.length; from += A_PATH) {
      context.beginPath();
      for (const i of members.slice(from, from + A_PATH)) addMark(context, shape, screen[2 * i], screen[2 * i + 1], radius);
      context.fill();
      if (lost) context.stroke();
    }
  }
  context.globalAlpha = 1;
}

/** The names of the dimensions where the axes of the screen are dimensions, and dotted lines at zero. */
function drawAxes(context, { view, head, width, height }, theme) {
  Object.assign(context, { strokeStyle: theme.soft, fillStyle: theme.soft, font: SMALL, textBaseline: "alphabetic", lineWidth: 1 });
  context.setLineDash([2, 4]);
  context.beginPath();
  context.moveTo(width / 2, 8);
  context.lineTo(width / 2, height - 8);
  if (head.P > 1) { context.moveTo(8, height / 2); context.lineTo(width - 8, height / 2); }
  context.stroke();
  context.setLineDash([]);
  context.textAlign = "right";
  context.fillText(`z${view.x + 1} →`, width - 8, height / 2 - 6);
  context.textAlign = "left";
  if (head.P > 1) context.fillText(`↑ z${view.y + 1}`, width / 2 + 6, 16);
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
function turnByHand(canvas, head, view, shared, changed) {
  const by = (dx, dy, fourth) => {
    const behind = fourth && depthOf(head, view) > 3 ? 3 : 2;
    shared.turned[kindOf(head, view)] = turn(turn(orientation(head, view, shared), 0, behind, dx), 1, behind, dy);
    changed();
  };
  let last = null;
  canvas.addEventListener("pointerdown", (event) => {
    if (depthOf(head, view) < 3 || event.button) return;
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
    if (depthOf(head, view) < 3 || !(step || event.key === "Home")) return;
    event.preventDefault();
    if (step) return by(step[0] * 0.07, step[1] * 0.07, event.shiftKey);
    delete shared.turned[kindOf(head, view)];
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
