// The ball of one view: where it goes when the landscape changes, when it is let go and when it is dragged.

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
  canvas.addEventListener("pointerdown", (event) => {
    if (event.button) return;
    canvas.setPointerCapture(event.pointerId);
    place(event);
  });
  canvas.addEventListener("pointermove", (event) => { if (canvas.hasPointerCapture(event.pointerId)) place(event); });
}
