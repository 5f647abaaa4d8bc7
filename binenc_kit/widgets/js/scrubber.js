// The epoch scrubber: one slider, and everything follows the epoch. Nothing asks the kernel; only `epoch` goes back.

/** The epoch numbers of all heads, ascending. */
const allEpochs = (heads) => [...new Set(heads.flatMap((head) => head.epochs))].sort((a, b) => a - b);

/** The picture of a head: its title and view, latent space, codebook and histograms. */
function makeHead(head, shared, changed, follow) {
  const space = makeSpace(head, shared, changed);
  const book = makeCodebook(head, shared, space, follow), histograms = makeHistograms(head, shared, space);
  const axis = (name) => labelled(name === "x" ? "across" : "up", choices([...Array(head.P).keys()].map((d) => [d, `z${d + 1}`]), space.view[name],
    (value) => { space.view[name] = Number(value); changed(); }));
  const pair = element("span", { class: "bk-row" }, axis("x"), axis("y"));
  const settle = () => { pair.hidden = space.view.key !== "pair"; canvasText(space, head); };
  const view = space.views.length > 1
    ? labelled("view", choices(space.views, space.view.key, (key) => { space.view.key = key; settle(); changed(); })) : null;
  settle();
  const card = element("div", { class: "bk-card", hidden: true });
  hoverSamples(space, head, shared, changed);
  const count = head.of > head.N ? ` · ${head.N.toLocaleString("en")} of ${head.of.toLocaleString("en")} samples` : ` · ${head.N.toLocaleString("en")} samples`;
  const node = element("section", { class: "bk-head", "aria-label": head.title },
    element("div", { class: "bk-row bk-headline" }, element("h2", { class: "bk-title" }, head.title), element("span", { class: "bk-soft" }, `P = ${head.P}${count}`), view, pair),
    element("div", { class: "bk-body" },
      element("div", { class: "bk-space" }, space.canvas, card),
      element("div", { class: "bk-side" },
        element("div", {}, element("h3", { class: "bk-caption" }, "0 blue, 1 orange, filled when pure"), book.box),
        element("div", {}, element("h3", { class: "bk-caption" }, "histogram of each dimension"), histograms.box))));
  const paint = (time) => {
    space.time = time;
    space.paint();
    book.paint();
    histograms.paint();
    showCard(card, space, head, shared);
  };
  return { node, space, paint };
}

/** What a reader who cannot see the latent space is told about it. */
function canvasText(space, head) {
  const how = space.rotatable() ? "; arrow keys turn it, with Shift also through the fourth dimension, Home turns it back" : "";
  const name = space.views.find(([key]) => key === space.view.key)?.[1] || "two dimensions";
  space.canvas.setAttribute("aria-label", `Latent space of ${head.title}, ${name}${how}`);
}

/** The sample under the pointer comes into focus, and leaves it with the pointer. */
function hoverSamples(space, head, shared, changed) {
  const focus = (sample) => {
    const same = sample === inFocus(shared, head);
    if (same || (sample === null && shared.focus?.byHand)) return;
    shared.focus = sample === null ? null : { head, sample };
    changed();
  };
  space.canvas.addEventListener("pointermove", (event) => { if (!event.buttons) focus(nearest(space.screen, event.offsetX, event.offsetY)); });
  space.canvas.addEventListener("click", (event) => focus(nearest(space.screen, event.offsetX, event.offsetY)));
  space.canvas.addEventListener("pointerleave", () => focus(null));
}

/** The card of the sample in focus: its picture, its class and its code. */
function showCard(card, space, head, shared) {
  const sample = inFocus(shared, head);
  card.hidden = sample === null;
  if (card.hidden) return;
  const code = codeOf(head, Math.floor(space.time), sample);
  const lines = [shared.names[head.labels[sample]], code, `sample ${sample + 1}`];
  card.replaceChildren();
  if (shared.sheet && head.pictures) {
    const picture = element("canvas", { width: 144, height: 144, "aria-hidden": "true" });
    shared.sheet.draw(picture.getContext("2d"), head.pictures[sample], 0, 0, 144);
    card.append(picture);
  }
  card.append(...lines.map((line, i) => element("div", { class: ["bk-name", "bk-code", "bk-soft"][i] }, line)));
  const [x, y] = [space.screen[2 * sample], space.screen[2 * sample + 1]];
  const { clientWidth: width, clientHeight: height } = space.canvas;
  card.style.left = `${x < width - card.offsetWidth - 20 ? x + 16 : Math.max(4, x - card.offsetWidth - 16)}px`;
  card.style.top = `${Math.max(4, Math.min(y - card.offsetHeight / 2, height - card.offsetHeight - 4))}px`;
}

