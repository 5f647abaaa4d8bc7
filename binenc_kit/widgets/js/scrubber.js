// The epoch scrubber: one slider, and everything follows the epoch. Nothing asks the kernel; only `epoch` goes back.

const DASHES = [[], [6, 3], [2, 3], [8, 3, 2, 3]];

/** The epoch numbers of all heads, ascending. */
const allEpochs = (heads) => [...new Set(heads.flatMap((head) => head.epochs))].sort((a, b) => a - b);

const nearestIndex = (epochs, epoch) => epochs.reduce((best, one, i) => (Math.abs(one - epoch) < Math.abs(epochs[best] - epoch) ? i : best), 0);

/** The part of the picture that is one head's: its title and view, latent space, codebook and histograms. */
function makeHead(head, view, shared, changed, follow, look) {
  const space = makeSpace(head, shared, view, changed);
  const book = makeCodebook(head, shared, space, follow), histograms = makeHistograms(head, shared, space);
  const card = element("div", { class: "bk-card", hidden: true });
  hoverSamples(space, head, shared, changed);
  const side = (caption, rows) => element("div", {}, element("h3", { class: "bk-caption" }, caption), rows.box);
  const node = element("section", { class: "bk-head", "aria-label": head.title },
    element("div", { class: "bk-row bk-headline" },
      element("span", { class: "bk-row bk-titles" }, element("h2", { class: "bk-title" }, head.title), element("span", { class: "bk-soft" }, sizeOf(head))),
      ...viewFields(head, space, view, changed), shared.aligned ? null : sampleField(head, shared, (sample) => look(head, sample))),
    head.note ? element("p", { class: "bk-note" }, head.note) : null,
    element("div", { class: "bk-body" }, element("div", { class: "bk-space" }, space.canvas, card),
      element("div", { class: "bk-side" }, side("0 blue, 1 orange, filled when pure", book), side("histogram of each dimension", histograms))));
  const paint = (time) => {
    space.time = time;
    for (const one of [space, book, histograms]) one.paint();
    showCard(card, space, head, shared);
  };
  return { node, paint, tell: book.tell };
}

/** "P = 4 · 1,000 of 50,000 samples". */
function sizeOf(head) {
  const [shown, all] = [head.N, head.of].map((many) => many.toLocaleString("en"));
  return `P = ${head.P} · ${head.of > head.N ? `${shown} of ${all}` : shown} sample${head.of > 1 ? "s" : ""}`;
}

/** The choice of a view, and of the two dimensions where the view is a pair. */
function viewFields(head, space, view, changed) {
  const dimensions = Array.from({ length: head.P }, (_, d) => [d, `z${d + 1}`]);
  const axis = (name, key) => labelled(name, choices(dimensions, view[key], (value) => { view[key] = Number(value); changed(); }));
  const pair = element("span", { class: "bk-row" }, axis("across", "x"), axis("up", "y"));
  const settle = () => {
    pair.hidden = view.key !== "pair";
    const turns = depthOf(head, view), name = space.views.find(([key]) => key === view.key)?.[1] || "two dimensions";
    const fourth = turns > 3 ? ", with Shift also through the fourth dimension" : "";
    const how = turns > 2 ? `; arrow keys turn it${fourth}, Home turns it back` : "";
    space.canvas.setAttribute("aria-label", `Latent space of ${head.title}, ${name}${how}`);
  };
  settle();
  if (space.views.length < 2) return [];
  return [labelled("view", choices(space.views, view.key, (key) => { view.key = key; settle(); changed(); })), pair];
}

