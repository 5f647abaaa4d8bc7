// Frames hold the widgets: each says how high it is, and is told whether this page is dark.
const system = matchMedia("(prefers-color-scheme: dark)");
const isDark = () => ({ light: false, dark: true })[document.body.dataset.theme] ?? system.matches;
const frames = () => [...document.querySelectorAll(".live iframe")];
const tell = (frame) => frame.contentWindow.postMessage({ dark: isDark() }, "*");
const tellAll = () => frames().forEach(tell);

addEventListener("message", ({ data, source }) => {
  const frame = frames().find((one) => one.contentWindow === source);
  if (!frame || !Number.isFinite(data.height)) return;
  if (!frame.dataset.told) tell(frame); // it has just opened
  frame.dataset.told = "yes";
  frame.height = data.height + 2; // its border
});
tellAll(); // those that were open before this script
new MutationObserver(tellAll).observe(document.body, { attributes: true, attributeFilter: ["data-theme"] });
system.addEventListener("change", tellAll);

// Summaries of what a search finds are fetched, which browsers refuse in a folder.
if (location.protocol === "file:") DOCUMENTATION_OPTIONS.SHOW_SEARCH_SUMMARY = false;

// For readers with a screen reader or without a mouse: what the tools leave unsaid.
document.querySelector(".sidebar-drawer").ariaLabel = "All pages";
document.querySelector(".toc-drawer").ariaLabel = "This page";
for (const head of document.querySelectorAll("th"))
  if (!head.textContent.trim()) head.replaceWith(document.createElement("td"));
const reachable = () => {
  for (const box of document.querySelectorAll("pre, .output, .table-wrapper"))
    if (box.scrollWidth > box.clientWidth) box.tabIndex = 0;
};
addEventListener("resize", reachable);
reachable();
if (!document.querySelector("h1")) document.querySelector("#furo-main-content").prepend(
  Object.assign(document.createElement("h1"), { textContent: document.title.split(" - ")[0] }));
