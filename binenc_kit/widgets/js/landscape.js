// PushPullLandscape: controls, texts and the ball; what is computed stands in landscape-wells.js, what is drawn in
// landscape-plots.js. The model holds gamma, weight and linear; the ball belongs to this view alone.

const GAMMA_OFF = -201; // the slider of gamma holds 100 log10(gamma); one step below 0.01 stands for 0
const KNOBS = {
  gamma: { name: "pull: gamma γ", low: GAMMA_OFF, high: 200, tick: "γ = a: two wells become one", meet: "weight" },
  weight: { name: "push: output weight a, per unit of z", low: -100, high: 130, tick: "a = γ: one well becomes two", meet: "gamma" },
};
const ASSUMED = `The model: two classes, one on each side, with logits w·z and −w·z. After collapse a class's output weight
points along its own latent, so w = a·z, and the push is log(1 + exp(−2az²)). In a training run a is not held: weight and
latent adapt together, and other dimensions share the work. So wells appear and merge in a network for the reason seen
here, but its exponents are not those of this picture. A SiLU's dent is shallow while a is small. With a large a, or γ
not far below a, it is nearly as deep as the well; but push and pull do not balance there: SiLU just goes no lower.`;

const knobValue = (place) => (place <= GAMMA_OFF ? 0 : Number((10 ** (place / 100)).toPrecision(3)));
const knobPlace = (value) => Math.max(GAMMA_OFF, Math.round(100 * Math.log10(value)));
/** A number in a text, rounded to two decimals or to three digits. */
const inText = (value) => (Math.abs(value) < 10 && Math.abs(value) >= 0.1 ? shown(Number(value.toFixed(2))) : shown(value));

// ---- texts ----------------------------------------------------------------------------------------------------------

/** How many wells there are, and where. */
function wellsText(land) {
  if (!land.linear) return siluText(land);
  if (land.gamma === 0) return "Gamma is 0: no bottom. Nothing pulls back, and z runs away for ever.";
  if (land.bottom > 0) return `Two wells, at z = ±${inText(land.bottom)}.`;
  return "One well, at 0: gamma has reached the output weight, the class has collapsed to the origin.";
}

/** The same for a SiLU, whose left well goes. */
function siluText(land) {
  const { wells, bottom } = land, right = wells.at(-1), depth = (x) => Math.LN2 - land.sum(x);
  const [turn, lowest] = [inText(TURN_U), inText(TURN_Z)];
  const dent = `no balance on the left, only a dent at u = ${turn}, where SiLU turns round (z = ${lowest})`;
  if (land.gamma === 0) return `Gamma is 0: no bottom on the right, z runs away; ${dent}.`;
  if (bottom === 0)
    return `One well, at u = 0: the class has collapsed to the origin. `
      + `Left of u = ${turn} the ground falls for ever, ever more gently, and z goes to 0 there, too.`;
  const first = `The right well is at u = ${inText(right)} (z = ${inText(bottom)})`;
  if (isDent(land, wells[0]))
    return `${first}; ${dent}, `
      + `${Math.round((100 * depth(wells[0])) / depth(right))} % as deep as the right well.`;
  return `${first}; on the left are two as deep, at u = ${inText(wells[0])} and ${inText(wells[1])}: `
    + `SiLU passes z = −${inText(bottom)} twice, since that is above its lowest value ${lowest}.`;
}

/** The closed form with the numbers put in. */
function formulaText({ gamma, weight, bottom }) {
  const [a, g] = [shown(weight), shown(gamma)], formula = "|z*| = √( ln(2a/γ − 1) / 2a )";
  if (gamma === 0) return `${formula}: without a pull, γ = 0, it grows beyond all bounds.`;
  const filled = `√( ln(2·${a}/${g} − 1) / ${inText(2 * weight)} )`;
  if (bottom > 0) return `${formula} = ${filled} = ${inText(bottom)}`;
  const inner = (2 * weight) / gamma - 1;
  return `${formula} needs 2a/γ − 1 above 1, but 2·${a}/${g} − 1 = ${shown(inner)}: only z = 0 is left.`;
}