/** Everything that belongs to one sending of content; `before` is what the reader had chosen until then. */
function build(root, content, model, heads, sheet, before) {
  const epochs = allEpochs(heads), { names, styles, aligned, orientations: start } = content;
  const first = { turned: {}, followed: null, focus: null, scale: "each", playing: false };
  const shared = { root, sheet, names, styles, aligned, start, heads, ...first, ...before?.chosen };
  const views = heads.map((head, i) => before?.views[i] || { key: viewsOf(head.P)[0]?.[0] || "pair", x: 0, y: Math.min(1, head.P - 1) });
  heads.forEach((head, i) => {
    const places = epochs.map((epoch) => Math.max(0, head.epochs.findLastIndex((one) => one <= epoch)));
    head.frameAt = (place) => places[place];
    head.dash = DASHES[i % DASHES.length];
  });
  const looked = before?.sample && heads[before.sample.head]?.placeOf.get(before.sample.number);
  if (looked != null) shared.focus = { head: heads[before.sample.head], sample: looked, byHand: true };
  const paint = () => { if (root.isConnected) update(shared, epochs, heads, parts); };
  const changed = onceAFrame(paint);
  const parts = assemble(root, content, shared, heads, views, epochs, model, changed);
  parts.go(nearestIndex(epochs, before ? before.epoch : model.get("epoch")));
  paint();
  parts.tell();
  if (before?.playing) parts.play(true);
  return { changed, ...parts, stop: () => { parts.stop(); changed.cancel(); sheet?.close(); }, kept: () => keep(shared, heads, views), epochs };
}

/** What a reader has chosen, to be taken over when new content comes. */
function keep(shared, heads, views) {
  const { turned, followed, scale, rate, epoch, playing, focus } = shared;
  const sample = focus?.byHand ? { head: heads.indexOf(focus.head), number: focus.head.samples[focus.sample] } : null;
  return { chosen: { turned, followed, scale, rate }, epoch, playing, views, sample };
}

/** Builds the elements and what moves them. */
function assemble(root, content, shared, heads, views, epochs, model, changed) {
  const send = inAWhile(() => { model.set("epoch", shared.epoch); model.save_changes(); }, 120);
  const tell = debounced(() => { if (!shared.playing) parts.tell(); }, 500);
  const go = (place, byReader = false) => {
    const index = Math.floor(place);
    Object.assign(shared, { time: place, index, epoch: epochs[index] });
    if (byReader) send();
    tell();
    changed();
  };
  const play = makePlayer(shared, epochs, go, () => { parts.controls.button.replaceChildren(shared.playing ? "❚❚ Pause" : "▶ Play"); });
  const byHand = (place) => { play(false); go(place, true); };
  const follow = (label) => { shared.followed = shared.followed === label ? null : label; parts.legend.show(); changed(); };
  const look = (head, sample) => { shared.focus = sample === null ? null : { head, sample, byHand: true }; tell(); changed(); };
  const parts = {
    go, play, told: "",
    controls: makeControls(shared, epochs, byHand, play),
    legend: makeLegend(shared, heads, follow),
    drawn: heads.map((head, i) => makeHead(head, views[i], shared, changed, follow, look)),
    curves: makeCurves(heads, content.panels, epochs, shared, (epoch) => byHand(nearestIndex(epochs, epoch))),
    status: element("p", { class: "bk-status bk-number" }),
    live: element("p", { class: "bk-unseen", "aria-live": "polite" }),
    stop: () => { play(false); send.now(); tell.cancel(); },
  };
  parts.tell = () => tellAll(parts, shared);
  arrange(root, parts, shared, heads, look, changed);
  return parts;
}

/** Everything in its place on the page. */
function arrange(root, parts, shared, heads, look, changed) {
  const sample = shared.aligned ? sampleField(heads[0], shared, (place) => look(heads[0], place)) : null;
  root.replaceChildren(parts.controls.node, parts.status,
    element("div", { class: `bk-heads${heads.length > 1 ? " bk-many" : ""}${shared.aligned ? "" : " bk-apart"}` }, ...parts.drawn.map((one) => one.node)), parts.curves.canvas,
    element("div", { class: "bk-row bk-foot" }, parts.legend.node, element("span", { class: "bk-row" }, sample, scaleField(shared, changed))), parts.live);
}

