// The second picture: the wells against gamma.

/** Wells z* for every gamma at this weight, where they meet, the present gamma and the ball. */
function drawBranches(context, width, height, theme, land, ball) {
  const frame = frameIn(width, height, [-2, 2], land.reach.z), meet = Math.log10(land.weight);
  const ticks = [-2, -1, 0, 1, 2].map((power) => [power, shown(10 ** power)]);
  const title = `wells z for weight a = ${shown(land.weight)}`;
  drawAxes(context, frame, theme, ticks, withText(roundTicks(...land.reach.z, 6)), "gamma γ", title);
  const { colour } = LINES.sum, zero = frame.y(0), cursor = cursorAt(frame, land);
  stroke(context, [[cursor, frame.top], [cursor, frame.bottom]], theme.accent, 2);
  stroke(context, [[frame.left, zero], [frame.x(meet), zero]], colour, 2.2, [7, 5]); // unstable
  stroke(context, [[frame.x(meet), zero], [frame.right, zero]], colour, 4);
  stroke(context, branchPoints(frame, land, 1), colour, 4);
  if (land.linear) stroke(context, branchPoints(frame, land, -1), colour, 4);
  else drawCutBranch(context, frame, theme, land);
  drawMeeting(context, frame, theme, meet);
  drawCursor(context, frame, theme, land, ball);
}

/** One branch up to where they meet; finest there, where it is steepest. */
function branchPoints(frame, { weight }, side) {
  const points = [];
  for (let i = 0; i <= 200; i++) {
    const share = 1 - (1 - i / 200) ** 2, power = -2 + share * (Math.log10(weight) + 2);
    points.push([frame.x(power), frame.y(side * wellAt({ gamma: i === 200 ? weight : 10 ** power, weight }))]);
  }
  return points;
}

/** A SiLU's lower branch: a ghost where it cannot reach, its dent, and what it still reaches. */
function drawCutBranch(context, frame, theme, land) {
  const points = branchPoints(frame, land, -1), limit = frame.y(TURN_Z);
  const cut = points.findIndex(([, y]) => y <= limit), { colour } = LINES.sum;
  stroke(context, points.slice(0, cut + 1), theme.soft, 1.5, [2, 4]);
  stroke(context, [[frame.left, limit], [points[cut][0], limit]], colour, 2, [2, 3]);
  stroke(context, [[points[cut][0], limit], ...points.slice(cut)], colour, 4);
  write(context, "out of SiLU's reach", frame.left + 10, frame.bottom - 12, theme.ink, { align: "left", paper: theme.paper });
}

/** The point where two wells become one, named right below, where no branch goes. */
function drawMeeting(context, frame, theme, meet) {
  const x = frame.x(meet), y = frame.y(0), left = Math.min(x + 2, frame.right - 112);
  stroke(context, [[x, y], [x, y + 28]], theme.ink, 1.2);
  context.beginPath();
  addMark(context, "D", x, y, 7);
  Object.assign(context, { fillStyle: theme.paper, strokeStyle: theme.ink, lineWidth: 2 });
  context.fill();
  context.stroke();
  write(context, "γ = a:", left, y + 36, theme.ink, { align: "left", paper: theme.paper });
  write(context, "two become one", left, y + 52, theme.ink, { align: "left", paper: theme.paper });
}

/** Where the present gamma stands; 0 is at the left rim. */
const cursorAt = (frame, { gamma }) => frame.x(Math.max(-2, Math.log10(gamma)));

/** On the line of the present gamma its value and the ball's z. */
function drawCursor(context, frame, theme, land, ball) {
  const x = cursorAt(frame, land), left = x > (frame.left + frame.right) / 2;
  const text = `γ = ${shown(land.gamma)}${land.gamma === 0 ? ", off this axis" : ""}`;
  const z = Math.min(land.reach.z[1], Math.max(land.reach.z[0], land.layer(ball.x)));
  const lower = frame.y(z) < frame.top + 24 ? 18 : 0; // not on top of the ball
  write(context, text, x + (left ? -8 : 8), frame.top + 10 + lower, theme.ink, { align: left ? "right" : "left", paper: theme.paper });
  context.beginPath();
  context.arc(x, frame.y(z), 6.5, 0, 2 * Math.PI);
  Object.assign(context, { fillStyle: BALL.colour, strokeStyle: theme.ink, lineWidth: 2 });
  context.fill();
  context.stroke();
}
