// A page without a kernel: the widget's own module runs, and this stands in for what a notebook would give it.

/** Bytes from base64, by the browser's own decoder where it has one. */
function fromBase64(text) {
  if (Uint8Array.fromBase64) return Uint8Array.fromBase64(text);
  const plain = atob(text), bytes = new Uint8Array(plain.length);
  for (let i = 0; i < plain.length; i++) bytes[i] = plain.charCodeAt(i);
  return bytes;
}

/** Values as a notebook would send them: bytes arrive as a DataView. */
function received(value) {
  if (Array.isArray(value)) return value.map(received);
  if (value === null || typeof value !== "object") return value;
  if (typeof value.$bytes === "string") return new DataView(fromBase64(value.$bytes).buffer);
  return Object.fromEntries(Object.entries(value).map(([key, part]) => [key, received(part)]));
}

/** The part of a notebook's widget model that the widgets use, with nobody at the other end. */
function pageModel(values) {
  const listeners = {};
  return {
    get: (name) => values[name],
    set: (name, value) => {
      if (values[name] === value) return;
      values[name] = value;
      for (const listener of listeners[`change:${name}`] || []) listener();
    },
    on: (event, listener) => { (listeners[event] ||= []).push(listener); },
    off: (event, listener) => { listeners[event] = (listeners[event] || []).filter((one) => one !== listener); },
    save_changes: () => {},
  };
}

/**
 * The still picture with a sentence why. With scripts on, the noscript element holds its picture as text; of what a
 * parser makes of that (which runs and loads nothing), only the picture's address and alt text are taken.
 */
function showStill(here, error) {
  const text = document.querySelector("noscript").textContent;
  const { src, alt } = new DOMParser().parseFromString(text, "text/html").querySelector("img");
  const words = document.createElement("p"), box = document.createElement("div");
  words.setAttribute("role", "alert");
  words.textContent = `This browser cannot run the widget: ${error.message}; here is a still picture.`;
  box.className = "bk-widget";
  box.append(words, Object.assign(new Image(), { src, alt }));
  here.replaceChildren(box);
}

const here = document.getElementById("bk-here");
try {
  const sent = received(JSON.parse(document.getElementById("bk-values").textContent));
  await render({ model: pageModel(sent), el: here });
  document.documentElement.dataset.painted = performance.now().toFixed(1); // for the benchmark and the tests
} catch (error) {
  console.error(error);
  showStill(here, error);
}