/** Push and pull where they balance, computed apart; and where a dent is, that they do not. */
function balanceText(land) {
  const { gamma, bottom } = land, four = (value) => Math.abs(value).toFixed(4);
  const both = (z) => `push slope ${four(pushSlope(z, land))}, pull slope ${four(pullSlope(z, land))}`;
  const dent = isDent(land, land.wells[0]) ? ` In the dent: ${both(TURN_Z)}, no balance; there SiLU's own slope is 0.` : "";
  if (gamma === 0) return `No balance: the push has a slope everywhere but at 0, the pull nowhere.${dent}`;
  if (bottom > 0) return `The balance at z = ${inText(bottom)}: ${both(bottom)}.${dent}`;
  return "At z = 0 both slopes are 0; everywhere else the pull is the steeper one.";
}

/** Where the ball is and what it needs. */
function ballText(land, ball) {
  const at = land.linear ? `z = ${inText(ball.x)}` : `u = ${inText(ball.x)} (z = ${inText(land.layer(ball.x))})`;
  if (ball.frames) return "The ball is rolling.";
  if (ball.gone) return `The ball has left the picture on the ${ball.x < 0 ? "left" : "right"}: there is no bottom that way.`;
  const ground = groundAt(land, ball.x);
  if (ground === "slope") return `The ball is at ${at} and not at rest yet: let it roll.`;
  if (ground === "hill") return `The ball stands on the hilltop at ${at}: an unstable balance needs a nudge; Roll gives a tiny one to the right.`;
  return `The ball rests ${isDent(land, ball.x) ? "in the dent" : "in the well"} at ${at}.`;
}

/** The landscape in words. */
function plotSaid(land, ball) {
  const axis = land.linear ? "the latent z" : "the pre-activation u";
  return `Push, pull and their sum against ${axis}. ${wellsText(land)} ${ballText(land, ball)}`;
}

/** The wells against gamma in words. */
function branchesSaid(land) {
  const a = shown(land.weight), cut = land.linear ? "" : ` A SiLU cuts the lower one off below z = ${inText(TURN_Z)}.`;
  return `The wells against gamma for output weight ${a}: two mirrored branches, which meet at 0 where gamma is ${a}.${cut} Gamma is ${shown(land.gamma)}.`;
}

/** The wells in few words, for a slider's value. */
function wellsSaid(land) {
  if (land.gamma === 0) return "no bottom";
  if (!land.linear) return land.bottom > 0 ? `right well at z ${inText(land.bottom)}` : "one well at 0";
  return land.bottom > 0 ? `two wells at plus and minus ${inText(land.bottom)}` : "one well at 0";
}

// ---- controls -------------------------------------------------------------------------------------------------------

/** Where a slider's thumb stands, as CSS: the thumb's centre stays 8 px inside. */
const along = (share) => `calc(8px + ${share.toFixed(4)} * (100% - 16px))`;

/** A slider with its value and, below it, the value at which wells merge: { node, show(land) }. */
function knob(key, onchange) {
  const { name, low, high, tick, meet } = KNOBS[key];
  const slider = element("input", { type: "range", min: low, max: high, step: 1, id: uniqueId(key), oninput: () => onchange(knobValue(slider.valueAsNumber)) });
  const value = element("span", { class: "bk-number" });
  const mark = element("i"), text = element("span"), ticks = element("div", { class: "bk-landscape-ticks", "aria-hidden": "true" }, mark, text);
  const node = element("div", { class: "bk-landscape-knob" }, element("label", { for: slider.id }, name, value), slider, ticks);
  const show = (land) => {
    slider.value = knobPlace(land[key]);
    value.textContent = shown(land[key]);
    slider.setAttribute("aria-valuetext", `${key} ${land[key] === 0 ? "0" : land[key].toPrecision(2)}, ${wellsSaid(land)}`);
    const share = (knobPlace(land[meet]) - low) / (high - low), seen = land[meet] > 0 && share >= 0 && share <= 1;
    mark.hidden = text.hidden = !seen; // but the row keeps its height
    mark.style.left = along(share);
    text.textContent = tick;
    text.style.cssText = `left: ${along(share)}; transform: translateX(${(-100 * share).toFixed(1)}%)`;
  };
  return { node, show };
}