/** Slider, play and speed. */
function makeControls(shared, epochs, go, play) {
  const slider = element("input", { type: "range", min: 0, max: epochs.length - 1, step: 1, value: 0, class: "bk-slider", oninput: () => go(Number(slider.value), true) });
  slider.addEventListener("keydown", (event) => { if (event.key === " ") { event.preventDefault(); play(!shared.playing); } });
  const button = element("button", { class: "bk-play", onclick: () => play(!shared.playing) }, "▶ Play");
  const rates = [1, 2, 5, 10, 20, 50], usual = rates.find((rate) => rate >= epochs.length / 12) || 50;
  shared.rate = usual;
  const speed = labelled("speed", choices(rates.map((rate) => [rate, `${rate} ${rate > 1 ? "epochs" : "epoch"} a second`]), usual, (rate) => { shared.rate = Number(rate); }));
  const readout = element("output", { class: "bk-number bk-epoch" });
  const node = element("div", { class: "bk-row bk-controls" }, button, labelled("epoch", slider), readout, speed);
  node.children[1].classList.add("bk-grow");
  return { node, slider, button, readout };
}

/** The classes as buttons: one that is pressed is followed alone. */
function makeLegend(shared, heads, follow, sheetOf) {
  const there = (label) => heads.some((head) => head.members[label]?.length);
  const pressed = (label) => String(shared.followed === label);
  const buttons = shared.names.map((name, label) => there(label)
    ? element("button", { class: "bk-class", "aria-pressed": pressed(label), title: name, onclick: () => follow(label) }, markIcon(shared.styles[label]), element("span", {}, name)) : null);
  const list = element("div", { class: "bk-row bk-classes", role: "group", "aria-label": "follow one class" }, ...buttons);
  const sample = element("input", { type: "number", min: 1, max: heads[0].N, step: 1, class: "bk-sample", oninput: () => sheetOf(sample.value === "" ? null : Number(sample.value) - 1) });
  const show = () => buttons.forEach((button, label) => button?.setAttribute("aria-pressed", pressed(label)));
  return { list, show, sample: labelled("look at sample", sample) };
}

/** Everything that belongs to one sending of content; `before` is what the reader had chosen until then. */
function build(root, content, model, heads, sheet, before) {
  const epochs = allEpochs(heads), chosen = { turned: {}, followed: null, sameScale: false, ...before };
  const shared = { root, sheet, names: content.names, styles: content.styles, start: content.orientations, aligned: content.aligned, focus: null, playing: false, ...chosen };
  heads.forEach((head, i) => {
    const places = epochs.map((epoch) => Math.max(0, head.epochs.findLastIndex((one) => one <= epoch)));
    head.frameAt = (place) => places[place];
    head.dash = [[], [6, 3], [2, 3], [8, 3, 2, 3]][i % 4];
    head.widestPeak = head.scale.reduce((most, one) => Math.max(most, one), 0);
  });
  const paint = () => { if (root.isConnected) update(shared, epochs, heads, parts); };
  const changed = onceAFrame(paint);
  const parts = assemble(root, content, shared, heads, epochs, model, changed);
  parts.go(nearestIndex(epochs, before ? before.epoch : model.get("epoch")));
  paint();
  const kept = () => ({ turned: shared.turned, followed: shared.followed, sameScale: shared.sameScale, epoch: shared.epoch });
  return { changed, ...parts, stop: () => { parts.stop(); changed.cancel(); }, kept, epochs };
}

const nearestIndex = (epochs, epoch) => epochs.reduce((best, one, i) => (Math.abs(one - epoch) < Math.abs(epochs[best] - epoch) ? i : best), 0);

/** Builds the elements and what moves them. */
function assemble(root, content, shared, heads, epochs, model, changed) {
  const send = debounced(() => { model.set("epoch", shared.epoch); model.save_changes(); }, 120);
  const tell = debounced(() => { if (!shared.playing) live.textContent = parts.told; }, 500);
  const go = (place, byReader = false) => {
    Object.assign(shared, { time: place, index: Math.floor(place), epoch: epochs[Math.floor(place)] });
    if (byReader) { send(); tell(); }
    changed();
  };
  const play = makePlayer(shared, epochs, go, () => { parts.controls.button.replaceChildren(shared.playing ? "❚❚ Pause" : "▶ Play"); tell(); });
  const follow = (label) => { shared.followed = shared.followed === label ? null : label; legend.show(); changed(); };
  const look = (sample) => {
    shared.focus = sample !== null && sample >= 0 && sample < heads[0].N ? { head: heads[0], sample, byHand: true } : null;
    changed();
  };
  const controls = makeControls(shared, epochs, (place) => { play(false); go(place, true); }, play);
  const legend = makeLegend(shared, heads, follow, look);
  const drawn = heads.map((head) => makeHead(head, shared, changed, follow));
  const curves = makeCurves(heads, content.panels, epochs, shared, (epoch) => { play(false); go(nearestIndex(epochs, epoch), true); });
  const scale = labelled("scale", choices([["each", "each epoch its own"], ["same", "the same throughout"]], shared.sameScale ? "same" : "each", (value) => { shared.sameScale = value === "same"; changed(); }));
  const live = element("p", { class: "bk-unseen", "aria-live": "polite" });
  const status = element("p", { class: "bk-status bk-number" });
  root.replaceChildren(controls.node, status,
    element("div", { class: heads.length > 1 ? "bk-heads bk-many" : "bk-heads" }, ...drawn.map((one) => one.node)), curves.canvas,
    element("div", { class: "bk-row bk-foot" }, legend.list, element("span", { class: "bk-row" }, legend.sample, scale)), live);
  const parts = { go, play, controls, drawn, curves, status, told: "", stop: () => { play(false); send.cancel(); tell.cancel(); } };
  return parts;
}

