// The landscape in words: where the wells are, the closed form, what balances, where the ball is.

/** A number for the reader: three digits and a real minus sign. */
const shown = (value) => brief(value === 0 ? 0 : value).replace("-", "−");

/** A number in a text, rounded to two decimals or to three digits. */
function inText(value) {
  const size = Math.abs(value);
  return shown(size < 10 && size >= 0.1 ? Number(value.toFixed(2)) : value);
}

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
    return `${first}; ${dent}, ${percent(depth(wells[0]) / depth(right))} % as deep as the right well.`;
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

/** What a ball that leaves the picture at x rolls towards: a SiLU's left well moves out as gamma nears the weight. */
function bottomBeyond(land, x) {
  const goal = downhill(land, x);
  return goal === null ? "there is no bottom that way" : `its well lies out there, at u = ${inText(goal)}`;
}

/** Where the ball is and what it needs. */
function ballText(land, ball) {
  const at = land.linear ? `z = ${inText(ball.x)}` : `u = ${inText(ball.x)} (z = ${inText(land.layer(ball.x))})`;
  if (ball.frames) return "The ball is rolling.";
  if (ball.gone) return `The ball has left the picture on the ${ball.x < 0 ? "left" : "right"}: ${bottomBeyond(land, ball.x)}.`;
  const ground = groundAt(land, ball.x);
  if (ground === "slope") return `The ball is at ${at} and not at rest yet: let it roll.`;
  if (ground === "hill")
    return `The ball stands on the hilltop at ${at}: an unstable balance needs a nudge; Roll gives a tiny one to the right.`;
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
  return `The wells against gamma for output weight ${a}: two mirrored branches, which meet at 0 where gamma is ${a}.${cut} `
    + `Gamma is ${shown(land.gamma)}.`;
}

/** The wells in few words, for a slider's value. */
function wellsSaid(land) {
  if (land.gamma === 0) return "no bottom";
  if (!land.linear) return land.bottom > 0 ? `right well at z ${inText(land.bottom)}` : "one well at 0";
  return land.bottom > 0 ? `two wells at plus and minus ${inText(land.bottom)}` : "one well at 0";
}
