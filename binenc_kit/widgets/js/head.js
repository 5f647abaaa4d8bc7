// One head's training in the browser: its frames, what is counted in each, and how they turn into places on a plane.

const LEVELS = 2047; // what frames.quantise puts the largest value of a frame at

/** A head's frames, ready to be drawn. */
async function openHead(sent) {
  const [T, N, P] = sent.shape;
  const head = { ...sent, T, N, P, values: await unpackFrames(sent.latents, T, N * P) };
  head.classes = 1 + sent.labels.reduce((most, label) => Math.max(most, label), 0);
  head.members = Array.from({ length: head.classes }, () => []);
  sent.labels.forEach((label, i) => head.members[label].push(i));
  head.placeOf = new Map(sent.samples.map((sample, i) => [sample, i]));
  head.widest = sent.sides.reduce((most, side) => Math.max(most, side), 0);
  head.widestPeak = sent.scale.reduce((most, peak) => Math.max(most, peak), 0);
  head.counted = new Map(); // what was counted in the last frames that were asked for
  head.reached = new Map();
  return head;
}

/** Counts of one frame: side (mean |z|) and peak of each dimension, share of bit 1 and mean of each class and dimension. */
function statistics(head, t) {
  if (!head.counted.has(t)) {
    if (head.counted.size > 3) head.counted.delete(head.counted.keys().next().value);
    head.counted.set(t, count(head, t));
  }
  return head.counted.get(t);
}

function count(head, t) {
  const { N, P, classes, values, labels, members } = head;
  const side = new Float64Array(P), peak = new Float64Array(P);
  const shares = new Float64Array(classes * P), means = new Float64Array(classes * P);
  for (let i = 0, at = t * N * P; i < N; i++) {
    const row = labels[i] * P;
    for (let d = 0; d < P; d++, at++) {
      const value = values[at], size = value < 0 ? -value : value;
      side[d] += size;
      if (size > peak[d]) peak[d] = size;
      if (value > 0) shares[row + d]++;
      means[row + d] += value;
    }
  }
  for (let at = 0; at < classes * P; at++) {
    const many = members[Math.floor(at / P)].length || 1;
    shares[at] /= many;
    means[at] /= many;
  }
  for (let d = 0; d < P; d++) side[d] = side[d] / N || 1;
  return { side, peak, shares, means, pure: pureShare(head, shares) };
}

const isPure = (share) => share >= PURE || share <= 1 - PURE;

/** The share of pure bits among all bits of the classes that have samples. */
function pureShare(head, shares) {
  let pure = 0, cells = 0;
  head.members.forEach((members, label) => {
    if (!members.length) return;
    for (let d = 0; d < head.P; d++, cells++) pure += isPure(shares[label * head.P + d]);
  });
  return pure / cells;
}

/** A sample's code in a frame, "0110", at most 16 bits of it. */
function codeOf(head, t, sample) {
  const start = (t * head.N + sample) * head.P;
  const bits = Array.from({ length: Math.min(head.P, 16) }, (_, d) => (head.values[start + d] > 0 ? "1" : "0"));
  return bits.join("") + (head.P > 16 ? "…" : "");
}

/** A class's code: 0 or 1 where a bit is pure, else "?". */
function classCode(head, found, label) {
  const bit = (share) => (isPure(share) ? String(Number(share > 0.5)) : "?");
  return Array.from(found.shares.subarray(label * head.P, (label + 1) * head.P), bit).join("");
}

/** The views a head can be seen in: [[key, name], ...], the best one first. */
function viewsOf(P) {
  const whole = { 1: "one dimension", 2: "square", 3: "cube", 4: "tesseract" }[P];
  const views = whole ? [["whole", whole]] : [];
  if (P >= 3) views.push(["plane", "principal plane"], ["pair", "two dimensions"]);
  return views;
}

/** The dimensions that span a view. */
const spanned = (head, view) => (view.key === "pair" ? [view.x, view.y] : Array.from({ length: head.P }, (_, d) => d));

/** What 1 stands for on the screen, in units of z: a mean of |z|, or of the plane the spread; null for each epoch its own. */
function unitOf(head, view, shared) {
  if (shared.scale === "each") return null;
  const widest = (one) => (view.key === "plane" ? one.plane?.widest || 0 : one.widest);
  return (shared.scale === "all" ? Math.max(...shared.heads.map(widest)) : widest(head)) || 1;
}

/** How values turn into screen coordinates at frame t: {dims, x, y, cx, cy}, one weight for each of dims. */
function mapping(head, view, t, turned, shared) {
  const unit = unitOf(head, view, shared), step = head.scale[t] / LEVELS;
  if (view.key === "plane") {
    const spread = unit || head.plane.spread[t] || 1;
    const dot = (parts, row) => parts.reduce((sum, part, k) => sum + part * turned[row][k], 0) / spread;
    const along = (row) => head.plane.basis.map((parts) => dot(parts, row) * step);
    return { dims: spanned(head, view), x: along(0), y: along(1), cx: dot(head.plane.mean[t], 0), cy: dot(head.plane.mean[t], 1) };
  }
  const dims = spanned(head, view), { side } = statistics(head, t);
  const weights = (row) => dims.map((d, k) => turned[row][k] * (unit ? step / unit : 1 / side[d]));
  return { dims, x: weights(0), y: weights(1), cx: 0, cy: 0 };
}

/** Screen coordinates of all samples at frame t, in units of a side or of the spread: fills xy with x0, y0, x1, ... */
function project(head, view, t, turned, shared, xy) {
  const { dims, x, y, cx, cy } = mapping(head, view, t, turned, shared);
  const { N, P, values } = head, start = t * N * P, many = dims.length;
  for (let i = 0; i < N; i++) {
    const row = start + i * P;
    let px = -cx, py = -cy;
    for (let k = 0; k < many; k++) {
      const value = values[row + dims[k]];
      px += value * x[k];
      py += value * y[k];
    }
    xy[2 * i] = px;
    xy[2 * i + 1] = P > 1 ? py : ((i * 0.618034) % 1) * 1.6 - 0.8; // on a line, samples would hide each other
  }
}