/** Plays from where the slider is; between two epochs the samples fly, unless the reader wants less motion. */
function makePlayer(shared, epochs, go, shown) {
  let asked = 0, before = 0;
  const step = (now) => { // the first frame's time can lie before the click
    const last = epochs.length - 1, time = Math.min(last, shared.clock + (Math.max(0, now - before) / 1000) * shared.rate);
    [shared.clock, before] = [time, now];
    go(lessMotion() ? Math.floor(time) : time, Math.floor(time) !== shared.index);
    if (time >= last) return play(false);
    asked = requestAnimationFrame(step);
  };
  const play = (on) => {
    if (on === shared.playing) return;
    cancelAnimationFrame(asked);
    shared.playing = on;
    if (on) {
      shared.clock = shared.index >= epochs.length - 1 ? 0 : shared.index;
      before = performance.now();
      asked = requestAnimationFrame(step);
    } else go(shared.index, true);
    shown();
  };
  return play;
}

/** Paints all panels for the present time, and says it in words. */
function update(shared, epochs, heads, parts) {
  const last = epochs.at(-1), { index } = shared, part = shared.time - index;
  for (const head of heads) head.colour = inTheme(head.style[0], shared.root.theme);
  const said = heads.map((head, i) => {
    const frame = head.frameAt(index), moving = part && head.frameAt(index + 1) === frame + 1;
    parts.drawn[i].paint(moving ? frame + part : frame);
    return { head, frame, pure: Math.round(100 * statistics(head, frame).pure) };
  });
  parts.curves.paint();
  const name = (head) => (heads.length > 1 ? `${head.title}: ` : "");
  tellEpoch(shared, last, said, parts, name);
}

/** The epoch in words and numbers, wherever it is told. */
function tellEpoch(shared, last, said, parts, name) {
  const { slider, readout } = parts.controls;
  const text = `epoch ${shared.epoch} of ${last}, ${said.map(({ head, pure }) => `${name(head)}${pure} % of bits pure`).join(", ")}`;
  if (text === parts.told) return; // sixty times a second while it plays
  parts.told = text;
  slider.value = shared.index;
  slider.setAttribute("aria-valuetext", text);
  readout.textContent = `${shared.epoch} of ${last}`;
  parts.status.replaceChildren(...said.map(({ head, frame, pure }) => element("span", {}, element("strong", {}, `${name(head)}${pure} % of bits pure`),
    ` · mean |z| ${brief(head.sides[frame])}${head.epochs[frame] < shared.epoch ? ` · its last epoch is ${head.epochs[frame]}` : ""}`)));
  parts.curves.canvas.setAttribute("aria-label", `Curves by epoch: ${Object.keys(said[0].head.curves).join(", ")}; ${text}`);
}

async function render({ model, el }) {
  let now = null, asked = 0;
  const root = widgetRoot(el, "epoch scrubber", () => now?.changed());
  root.classList.add("bk-scrubber");
  const show = async () => {
    const content = model.get("content"), mine = ++asked;
    const heads = await Promise.all(content.heads.map(openHead)), sheet = await pictureSheet(content.sheet);
    if (mine !== asked) return; // newer content has come meanwhile, or the view is closed
    const before = now?.kept();
    now?.stop();
    now = build(root, content, model, heads, sheet, before);
  };
  const move = () => {
    const place = nearestIndex(now.epochs, model.get("epoch"));
    if (now.epochs[place] !== now.kept().epoch) { now.play(false); now.go(place); }
  };
  await show();
  model.on("change:content", show);
  model.on("change:epoch", move);
  return () => {
    asked++;
    model.off("change:content", show);
    model.off("change:epoch", move);
    now?.stop();
    root.leave();
  };
}
export default { render };