/** Does the work within `pause` milliseconds of the first call, however many follow; now() does at once what waits. */
function inAWhile(work, pause) {
  let waiting = 0;
  const ask = () => { waiting ||= setTimeout(ask.now, pause); };
  ask.now = () => {
    if (!waiting) return;
    clearTimeout(waiting);
    waiting = 0;
    work();
  };
  return ask;
}

/** Paints all panels for the present time, and says it in words. */
function update(shared, epochs, heads, parts) {
  const { index } = shared, part = shared.time - index;
  for (const head of heads) head.colour = inTheme(head.style[0], shared.root.theme);
  const said = heads.map((head, i) => {
    const frame = head.frameAt(index), moving = part && head.frameAt(index + 1) === frame + 1;
    parts.drawn[i].paint(moving ? frame + part : frame);
    return { head, frame, pure: percent(statistics(head, frame).pure), name: heads.length > 1 ? `${head.title}: ` : "" };
  });
  parts.curves.paint();
  tellEpoch(shared, epochs.at(-1), said, parts);
}

/** The epoch in words and numbers, wherever it is told. */
function tellEpoch(shared, last, said, parts) {
  const { slider, readout } = parts.controls;
  const text = `epoch ${shared.epoch} of ${last}, ${said.map(({ name, pure }) => `${name}${pure} % of bits pure`).join(", ")}`;
  if (text === parts.told) return; // sixty times a second while it plays
  parts.told = text;
  slider.value = shared.index;
  slider.setAttribute("aria-valuetext", text);
  readout.textContent = `${shared.epoch} of ${last}`;
  parts.status.replaceChildren(...said.map(({ head, frame, pure, name }) => {
    const late = head.epochs[frame] < shared.epoch ? ` · its last epoch is ${head.epochs[frame]}` : "";
    return element("span", {}, element("strong", {}, `${name}${pure} % of bits pure`), ` · mean |z| ${brief(head.sides[frame])}${late}`);
  }));
}

/** Once things have settled: for readers who cannot see them. */
function tellAll(parts, shared) {
  const { focus } = shared, sample = focus && sampleLines(focus.head, shared, focus.sample, focus.head.frameAt(shared.index));
  parts.live.textContent = sample ? `${parts.told}; ${sample[2]}: class ${sample[0]}, code ${sample[1]}` : parts.told;
  parts.curves.canvas.setAttribute("aria-label", `Curves by epoch: ${Object.keys(shared.heads[0].curves).join(", ")}; ${parts.told}`);
  for (const one of parts.drawn) one.tell();
}

/** What had the focus of the keyboard, to be given back once its place is rebuilt: a function that does so. */
function keptFocus(root) {
  const stops = () => [...root.querySelectorAll("button, select, input, [tabindex='0']")];
  const before = stops(), place = before.indexOf(root.getRootNode().activeElement);
  return () => {
    if (place < 0) return;
    const after = stops();
    (after.length === before.length ? after[place] : root.querySelector(".bk-slider")).focus();
  };
}

async function render({ model, el }) {
  let now = null, asked = 0;
  const root = widgetRoot(el, "Epoch scrubber", () => now?.changed());
  root.classList.add("bk-scrubber");
  const show = async () => {
    const content = model.get("content"), mine = ++asked;
    const heads = await Promise.all(content.heads.map(openHead)), sheet = await pictureSheet(content.sheet);
    if (mine !== asked) return; // newer content has come meanwhile, or the view is closed
    const before = now?.kept(), focus = keptFocus(root);
    now?.stop();
    now = build(root, content, model, heads, sheet, before);
    focus();
  };
  const move = () => {
    if (!now) return;
    const place = nearestIndex(now.epochs, model.get("epoch"));
    if (now.epochs[place] !== now.kept().epoch) { now.play(false); now.go(place); }
  };
  model.on("change:content", show);
  model.on("change:epoch", move);
  await show();
  return () => {
    asked++;
    model.off("change:content", show);
    model.off("change:epoch", move);
    now?.stop();
    root.leave();
  };
}
export default { render };
