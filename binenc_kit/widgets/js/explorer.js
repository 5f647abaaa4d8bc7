// The code explorer: pick bits, see which classes and which pictures carry them.

const MOST_CHIPS = 30;
const NEXT = { [ANY]: "1", 1: "0", 0: ANY };
const ASKED = { [ANY]: "any", 1: "must be 1", 0: "must be 0" };

const note = (text) => element("p", { class: "bk-soft" }, text);

/** A button for each bit, which goes from any to 1 to 0 to any; {node, show(pattern)}. */
function bitSwitches(P, change) {
  const buttons = Array.from({ length: P }, (_, place) => {
    const name = element("span", { class: "ce-bit-name" }, P > SPELT ? String(place + 1) : `bit ${place + 1}`);
    const value = element("span", { class: "ce-bit-value" });
    const attributes = { type: "button", class: "ce-bit", tabindex: place ? -1 : 0, onclick: () => change(place) };
    return element("button", attributes, name, value);
  });
  const node = element("div", { class: `ce-bits${P > SPELT ? " ce-many" : ""}`, role: "toolbar", "aria-label": "bits" }, ...buttons);
  moveByKeys(node, buttons);
  const show = (pattern) => buttons.forEach((button, place) => {
    const asked = pattern[place];
    button.dataset.asked = asked === ANY ? "any" : asked;
    button.setAttribute("aria-label", `bit ${place + 1}: ${ASKED[asked]}`);
    button.lastChild.textContent = asked === ANY ? "any" : asked;
  });
  return { node, show };
}

/** Arrow keys move the focus among the buttons, of which the Tab key reaches one: the last that was used. */
function moveByKeys(node, buttons) {
  const focus = (place) => {
    buttons.forEach((button, i) => { button.tabIndex = i === place ? 0 : -1; });
    buttons[place].focus();
  };
  node.addEventListener("keydown", (event) => {
    const place = buttons.indexOf(event.target);
    const [on, back] = [place + 1, place - 1];
    const goal = { ArrowRight: on, ArrowDown: on, ArrowLeft: back, ArrowUp: back, Home: 0, End: buttons.length - 1 }[event.key];
    if (place < 0 || goal === undefined) return;
    event.preventDefault();
    focus((goal + buttons.length) % buttons.length);
  });
  node.addEventListener("click", (event) => {
    const place = buttons.indexOf(event.target.closest("button"));
    if (place >= 0) focus(place);
  });
}

/** Which classes carry the pattern, a chip each; a click asks for the class's own code. */
function classChips(table, choose) {
  const wide = table.P > SPELT, letters = Math.min(14, Math.max(...table.names.map((name) => name.length)));
  const style = `--ce-chip: ${wide ? 400 : 165 + 10 * table.P + 8 * letters}px`;
  const list = element("div", { class: `ce-chips${wide ? " ce-wide" : ""}`, style }), rest = note("");
  const show = (found) => {
    const focused = list.contains(document.activeElement) ? document.activeElement.dataset.place : null;
    const shown = found.classes.slice(0, MOST_CHIPS);
    list.replaceChildren(...shown.map((one) => classChip(table, found, one, choose)));
    if (focused !== null) list.querySelector(`[data-place="${focused}"]`)?.focus();
    const none = table.names.length - found.classes.length, more = found.classes.length - shown.length;
    const parts = [more && `${spelt(more)} more`, none && `${many(none, "class", "classes")} with none`].filter(Boolean);
    rest.textContent = parts.length ? `${shown.length ? "and " : ""}${listed(parts)}` : "";
    rest.hidden = !parts.length;
  };
  return { node: element("div", {}, list, rest), show };
}

function classChip(table, found, one, choose) {
  const carried = found.samples[one].length, all = table.shown[one], share = all ? carried / all : 0;
  const text = all ? `${percent(share)} %` : "n/a", code = codeOfClass(table, one), name = table.names[one];
  const counted = `${spelt(carried)} of ${many(all, "sample")}`, spoken = table.P > SPELT ? `of ${table.P} bits` : code;
  const bar = element("span", { class: "ce-bar", "aria-hidden": "true" }, element("span", { style: `width:${100 * share}%` }));
  return element("button", {
    type: "button", class: `ce-chip${found.byCode.includes(one) ? "" : " ce-stray"}`, "data-place": one,
    "aria-label": `${called(name, 60)}, code ${spoken}: ${counted}, ${text}; show its code`,
    title: `${short(name, 300)}: ${counted}`, onclick: () => choose(patternOf(table, one)),
  }, markIcon(table.styles[one]), element("span", { class: "ce-name" }, name.trim() || "(no name)"),
  codeElement(code, (place) => found.pattern[place] !== ANY), bar, element("span", { class: "ce-share bk-number" }, text));
}

/** Buttons that each ask for a pattern, [[text, pattern], ...], of `count` that there are; {node, show(pattern)}. */
function patternButtons(entries, count, choose) {
  const button = (text, pattern) => element("button", { type: "button", onclick: () => choose(pattern) }, text);
  const buttons = entries.map((entry) => button(...entry));
  const left = count - entries.length, more = left ? note(`and ${spelt(left)} more`) : null;
  const isAsked = (pattern, asked) => pattern === asked && /[01]/.test(asked); // of impure classes, all bits may be open
  const show = (asked) => buttons.forEach((one, i) => one.setAttribute("aria-pressed", isAsked(entries[i][1], asked)));
  return { node: element("div", { class: "bk-row ce-near" }, ...buttons, ...(more ? [more] : [])), show };
}

