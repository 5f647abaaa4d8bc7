// The sample in focus: hovered over, or asked for by its number; its card shows its picture, its class and its code.

/** The sample under the pointer comes into focus, and leaves it with the pointer. */
function hoverSamples(space, head, shared, changed) {
  const focus = (sample) => {
    if (sample === inFocus(shared, head) || (sample === null && shared.focus?.byHand)) return;
    shared.focus = sample === null ? null : { head, sample };
    changed();
  };
  space.canvas.addEventListener("pointermove", (event) => { if (!event.buttons) focus(nearest(space.screen, event.offsetX, event.offsetY)); });
  space.canvas.addEventListener("click", (event) => focus(nearest(space.screen, event.offsetX, event.offsetY)));
  space.canvas.addEventListener("pointerleave", () => focus(null));
}

/** What there is to say of a sample: its class, its code, its number among all samples. */
function sampleLines(head, shared, sample, t) {
  return [shared.names[head.labels[sample]], codeOf(head, t, sample), `sample ${head.samples[sample]}`];
}

/** The card of the sample in focus: its picture, its class and its code. */
function showCard(card, space, head, shared) {
  const sample = inFocus(shared, head);
  card.hidden = sample === null;
  if (card.hidden) return;
  card.replaceChildren();
  if (shared.sheet && head.pictures) {
    const picture = element("canvas", { width: 144, height: 144, "aria-hidden": "true" });
    shared.sheet.draw(picture.getContext("2d"), head.pictures[sample], 0, 0, 144);
    card.append(picture);
  }
  const lines = sampleLines(head, shared, sample, Math.floor(space.time));
  card.append(...lines.map((line, i) => element("div", { class: ["bk-name", "bk-code", "bk-soft"][i] }, line)));
  const [x, y] = [space.screen[2 * sample], space.screen[2 * sample + 1]];
  const { clientWidth: width, clientHeight: height } = space.canvas;
  card.style.left = `${x < width - card.offsetWidth - 20 ? x + 16 : Math.max(4, x - card.offsetWidth - 16)}px`;
  card.style.top = `${Math.max(4, Math.min(y - card.offsetHeight / 2, height - card.offsetHeight - 4))}px`;
}