/** Two buttons of which one is pressed: { node, show(linear) }. */
function layerSwitch(onchange) {
  const make = (text, linear) => element("button", { type: "button", onclick: () => onchange(linear) }, text);
  const buttons = [make("linear layer", true), make("SiLU layer", false)];
  const node = element("span", { class: "bk-row", role: "group", "aria-label": "the layer that makes z" }, ...buttons);
  return { node, show: (linear) => buttons.forEach((button, i) => button.setAttribute("aria-pressed", linear === (i === 0))) };
}

/** The slider that puts the ball somewhere: { node, show(land, x) }; onchange gets a place on the horizontal axis. */
function startSlider(onchange) {
  const slider = element("input", { type: "range", min: 0, max: 200, step: 1, oninput: () => onchange(slider.valueAsNumber / 200) });
  const node = labelled("start", slider);
  node.classList.add("bk-landscape-start");
  const show = ({ reach: { x: [low, high] }, linear }, x) => {
    slider.value = Math.round((200 * (x - low)) / (high - low));
    slider.setAttribute("aria-valuetext", `${linear ? "z" : "u"} ${inText(x).replace("−", "minus ")}`);
  };
  return { node, show };
}

// ---- the ball -------------------------------------------------------------------------------------------------------

/** A ball at x, first put at start: { x, start, frames, gone }; frames are there while it rolls. */
const ballAt = (x) => ({ x, start: x, frames: null, gone: false });

/** What becomes of the ball when the landscape changes: at rest it goes along, else it stays where it was put. */
function keepBall(ball, before, land) {
  const [low, high] = land.reach.x, within = (x) => Math.min(high, Math.max(low, x));
  const rested = !ball.frames && !ball.gone && groundAt(before, ball.x) !== "slope";
  ball.x = rested ? carriedAlong(land, ball.x) : within(ball.x);
  ball.start = within(ball.start);
  ball.frames = null;
  ball.gone = false;
}

/** Lets the ball roll, frame by frame: start() and stop(). */
function roller(ball, current, redraw, settled) {
  let asked = 0;
  const stop = () => { cancelAnimationFrame(asked); ball.frames = null; };
  const finish = () => {
    ball.x = ball.frames.at(-1);
    ball.frames = null;
    ball.gone = current().reach.x.includes(ball.x) && groundAt(current(), ball.x) === "slope";
    settled();
  };
  const start = () => {
    stop();
    if (ball.gone || groundAt(current(), ball.x) === "well") ball.x = ball.start; // once more from where it was put
    ball.gone = false;
    ball.frames = rollFrom(current(), ball.x);
    if (lessMotion()) return finish();
    let begun = null;
    const step = (now) => {
      begun ??= now;
      const place = Math.round((now - begun) / 17);
      if (place >= ball.frames.length) return finish();
      ball.x = ball.frames[place];
      redraw();
      asked = requestAnimationFrame(step);
    };
    asked = requestAnimationFrame(step);
  };
  return { start, stop };
}

/** Calls put(share of the axis) while a pointer is down on the landscape. */
function dragOn(canvas, current, put) {
  const place = (event) => {
    const box = canvas.getBoundingClientRect(), [low, high] = current().reach.x;
    put((landscapeFrame(current(), box.width, box.height).back(event.clientX - box.left) - low) / (high - low));
  };
  canvas.addEventListener("pointerdown", (event) => { if (event.button) return; canvas.setPointerCapture(event.pointerId); place(event); });
  canvas.addEventListener("pointermove", (event) => { if (canvas.hasPointerCapture(event.pointerId)) place(event); });
}

// ---- all together ---------------------------------------------------------------------------------------------------

/** The lines of text below the pictures: { node, said, show(land, ball) }; said is for screen readers, when all is still. */
function lines() {
  const rows = Array.from({ length: 4 }, () => element("p"));
  const said = element("p", { class: "bk-unseen", role: "status", "aria-live": "polite" });
  const show = (land, ball) => {
    const texts = [wellsText(land), formulaText(land), balanceText(land), ballText(land, ball)];
    texts.forEach((text, i) => {
      const kept = text.replace(/([uz]) = /g, "$1\u00a0=\u00a0").replace(" %", "\u00a0%"); // no line breaks in there
      if (rows[i].textContent !== kept) rows[i].textContent = kept;
    });
  };
  return { node: element("div", { class: "bk-landscape-text" }, ...rows), said, show };
}