/** Pairs of classes that differ in one bit; a click asks for the bits that they share, impure ones left open. */
function nearPairs(table, { pairs, pair_count, nearest }, choose) {
  if (!pairs.length) return { node: note(noPairs(table, nearest)), show: () => {} };
  const name = (one) => short(table.names[one], 16);
  const entries = pairs.map(([one, other, place]) => [
    `${name(one)} and ${name(other)}: bit ${place + 1}${byMajority(table, one, other)}`, patternOf(table, one, other),
  ]);
  return patternButtons(entries, pair_count, choose);
}

function noPairs(table, nearest) {
  if (!nearest) return "There is one class only.";
  const [distance, one, other] = nearest;
  if (!distance) return "No two classes differ in one bit only.";
  const [a, b] = [one, other].map((place) => short(table.names[place])), mark = byMajority(table, one, other);
  return `No two classes differ in one bit only: the nearest, ${a} and ${b}, differ in ${spelt(distance)} of ${table.P}${mark}.`;
}

/** Classes that share their whole code, or null where there are none. */
function sharedCodes(table, { shared, shared_count }, choose) {
  if (!shared.length) return null;
  const entries = shared.map((group) => {
    const names = listed(group.map((one) => short(table.names[one], 16)), 8);
    const code = table.P > SPELT ? "one code" : majorityOf(table, group[0]);
    return [`${names} share ${code}${byMajority(table, ...group)}`, patternOf(table, ...group)];
  });
  return patternButtons(entries, shared_count, choose);
}

/** A part with its heading and what stands beside the heading. */
function section(title, beside, ...children) {
  const head = element("div", { class: "bk-row ce-head" }, element("h2", { class: "bk-title" }, title), beside);
  return element("section", {}, head, ...children.filter(Boolean));
}

/** How much there is, in one line. */
function overview(table, { origin }) {
  const part = `${spelt(table.count)} of ${many(table.total, "sample")} are shown, the codes are of all`;
  const samples = table.count < table.total ? part : many(table.count, "sample");
  return [origin, many(table.names.length, "class", "classes"), many(table.P, "bit"), samples].filter(Boolean).join(" · ");
}

/** How to read the chips' codes and what distances count, where that needs telling. */
function legendOfCodes(table) {
  const impure = table.names.some((_, one) => byMajority(table, one)), long = table.P > SPELT;
  const bars = long && "A tall bar is a 1, none is a 0.";
  const sign = impure && `Codes are each class's majority bits; ${long ? "half a bar" : "?"} where fewer than 95 % share it. `
    + "Distances are those of majority bits.";
  const texts = [bars, sign].filter(Boolean);
  return texts.length ? note(texts.join(" ")) : null;
}

/** Puts the parts on the page: the bits above, what carries them on the left, the distances on the right. */
function layOut(root, table, content, parts, sentence, live) {
  root.append(
    element("div", { class: "ce-header" },
      element("h2", { class: "bk-title" }, "Code explorer"), element("span", { class: "bk-soft" }, overview(table, content))),
    element("div", { class: "bk-row ce-asking" }, parts.switches.node, parts.clear, sentence),
    element("div", { class: "ce-columns" },
      element("div", {},
        section("Classes", null, parts.chips.node, legendOfCodes(table)),
        section(content.sheet ? "Pictures" : "Samples", parts.grid.pager, parts.grid.node)),
      element("div", {},
        section("Bits in which two codes differ", null, parts.matrix.node),
        parts.shared ? section("The bits cannot tell these apart", null, parts.shared.node) : "",
        section("Differ in one bit only", null, parts.near.node))),
    live,
  );
}

/** Tells a screen reader the latest text once nothing new has come for a while: {node, told(text), cancel()}. */
function speaker() {
  const node = element("p", { class: "bk-unseen", "aria-live": "polite" });
  let latest = "";
  const speak = debounced(() => { node.textContent = latest; }, 400);
  return { node, told: (text) => { latest = text; speak(); }, cancel: speak.cancel };
}

/** All that the reader sees and clicks; choose(pattern) asks for one. */
function partsOf(table, content, sheet, root, choose, change, told) {
  return {
    switches: bitSwitches(table.P, change), chips: classChips(table, choose), near: nearPairs(table, content, choose),
    shared: sharedCodes(table, content, choose),
    clear: element("button", { type: "button", onclick: () => choose(ANY.repeat(table.P)) }, "clear"),
    grid: pictureGrid(table, sheet, root, told), matrix: codeMatrix(table, root, choose, told),
  };
}

async function render({ model, el }) {
  const content = model.get("content"), table = readCodes(content), sheet = await pictureSheet(content.sheet);
  const root = widgetRoot(el, "Code explorer", () => { parts.grid.paint(); parts.matrix.paint(); });
  root.classList.add("ce-root");
  const sentence = element("p", { class: "ce-sentence" }), live = speaker();
  const choose = (pattern) => { model.set("bits", pattern); model.save_changes(); };
  const change = (place) => choose([...model.get("bits")].map((bit, i) => (i === place ? NEXT[bit] : bit)).join(""));
  const parts = partsOf(table, content, sheet, root, choose, change, live.told);
  layOut(root, table, content, parts, sentence, live.node);
  const update = () => {
    const pattern = model.get("bits"), found = whoCarries(table, pattern);
    for (const part of [parts.switches, parts.near, parts.shared]) part?.show(pattern);
    for (const part of [parts.chips, parts.grid, parts.matrix]) part.show(found);
    sentence.textContent = carriersInWords(table, found);
  };
  const follow = () => { update(); live.told(sentence.textContent); };
  model.on("change:bits", follow);
  update();
  return () => {
    model.off("change:bits", follow);
    live.cancel();
    root.leave();
    sheet?.close();
  };
}

export default { render };
