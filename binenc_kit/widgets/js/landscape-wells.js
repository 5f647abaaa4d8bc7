// The energy of one latent dimension, where a ball can rest in it, and how it rolls there. The model is that of
// binenc_kit/wells.py: push log(1 + exp(-2 a z²)), pull gamma z², and z = u for a linear layer, z = silu(u) for a SiLU.

const TURN_U = -1.2784645427610738, TURN_Z = -0.2784645427610738; // where silu turns round: its lowest value
const ENERGY_TOP = 1.2; // nats, the top of the picture; a hill at z = 0 has ln 2 = 0.69

const silu = (u) => u / (1 + Math.exp(-u));
const siluSlope = (u) => { const s = 1 / (1 + Math.exp(-u)); return s * (1 + u * (1 - s)); };
const pushAt = (z, { weight }) => Math.log1p(Math.exp(-2 * weight * z * z));
const pullAt = (z, { gamma }) => gamma * z * z;
const pushSlope = (z, { weight }) => (-4 * weight * z) / (1 + Math.exp(2 * weight * z * z));
const pullSlope = (z, { gamma }) => 2 * gamma * z;

/** |z| where push and pull balance: 0 for gamma >= weight, infinite for gamma 0. */
function wellAt({ gamma, weight }) {
  if (gamma >= weight) return 0;
  return Math.sqrt(Math.log1p((2 * (weight - gamma)) / gamma) / (2 * weight));
}

/** The u between low and high with silu(u) = z, by halving: silu rises, or falls, all the way between them. */
function inverseSilu(z, low, high) {
  const rises = silu(high) > silu(low);
  for (let i = 0; i < 80; i++) {
    const middle = (low + high) / 2;
    if (silu(middle) < z === rises) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}

/** Bottoms and tops of the sum on the horizontal axis, left to right. */
function restingPlaces(knobs) {
  const z = wellAt(knobs), right = Number.isFinite(z) ? [z] : [];
  if (knobs.linear) return z === 0 ? { wells: [0], hills: [] } : { wells: [...right.map((x) => -x), ...right], hills: [0] };
  if (z === 0) return { wells: [0], hills: [TURN_U] };
  const wells = right.map((x) => inverseSilu(x, x, x + 0.3)); // silu(u) lies between u - 0.3 and u
  if (z > -TURN_Z) return { wells: [TURN_U, ...wells], hills: [0] };
  return { wells: [inverseSilu(-z, -700, TURN_U), inverseSilu(-z, TURN_U, 0), ...wells], hills: [TURN_U, 0] };
}

/** The horizontal axis: it follows the weight alone and in steps, so that under gamma the wells are seen to move. */
function reachOf({ weight, linear }) {
  const widest = 1.3 * wellAt({ gamma: 0.01, weight });
  const reach = [1, 1.5, 2, 3, 5].find((step) => step >= widest) || 5;
  return { z: [-reach, reach], x: linear ? [-reach, reach] : [-6, reach + 0.3] };
}

/** All that is drawn for gamma, weight and linear. */
function landscapeOf(knobs) {
  const layer = knobs.linear ? (x) => x : silu, layerSlope = knobs.linear ? () => 1 : siluSlope;
  const slopeAt = (z) => pushSlope(z, knobs) + pullSlope(z, knobs);
  return {
    ...knobs, ...restingPlaces(knobs), reach: reachOf(knobs), layer, bottom: wellAt(knobs),
    push: (x) => pushAt(layer(x), knobs),
    pull: (x) => pullAt(layer(x), knobs),
    sum: (x) => pushAt(layer(x), knobs) + pullAt(layer(x), knobs),
    slope: (x) => slopeAt(layer(x)) * layerSlope(x),
  };
}

/** A dent on the left of a SiLU: a bottom that push and pull did not make. */
const isDent = (land, x) => !land.linear && x === TURN_U && land.wells.includes(x);

/** The next bottom downhill from x, or null where the ground falls away for ever. */
function downhill(land, x) {
  const next = land.slope(x) > 0 ? land.wells.filter((w) => w < x).at(-1) : land.wells.find((w) => w > x);
  return next ?? null;
}

/** The places of a ball let go at x, one for each frame: a little over a hundred, so about two seconds. */
function rollFrom(land, x) {
  if (groundAt(land, x) === "well") return [x];
  const [low, high] = land.reach.x, width = high - low;
  const hill = land.hills.find((top) => Math.abs(x - top) < 0.004 * width);
  const path = simulate(land, hill === undefined ? x : hill + 0.005 * width); // balanced: a nudge to the right
  const end = path.at(-1), goal = downhill(land, end) ?? (land.slope(end) > 0 ? low : high);
  const frames = sampled(path, 100);
  for (let i = 1; i <= 14; i++) frames.push(end + (goal - end) * (1 - (1 - i / 14) ** 2)); // the slow last of the way
  return [x, ...frames.map((place) => Math.min(high, Math.max(low, place)))];
}

/** So many of a path's places, spread evenly over its time and its length: neither a leap nor a long wait. */
function sampled(path, count) {
  const length = path.reduce((sum, x, i) => sum + Math.abs(x - path[Math.max(0, i - 1)]), 1e-12), frames = [];
  let passed = 0;
  path.forEach((x, i) => {
    passed += (0.5 * Math.abs(x - path[Math.max(0, i - 1)])) / length + 0.5 / path.length;
    while (frames.length < Math.floor(passed * count + 1e-6)) frames.push(x);
  });
  return frames;
}

/** Newton's law with friction, from rest at x until the ball is near its goal and slow, or out of the picture. */
function simulate(land, x) {
  const [low, high] = land.reach.x, goal = downhill(land, x), dt = 0.15 / Math.sqrt(2 * land.gamma + 4 * land.weight + 1);
  const near = Math.max(0.004 * (high - low), goal === null ? 0 : 0.02 * Math.abs(x - goal));
  const friction = goal === null ? 0.05 : frictionFor(land, goal), path = [x];
  for (let step = 0, speed = 0; step < 20000; step++) {
    speed += dt * (-land.slope(x) - friction * speed);
    x += dt * speed;
    path.push(x);
    if (goal === null ? x <= low || x >= high : Math.abs(x - goal) < near && Math.abs(speed) < friction * near) break;
  }
  return path;
}

/** Enough friction for the hill and for the outer wall that the ball stays on its side; in a well it may swing. */
function frictionFor(land, goal) {
  const curvature = Math.max(0, (land.slope(goal + 1e-4) - land.slope(goal - 1e-4)) / 2e-4);
  return Math.max(1.2 * Math.sqrt(curvature), 2 * Math.sqrt(2 * land.gamma), 1.2 * Math.sqrt(land.weight));
}

/** Where a ball goes that rested, when the landscape under it has changed: its side's nearest bottom, or 0. */
function carriedAlong(land, x) {
  const side = land.wells.filter((w) => Math.sign(w) === Math.sign(x));
  if (side.length) return side.reduce((best, w) => (Math.abs(w - x) < Math.abs(best - x) ? w : best));
  return land.wells.includes(0) ? 0 : x;
}

/** What a ball at rest at x is on: "well", "hill" or "slope". */
function groundAt(land, x) {
  const [low, high] = land.reach.x, on = (place) => Math.abs(place - x) < 1e-6 * (high - low);
  return land.wells.some(on) ? "well" : land.hills.some(on) ? "hill" : "slope";
}
