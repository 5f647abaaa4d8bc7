// Where each curve's name finds room in the landscape.

/** Each curve's name beside it, where there is most room; a name stays where it was while that is room enough. */
function labelCurves(context, frame, theme, curves, taken, memory) {
  context.font = FONT;
  for (const { key, points } of curves) {
    const width = context.measureText(key).width + 24, others = curves.filter((one) => one.key !== key);
    const spots = [...spotsFor(frame, points, width), ...spotsBeside(frame, points, width)];
    for (const spot of spots) spot.room = roomAround(spot, spot.beside ? curves : others, taken) - (spot.bottom > frame.bottom - 14 ? 8 : 0);
    const best = spots.reduce((a, b) => (b.room > a.room ? b : a), spots[0]);
    const last = spots.find((spot) => spot.id === memory[key]);
    const spot = last && last.room > Math.min(5, best.room - 4) ? last : best;
    if (!spot) continue; // the curve is nowhere in the frame
    memory[key] = spot.id;
    taken.push(spot);
    const middle = (spot.top + spot.bottom) / 2, { dash, width: thick } = LINES[key];
    stroke(context, [[spot.left + 2, middle], [spot.left + 18, middle]], lineColour(context, key), Math.min(thick, 3.4), dash.map((d) => d / 1.6));
    write(context, key, spot.left + 22, middle, theme.ink, { align: "left", paper: theme.paper });
  }
}

/** Boxes above and below a curve that a name of that width fits into, each with the curve's rise along it. */
function spotsFor(frame, points, width) {
  const spots = [], high = 18, columns = Math.ceil(width / 2);
  for (let i = 3; i + columns + 3 < points.length; i += 4) {
    const ys = points.slice(i - 3, i + columns + 3).map(([, y]) => y), least = Math.min(...ys), most = Math.max(...ys);
    if (least < frame.top || most > frame.bottom + 1) continue;
    const left = points[i][0];
    for (const [side, top] of [["above", least - 4 - high], ["below", most + 4]])
      if (top >= frame.top && top + high <= frame.bottom - 2)
        spots.push({ id: `${side}${i}`, left, right: left + width, top, bottom: top + high, rise: most - least });
  }
  return spots;
}

/** The same beside a steep curve, on either side. */
function spotsBeside(frame, points, width) {
  const spots = [];
  for (let i = 1; i < points.length; i++) {
    const [x, y] = points[i], steep = Math.abs(y - points[i - 1][1]) / 2;
    if (steep < 2 || y < frame.top + 12 || y > frame.bottom - 24) continue;
    for (const left of [x + 9 + 9 / steep, x - 9 - 9 / steep - width])
      if (left > frame.left && left + width < frame.right)
        spots.push({ id: `beside${i}${left > x}`, left, right: left + width, top: y - 9, bottom: y + 9, rise: 20, beside: true });
  }
  return spots;
}

/** Pixels between a box and the nearest other curve or taken box, up to 30, less half its own curve's rise. */
function roomAround(spot, others, taken) {
  let room = 30;
  for (const { points } of others)
    for (const [x, y] of points)
      if (x >= spot.left - 4 && x <= spot.right + 4) room = Math.min(room, Math.max(spot.top - y, y - spot.bottom));
  for (const box of taken) {
    const apart = Math.max(box.left - spot.right, spot.left - box.right, box.top - spot.bottom, spot.top - box.bottom);
    room = Math.min(room, apart < 0 ? -20 : apart);
  }
  return room - spot.rise / 2;
}
