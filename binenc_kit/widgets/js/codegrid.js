// The pictures that carry the chosen bits, on one canvas; without pictures the samples' marks.

const GRID_HEIGHT = 320; // CSS pixels, about
const PICTURE_CELLS = [64, 53, 45, 40, 32], MARK_CELLS = [40, 32, 24]; // the first at which all fit on one page, else the last

/**
 * Where each sample of a page stands: {places: [{index, x, y}], cell, pages, height}. Classes are groups of samples; as long
 * as there is a row for each, they start on a row of their own, so that every page holds every class that has more.
 */
function arrange(groups, width, page, cells) {
  const count = groups.reduce((sum, group) => sum + group.length, 0);
  if (!count) return { places: [], cell: cells.at(-1), pages: 1, page: 0, height: cells.at(-1), columns: 1 };
  const tries = cells.map((size) => {
    const columns = Math.max(1, Math.floor(width / size)), rows = Math.floor(GRID_HEIGHT / size);
    const quota = Math.floor(rows / groups.length) * columns;
    const pages = quota ? Math.max(...groups.map((group) => Math.ceil(group.length / quota))) : Math.ceil(count / (rows * columns));
    return { columns, rows, quota, pages, cell: width / columns };
  });
  const fitting = tries.find(({ pages }) => pages === 1) || tries.at(-1);
  const on = Math.min(page, fitting.pages - 1);
  const places = fitting.quota ? inBands(groups, fitting, on) : inAFlow(groups, fitting, on);
  return { ...fitting, page: on, places, height: Math.ceil(Math.max(...places.map(({ y }) => y)) + fitting.cell) };
}

function inBands(groups, { columns, quota, cell }, page) {
  const places = [];
  let row = 0;
  for (const group of groups) {
    const part = group.slice(page * quota, (page + 1) * quota);
    part.forEach((index, i) => places.push({ index, x: (i % columns) * cell, y: (row + Math.floor(i / columns)) * cell }));
    row += Math.ceil(part.length / columns);
  }
  return places;
}

/** Many classes: some samples of each in turn, and on the page in order of class. */
function inAFlow(groups, { columns, rows, cell }, page) {
  const room = columns * rows, some = Math.max(1, Math.floor(room / groups.length)), flow = [];
  for (let start = 0, left = true; left && flow.length < (page + 1) * room; start += some) {
    left = false;
    groups.forEach((group, place) => {
      for (const index of group.slice(start, start + some)) flow.push({ index, place });
      left ||= group.length > start + some;
    });
  }
  const part = flow.slice(page * room, (page + 1) * room).sort((a, b) => a.place - b.place);
  return part.map(({ index }, i) => ({ index, x: (i % columns) * cell, y: Math.floor(i / columns) * cell }));
}

/** One sample: its picture in a frame of its class's colour with its mark in a corner, or the mark alone. */
function drawSample(context, { index, x, y }, cell, table, sheet, theme, chosen) {
  const [colour, shape] = table.styles[table.classOf[index]], inner = cell - 3;
  context.fillStyle = context.strokeStyle = inTheme(colour, theme);
  if (sheet) {
    context.lineWidth = 2;
    sheet.draw(context, index, x + 3, y + 3, inner - 3);
    context.strokeRect(x + 2, y + 2, inner - 1, inner - 1);
    drawCornerMark(context, shape, x + 6.5, y + 6.5, theme);
  } else {
    context.beginPath();
    addMark(context, shape, x + cell / 2, y + cell / 2, cell * 0.3);
    context.fill();
  }
  if (chosen) {
    for (const [colour, width] of [[theme.paper, 7], [theme.accent, 4]]) {
      Object.assign(context, { strokeStyle: colour, lineWidth: width });
      context.strokeRect(x + 2, y + 2, cell - 4, cell - 4);
    }
  }
}

function drawCornerMark(context, shape, x, y, theme) {
  const colour = context.fillStyle;
  context.fillStyle = theme.paper; // a disc below it, whatever the picture shows there
  context.beginPath();
  context.arc(x, y, 5, 0, 2 * Math.PI);
  context.fill();
  context.fillStyle = colour;
  context.beginPath();
  addMark(context, shape, x, y, 3.8);
  context.fill();
  Object.assign(context, { strokeStyle: theme.ink, lineWidth: 0.6 }); // yellow on white would be lost without it
  context.stroke();
}

