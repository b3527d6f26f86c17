"use strict";
// light and dark: as the reader's system, until the button says otherwise
(() => {
  const root = document.documentElement, button = document.getElementById("theme"), dark = matchMedia("(prefers-color-scheme: dark)");
  const isDark = () => (root.dataset.theme || (dark.matches ? "dark" : "light")) === "dark";
  const told = () => { button.textContent = isDark() ? "Light" : "Dark"; dispatchEvent(new Event("repaint")); };
  button.hidden = false;
  button.onclick = () => { root.dataset.theme = isDark() ? "light" : "dark"; told(); };
  dark.onchange = told;
  told();
})();

// links lead to what they name, folded or not
(() => {
  const show = () => {
    const target = location.hash.length > 1 && document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (!target) return;
    for (let at = target; at; at = at.parentElement) if (at.tagName === "DETAILS") at.open = true;
    requestAnimationFrame(() => target.scrollIntoView());
  };
  addEventListener("hashchange", show);
  document.addEventListener("click", (event) => { if (event.target.closest('a[href="' + CSS.escape(location.hash) + '"]')) show(); });
  show();
  const contents = document.querySelector(".contents"), wide = matchMedia("(min-width: 72rem)");
  if (contents) { contents.open = wide.matches; wide.addEventListener("change", () => { contents.open = wide.matches; }); }
  for (const button of document.querySelectorAll("[data-fold]"))
    Object.assign(button, { hidden: false, onclick: () => { for (const each of button.closest(".lines").querySelectorAll(":scope > details")) each.open = button.dataset.fold === "open"; } });
  // paper has no folds
  const print = matchMedia("print");
  let folded = [];
  const unfold = () => { if (!folded.length) { folded = [...document.querySelectorAll("details:not([open])")]; for (const each of folded) each.open = true; } };
  const fold = () => { for (const each of folded) each.open = false; folded = []; };
  addEventListener("beforeprint", unfold);
  addEventListener("afterprint", fold);
  print.addEventListener("change", () => (print.matches ? unfold() : fold()));
})();

// figures whose values can be read off: a line between its points, single points where they are near
for (const sheet of document.querySelectorAll(".plane")) {
  const { frame, series } = JSON.parse(sheet.querySelector("script").textContent), svg = sheet.querySelector("svg");
  const readout = sheet.parentElement.querySelector(".readout"), hint = readout.querySelector(".hint"), values = readout.querySelector(".values");
  const [left, right] = frame.x, [low, high] = frame.y, ns = "http://www.w3.org/2000/svg";
  const mark = svg.appendChild(document.createElementNS(ns, "g")), short = (v) => Number(v.toPrecision(5)).toLocaleString("en", { maximumSignificantDigits: 5 });
  const singles = series.filter((s) => !s.line).flatMap((s) => s.x).sort((a, b) => a - b);
  const add = (name, set) => { const made = mark.appendChild(document.createElementNS(ns, name)); for (const key in set) made.setAttribute(key, set[key]); };
  const place = (x, y) => [frame.left + ((x - left) / (right - left)) * frame.width, frame.top + ((high - y) / (high - low)) * frame.height];
  const at = (s, x) => {
    if (!s.line) { const i = s.x.findIndex((v) => Math.abs(v - x) < 1e-9 * Math.abs(right - left)); return i < 0 ? null : s.y[i]; }
    const i = s.x.findIndex((v) => v >= x);
    if (i < 0 || x < s.x[0]) return null;
    return i === 0 ? s.y[0] : s.y[i - 1] + ((x - s.x[i - 1]) / (s.x[i] - s.x[i - 1])) * (s.y[i] - s.y[i - 1]);
  };
  let now = (left + right) / 2;
  const read = (x) => {
    now = x;
    mark.replaceChildren();
    const [column] = place(x, low), spans = values.children;
    add("line", { x1: column, x2: column, y1: frame.top, y2: frame.top + frame.height, stroke: "#5c6570", "stroke-width": 0.8, "stroke-dasharray": "3 2" });
    spans[0].querySelector("b").textContent = short(x);
    series.forEach((s, i) => {
      const y = at(s, x), span = spans[i + 1];
      span.hidden = y === null;
      if (y === null) return;
      span.querySelector("b").textContent = short(y);
      const [cx, cy] = place(x, y);
      add("circle", { cx, cy, r: s.line ? 2.5 : 5, fill: s.line ? "#1d2126" : "none", stroke: "#1d2126", "stroke-width": 1.2 });
    });
    hint.hidden = true;
    values.hidden = false;
  };
  const leave = () => { mark.replaceChildren(); hint.hidden = false; values.hidden = true; };
  sheet.addEventListener("pointermove", (event) => {
    const box = svg.getBoundingClientRect(), scale = svg.viewBox.baseVal.width / box.width;
    const x = left + (((event.clientX - box.left) * scale - frame.left) / frame.width) * (right - left);
    if (x < left || x > right) return leave();
    const near = singles.find((v) => Math.abs(v - x) * frame.width < 8 * scale * (right - left));
    read(near === undefined ? x : near);
  });
  sheet.addEventListener("pointerleave", leave);
  sheet.addEventListener("blur", leave);
  sheet.addEventListener("keydown", (event) => {
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (!step) return;
    event.preventDefault();
    const stops = singles.length ? singles : series[0].x;
    const next = step > 0 ? stops.find((v) => v > now) : stops.findLast((v) => v < now);
    read(next === undefined ? stops[step > 0 ? stops.length - 1 : 0] : next);
  });
}