const TRAITS = ["gamma", "weight", "linear"];
const knobsOf = (model) => Object.fromEntries(TRAITS.map((name) => [name, model.get(name)]));

/** The two pictures of view.land and view.ball: { plot, branches, paint(), describe() }. */
function pictures(view) {
  const memory = {}; // where the curves' names stood
  const plot = surface({ role: "img" }, (context, w, h) => drawLandscape(context, w, h, view.root.theme, view.land, view.ball, memory));
  const branches = surface({ role: "img" }, (context, w, h) => drawBranches(context, w, h, view.root.theme, view.land, view.ball));
  const describe = () => {
    plot.canvas.setAttribute("aria-label", plotSaid(view.land, view.ball));
    branches.canvas.setAttribute("aria-label", branchesSaid(view.land));
  };
  return { plot: plot.canvas, branches: branches.canvas, paint: () => { plot.paint(); branches.paint(); }, describe };
}

/** The controls: { knobs, row, show(land, ball) }; change(name, value), put(share of the axis) and roll() are called. */
function controls(change, put, roll) {
  const [gamma, weight] = ["gamma", "weight"].map((name) => knob(name, (value) => change(name, value)));
  const layer = layerSwitch((linear) => change("linear", linear)), start = startSlider(put);
  const button = element("button", { type: "button", onclick: roll }, "Roll");
  const show = (land, ball) => { gamma.show(land); weight.show(land); layer.show(land.linear); start.show(land, ball.start); };
  return {
    knobs: element("div", { class: "bk-landscape-knobs" }, gamma.node, weight.node),
    row: element("div", { class: "bk-row" }, layer.node, start.node, button), show,
  };
}

/** What runs later: redraw at the next frame, tell when all is still, save to Python; cancel() ends them. */
function laterOf(model, view, picture, texts) {
  const redraw = onceAFrame(() => { picture.paint(); texts.show(view.land, view.ball); });
  const save = debounced(() => model.save_changes(), 250);
  const tell = debounced(() => {
    if (view.ball.frames) return; // once it rests it will be told
    texts.said.textContent = `${wellsText(view.land)} ${ballText(view.land, view.ball)}`;
    picture.describe();
  }, 400);
  return { redraw, save, tell, refresh: () => { redraw(); tell(); }, cancel: () => [redraw, save, tell].forEach((late) => late.cancel()) };
}

function render({ model, el }) {
  const land = landscapeOf(knobsOf(model)), view = { land, ball: ballAt(0.85 * land.reach.x[1]) };
  const picture = pictures(view), texts = lines(), later = laterOf(model, view, picture, texts), current = () => view.land;
  const roll = roller(view.ball, current, later.redraw, later.refresh);
  const put = (share) => {
    const [low, high] = view.land.reach.x;
    roll.stop();
    Object.assign(view.ball, ballAt(low + Math.min(1, Math.max(0, share)) * (high - low)));
    parts.show(view.land, view.ball);
    later.refresh();
  };
  const parts = controls((name, value) => { model.set(name, value); later.save(); }, put, () => { roll.start(); later.redraw(); });
  const changed = () => {
    const before = view.land;
    roll.stop();
    view.land = landscapeOf(knobsOf(model));
    keepBall(view.ball, before, view.land);
    parts.show(view.land, view.ball);
    later.refresh();
  };
  view.root = widgetRoot(el, "push and pull in one latent dimension", later.redraw);
  view.root.classList.add("bk-landscape");
  view.root.append(
    parts.knobs, parts.row, element("div", { class: "bk-landscape-pictures" }, picture.plot, picture.branches), texts.node, texts.said,
    element("details", {}, element("summary", {}, "What this picture assumes"), element("p", {}, ASSUMED.replace(/\s+/g, " "))),
  );
  dragOn(picture.plot, current, put);
  for (const name of TRAITS) model.on(`change:${name}`, changed);
  parts.show(view.land, view.ball);
  picture.describe();
  later.redraw();
  return () => {
    for (const name of TRAITS) model.off(`change:${name}`, changed);
    roll.stop();
    later.cancel();
    view.root.leave();
  };
}

export default { render };