/** The grid: {node, pager, show(found), paint()}; told(text) speaks what the reader looks at. */
function pictureGrid(table, sheet, root, told) {
  const state = { groups: [], page: 0, cursor: 0, at: null, layout: null }, noun = sheet ? "picture" : "sample";
  const { canvas, paint } = surface({ class: "ce-grid", tabindex: 0, role: "application" }, (context) => {
    const { places, cell } = state.layout, looked = lookedAt(state);
    for (const place of places) drawSample(context, place, cell, table, sheet, root.theme, place === looked);
  });
  const panel = samplePanel(table, sheet, root);
  const pager = gridPager((step) => { state.page += step; state.cursor = 0; repaint(); });
  const look = (aloud) => {
    const said = panel.show(lookedAt(state));
    canvas.setAttribute("aria-label", `${many(state.layout.places.length, noun)}, arrow keys move among them. ${said}`);
    if (aloud) told(said);
    paint();
  };
  const repaint = () => {
    if (!canvas.clientWidth) return;
    layOutGrid(canvas, state, sheet ? PICTURE_CELLS : MARK_CELLS);
    pager.show(state.layout, state.groups.reduce((sum, group) => sum + group.length, 0), noun);
    look();
  };
  listenToGrid(canvas, state, look);
  const node = element("div", { class: "ce-pictures" }, canvas, panel.node);
  const show = ({ samples, classes }) => {
    const groups = classes.map((one) => samples[one]).filter((group) => group.length);
    Object.assign(state, { groups, page: 0, cursor: 0, at: null });
    repaint();
  };
  return { node, pager: pager.node, show, paint: repaint };
}

/** Arranges the page that is shown for the canvas's width, and gives the canvas its height. */
function layOutGrid(canvas, state, cells) {
  state.layout = arrange(state.groups, canvas.clientWidth, state.page, cells);
  state.page = state.layout.page;
  canvas.style.height = `${state.layout.height}px`;
}

/** The place under the pointer, else the one that the keys have reached. */
const lookedAt = ({ layout, at, cursor, focused }) => at ?? (focused ? layout.places[cursor] : null) ?? null;

function listenToGrid(canvas, state, look) {
  const under = ({ offsetX, offsetY }) => state.layout.places.find(({ x, y }) =>
    offsetX >= x && offsetX < x + state.layout.cell && offsetY >= y && offsetY < y + state.layout.cell) ?? null;
  const point = (at) => { if (at !== state.at) { state.at = at; look(); } };
  canvas.addEventListener("pointermove", (event) => point(under(event)));
  canvas.addEventListener("pointerleave", () => point(null));
  canvas.addEventListener("pointerdown", (event) => { state.cursor = Math.max(0, state.layout.places.indexOf(under(event))); });
  canvas.addEventListener("focus", () => { state.focused = true; look(true); });
  canvas.addEventListener("blur", () => { state.focused = false; look(); });
  canvas.addEventListener("keydown", (event) => {
    const last = state.layout.places.length - 1, columns = state.layout.columns;
    const step = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -columns, ArrowDown: columns, Home: -Infinity, End: Infinity }[event.key];
    if (!step || last < 0) return;
    event.preventDefault();
    state.cursor = Math.min(Math.max(state.cursor + step, 0), last);
    state.at = null;
    look(true);
  });
}

/** "140 of 1,000 pictures, page 1 of 8" and the buttons that turn the page. */
function gridPager(turn) {
  const text = element("span", { class: "bk-soft bk-number" });
  const back = element("button", { type: "button", onclick: () => turn(-1) }, "previous");
  const on = element("button", { type: "button", onclick: () => turn(1) }, "more");
  const node = element("div", { class: "bk-row ce-pager" }, text, back, on);
  const show = ({ places, page, pages }, count, noun) => {
    text.textContent = !count ? "nothing to show" : pages > 1
      ? `${spelt(places.length)} of ${many(count, noun)} · page ${page + 1} of ${pages}`
      : many(count, noun);
    back.hidden = on.hidden = pages <= 1;
    back.disabled = page === 0;
    on.disabled = page >= pages - 1;
  };
  return { node, show };
}

/** What is known of one sample: its picture, class and code, and where it disagrees with its class. */
function samplePanel(table, sheet, root) {
  const title = element("p", {}), code = element("p", {}), verdict = element("p", { class: "bk-soft" });
  let shown = null;
  const large = surface({ class: "ce-large", "aria-hidden": "true" }, (context, width) => {
    if (shown) drawSample(context, { index: shown.index, x: 0, y: 0 }, width, table, sheet, root.theme, false);
  });
  const node = element("div", { class: "ce-panel" }, large.canvas, element("div", {}, title, code, verdict));
  const show = (place) => {
    shown = place;
    large.canvas.hidden = !place;
    large.paint();
    const words = place ? sampleInWords(table, place.index) : { title: "", verdict: "Point at one, or focus the grid and use the arrow keys." };
    title.textContent = words.title;
    code.replaceChildren(...(place ? [wholeCode(codeOfSample(table, place.index), (at) => words.wrong.includes(at))] : []));
    verdict.textContent = words.verdict;
    return place ? `${words.title}. ${words.verdict}` : "";
  };
  return { node, show };
}

function sampleInWords(table, index) {
  const one = table.classOf[index];
  const wrong = Array.from({ length: table.P }, (_, at) => at).filter((at) => table.sampleBit(index, at) !== table.classBit(one, at));
  const title = `sample ${spelt(table.numbers[index])}, ${called(table.names[one], 40)}`;
  const whose = `its class's majority bits${table.P <= SPELT ? ` ${majorityOf(table, one)}` : ""}`;
  if (!wrong.length) return { title, wrong, verdict: `agrees with ${whose}` };
  return { title, wrong, verdict: `${bitsInWords(wrong)} ${wrong.length === 1 ? "disagrees" : "disagree"} with ${whose}` };
}
