// What the reader moves: slider, play and speed, the legend, a sample to look at, the scale.

const RATES = [1, 2, 5, 10, 20, 50, 100, 200, 500]; // epochs a second

/** Slider, play and speed. */
function makeControls(shared, epochs, go, play) {
  const slider = element("input", {
    type: "range", min: 0, max: epochs.length - 1, step: 1, value: 0, class: "bk-slider", oninput: () => go(Number(slider.value), true),
  });
  slider.addEventListener("keydown", (event) => {
    if (event.key !== " ") return;
    event.preventDefault();
    play(!shared.playing);
  });
  const button = element("button", { class: "bk-play", onclick: () => play(!shared.playing) }, "▶ Play");
  shared.rate ||= RATES.find((rate) => rate >= (epochs.at(-1) - epochs[0]) / 12) || RATES.at(-1);
  const named = RATES.map((rate) => [rate, `${rate} ${rate > 1 ? "epochs" : "epoch"} a second`]);
  const speed = labelled("speed", choices(named, shared.rate, (rate) => { shared.rate = Number(rate); }));
  const readout = element("output", { class: "bk-number bk-epoch" });
  const field = labelled("epoch", slider);
  field.classList.add("bk-grow");
  return { node: element("div", { class: "bk-row bk-controls" }, button, field, readout, speed), slider, button, readout };
}

/** The classes as buttons, one of which is in the tab order: arrow keys move among them. A pressed one is followed. */
function makeLegend(shared, heads, follow) {
  const there = shared.names.map((_, label) => label).filter((label) => heads.some((head) => head.members[label]?.length));
  const buttons = there.map((label) => element("button", { class: "bk-class", title: shared.names[label], onclick: () => follow(label) },
    markIcon(shared.styles[label]), element("span", {}, shared.names[label])));
  const reach = (place) => buttons.forEach((button, i) => { button.tabIndex = i === place ? 0 : -1; });
  const node = element("div", { class: "bk-row bk-classes", role: "toolbar", "aria-label": "follow one class" }, ...buttons);
  node.addEventListener("keydown", (event) => {
    const now = buttons.indexOf(event.target), last = buttons.length - 1;
    const to = { ArrowRight: now + 1, ArrowDown: now + 1, ArrowLeft: now - 1, ArrowUp: now - 1, Home: 0, End: last }[event.key];
    if (now < 0 || to === undefined) return;
    event.preventDefault();
    reach(Math.max(0, Math.min(last, to)));
    buttons[Math.max(0, Math.min(last, to))].focus();
  });
  node.addEventListener("focusin", (event) => reach(buttons.indexOf(event.target)));
  const show = () => buttons.forEach((button, i) => button.setAttribute("aria-pressed", String(shared.followed === there[i])));
  reach(0);
  show();
  return { node, show };
}

/** A field for a sample's number; `look(place)` gets its place among the samples shown, or null. */
function sampleField(head, shared, look) {
  const chosen = shared.focus?.byHand && inFocus(shared, head) !== null ? head.samples[shared.focus.sample] : "";
  const numbers = { min: head.samples[0], max: head.samples.at(-1), step: 1, value: chosen };
  const place = () => { // where not all samples are shown, the nearest that is
    const asked = Number(input.value), there = Number.isInteger(asked) && asked >= numbers.min && asked <= numbers.max;
    return input.value !== "" && there ? nearestIndex(head.samples, asked) : null;
  };
  const input = element("input", { type: "number", class: "bk-sample", ...numbers, oninput: () => look(place()) });
  return labelled("look at sample", input);
}

/** Whether latents shrink before the reader's eyes, and beside those of the other heads. */
function scaleField(shared, changed) {
  const many = shared.heads.length > 1; // then they can be compared
  const named = [["each", "each epoch its own"], ["head", "same in all epochs"]];
  if (many) named.push(["all", "same for all heads"]);
  return labelled("scale", choices(named, shared.scale, (value) => { shared.scale = value; changed(); }));
}

/** The place in the list of epochs at a time in epochs; between two of them, a fraction. */
function placeAt(epochs, time) {
  const next = epochs.findIndex((epoch) => epoch > time);
  if (next < 0) return epochs.length - 1;
  return Math.max(0, next - 1 + (time - epochs[next - 1]) / (epochs[next] - epochs[next - 1]) || 0);
}

/** Plays from where the slider is; between two epochs the samples fly, unless the reader wants less motion. */
function makePlayer(shared, epochs, go, shown) {
  let asked = 0, before = 0;
  const step = (now) => { // the first frame's time can lie before the click
    shared.clock += (Math.max(0, now - before) / 1000) * shared.rate;
    before = now;
    const place = placeAt(epochs, shared.clock);
    go(lessMotion() ? Math.floor(place) : place, Math.floor(place) !== shared.index);
    if (place >= epochs.length - 1) return play(false);
    asked = requestAnimationFrame(step);
  };
  const play = (on) => {
    if (on === shared.playing) return;
    cancelAnimationFrame(asked);
    shared.playing = on;
    if (on) {
      shared.clock = epochs[shared.index >= epochs.length - 1 ? 0 : shared.index];
      before = performance.now();
      asked = requestAnimationFrame(step);
    } else go(shared.index, true);
    shown();
  };
  return play;
}
