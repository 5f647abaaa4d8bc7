// PushPullLandscape: its controls, and all its parts together; what is computed stands in landscape-wells.js, what is
// drawn in landscape-plots.js. The model holds gamma, weight and linear; the ball belongs to this view alone.

const GAMMA_OFF = -201; // the slider of gamma holds 100 log10(gamma); one step below 0.01 stands for 0
const KNOBS = {
  gamma: { name: "pull: gamma γ", low: GAMMA_OFF, high: 200, tick: "γ = a: two wells become one", meet: "weight" },
  weight: {
    name: "push: output weight a, per unit of z", low: -100, high: 130, tick: "a = γ: one well becomes two", meet: "gamma",
  },
};
const ASSUMED = `The model: two classes, one on each side, with logits w·z and −w·z. After collapse a class's output weight
points along its own latent, so w = a·z, and the push is log(1 + exp(−2az²)). In a training run a is not held: weight and
latent adapt together, and other dimensions share the work. So wells appear and merge in a network for the reason seen
here, but its exponents are not those of this picture. A SiLU's dent is shallow while a is small. With a large a, or γ
not far below a, it is nearly as deep as the well; but push and pull do not balance there: SiLU just goes no lower.`;

const knobValue = (place) => (place <= GAMMA_OFF ? 0 : Number((10 ** (place / 100)).toPrecision(3)));
const knobPlace = (value) => Math.max(GAMMA_OFF, Math.round(100 * Math.log10(value)));

// ---- controls -------------------------------------------------------------------------------------------------------

/** Where a slider's thumb stands, as CSS: the thumb's centre stays 8 px inside. */
const along = (share) => `calc(8px + ${share.toFixed(4)} * (100% - 16px))`;

/** A slider with its value and, below it, the value at which wells merge: { node, show(land) }. */
function knob(key, onchange) {
  const { name, low, high, tick, meet } = KNOBS[key];
  const oninput = () => onchange(knobValue(slider.valueAsNumber));
  const slider = element("input", { type: "range", min: low, max: high, step: 1, id: uniqueId(key), oninput });
  const value = element("span", { class: "bk-number" }), mark = element("i"), text = element("span");
  const ticks = element("div", { class: "bk-landscape-ticks", "aria-hidden": "true" }, mark, text);
  const node = element("div", { class: "bk-landscape-knob" }, element("label", { for: slider.id }, name, value), slider, ticks);
  const show = (land) => {
    slider.value = knobPlace(land[key]);
    value.textContent = shown(land[key]);
    slider.setAttribute("aria-valuetext", `${key} ${shown(land[key])}, ${wellsSaid(land)}`);
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
  const show = (linear) => buttons.forEach((button, i) => button.setAttribute("aria-pressed", linear === (i === 0)));
  return { node, show };
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

// ---- all together ---------------------------------------------------------------------------------------------------

/** The lines of text below the pictures: { node, said, show(land, ball) }; said is for screen readers once all is still. */
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
  const plot = surface({ role: "img" },
    (context, w, h) => drawLandscape(context, w, h, view.root.theme, view.land, view.ball, memory));
  const branches = surface({ role: "img" },
    (context, w, h) => drawBranches(context, w, h, view.root.theme, view.land, view.ball));
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
  const show = (land, ball) => {
    gamma.show(land);
    weight.show(land);
    layer.show(land.linear);
    start.show(land, ball.start);
  };
  return {
    knobs: element("div", { class: "bk-landscape-knobs" }, gamma.node, weight.node),
    row: element("div", { class: "bk-row" }, layer.node, start.node, button), show,
  };
}

/** What runs later: redraw at the next frame, tell when all is still, save to Python; cancel() ends all three. */
function laterOf(model, view, picture, texts) {
  const redraw = onceAFrame(() => { picture.paint(); texts.show(view.land, view.ball); });
  const save = debounced(() => model.save_changes(), 250);
  const tell = debounced(() => {
    if (view.ball.frames) return; // once it rests it will be told
    texts.said.textContent = `${wellsText(view.land)} ${ballText(view.land, view.ball)}`;
    picture.describe();
  }, 400);
  const refresh = () => { redraw(); tell(); };
  return { redraw, save, refresh, cancel: () => [redraw, save, tell].forEach((late) => late.cancel()) };
}

/** What happens to the view: put(share of the axis) places the ball, changed() takes the model's values, roll. */
function deedsOf(model, view, later) {
  const roll = roller(view.ball, () => view.land, later.redraw, later.refresh);
  const show = () => { view.controls.show(view.land, view.ball); later.refresh(); };
  const put = (share) => {
    const [low, high] = view.land.reach.x;
    roll.stop();
    Object.assign(view.ball, ballAt(low + Math.min(1, Math.max(0, share)) * (high - low)));
    show();
  };
  const changed = () => {
    const before = view.land;
    roll.stop();
    view.land = landscapeOf(knobsOf(model));
    keepBall(view.ball, before, view.land);
    show();
  };
  return { roll, put, changed };
}

function render({ model, el }) {
  const land = landscapeOf(knobsOf(model)), view = { land, ball: ballAt(0.85 * land.reach.x[1]) };
  const picture = pictures(view), texts = lines(), later = laterOf(model, view, picture, texts);
  const { roll, put, changed } = deedsOf(model, view, later);
  const change = (name, value) => { model.set(name, value); later.save(); };
  view.controls = controls(change, put, () => { roll.start(); later.redraw(); });
  view.root = widgetRoot(el, "Push and pull in one latent dimension", later.redraw);
  view.root.classList.add("bk-landscape");
  view.root.append(
    view.controls.knobs, view.controls.row,
    element("div", { class: "bk-landscape-pictures" }, picture.plot, picture.branches), texts.node, texts.said,
    element("details", {}, element("summary", {}, "What this picture assumes"), element("p", {}, ASSUMED.replace(/\s+/g, " "))),
  );
  dragOn(picture.plot, () => view.land, put);
  for (const name of TRAITS) model.on(`change:${name}`, changed);
  view.controls.show(view.land, view.ball);
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
