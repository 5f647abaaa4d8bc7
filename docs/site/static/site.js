// Frames hold the widgets: each says how high it is, and is told whether this page is dark.
const system = matchMedia("(prefers-color-scheme: dark)");
const isDark = () => ({ light: false, dark: true })[document.body.dataset.theme] ?? system.matches;
const frames = () => [...document.querySelectorAll(".live iframe")];
const tell = (frame) => frame.contentWindow.postMessage({ dark: isDark() }, "*");
const tellAll = () => frames().forEach(tell);

addEventListener("message", ({ data, source }) => {
  const frame = frames().find((one) => one.contentWindow === source);
  if (!frame || !Number.isFinite(data.height)) return;
  if (!frame.dataset.told) tell(frame);
  frame.dataset.told = "yes";
  frame.height = Math.ceil(data.height);
});
new MutationObserver(tellAll).observe(document.body, { attributes: true, attributeFilter: ["data-theme"] });
system.addEventListener("change", tellAll);

// Summaries of what a search finds are fetched, which browsers refuse in a folder.
if (location.protocol === "file:") DOCUMENTATION_OPTIONS.SHOW_SEARCH_SUMMARY = false;
