// Values and classes set by hand, for which the model draws the rest again.
import { clamp, find } from "../common.js";
import { asks, change, encodeStart, fromHex, isFast, redraw, remember, send, start, stroke } from "./edit.js";
import { charts, point } from "./histogram.js";
import { focus } from "./pixel.js";
import { canvas, current, isColour, run, state, valuesOf, visibleCount } from "./state.js";

const HOLD = 350; // milliseconds after which a class key is held, not tapped
const REST = 400; // milliseconds without a move, after which a slower model is asked
const TYPING = "textarea, select, [contenteditable], input:not([type=radio], [type=range], [type=checkbox])";

let resting = 0; // handle of the wait for a control to rest
let held = null; // a class key that is down: since when, and which class was there before
let setting = null; // the pixel, chart and channel whose value a pointer sets

// Across the histogram a pointer sets the pixel's value, and later pixels are redrawn while it moves.
const setValue = (event) => {
  const box = setting.chart.querySelector(".histogram").getBoundingClientRect();
  const value = clamp(Math.floor(((event.clientX - box.left) / box.width) * run.levels), 0, run.levels - 1);
  if (value === setting.value) return;
  setting.color[setting.channel] = setting.value = value;
  point(setting.chart, value);
  change(setting.index, setting.color);
};
find(".charts").addEventListener("pointerdown", (event) => {
  const index = run ? focus() : null, histogram = event.target.closest(".histogram");
  if (index === null || index === visibleCount() || !histogram || event.button !== 0) return;
  histogram.setPointerCapture(event.pointerId);
  remember(start);
  const chart = histogram.closest(".chart"), color = valuesOf(run.sheet[current()].values, index);
  setting = { index, value: null, chart, channel: charts().indexOf(chart), color };
  setValue(event);
});
find(".charts").addEventListener("pointermove", (event) => { if (setting) setValue(event); });
for (const end of ["pointerup", "pointercancel"]) {
  find(".charts").addEventListener(end, () => {
    if (setting) send(start, true);
    setting = null;
  });
}
find(".change input").addEventListener("change", ({ target }) => {
  const index = run ? focus() : null, color = run && isColour() ? fromHex(target.value) : [Number(target.value)];
  const isLevel = (value) => Number.isInteger(value) && value >= 0 && value < run.levels;
  const good = target.value !== "" && color.every(isLevel);
  target.setCustomValidity(good ? "" : `A whole number from 0 to ${run.levels - 1}`);
  if (!target.reportValidity() || index === null) return;
  remember(start);
  change(index, color);
  send(start, true);
});

// A dragged control asks for the same drawing with its values; not before there is one, nor for what is there.
addEventListener("pixel-canvas-redraw", ({ detail: [label, temperature, seed, pictures, model, guidance] }) => {
  if (!run || state.blank || (run.temperature === temperature && run.guidance === guidance)) return;
  if (isFast()) redraw({ label, temperature, seed, pictures, model, guidance });
  else {
    clearTimeout(resting);
    resting = setTimeout(() => trigger("ask", { start: encodeStart(start), number: asks }), REST);
  }
});

// A class key: the same random numbers as another class, for as long as it is held; a tap keeps it.
const choose = (label) => {
  const now = isFast();
  if (now) redraw({ label, ...(new Set(run.labels).size > 1 ? { pictures: "1" } : {}) });
  trigger(now ? "choose" : "pick", { label });
};
addEventListener("keydown", (event) => {
  const label = run?.classes[Number(event.key) + 1];
  if (!/^\d$/.test(event.key) || !label || event.repeat || event.ctrlKey || event.altKey || event.metaKey) return;
  if (!canvas.offsetParent || event.target.closest?.(TYPING) || state.blank || stroke) return;
  held ??= { since: performance.now(), before: run.label, fast: isFast() };
  held.key = event.key;
  choose(label);
});
addEventListener("keyup", (event) => {
  if (held?.key !== event.key) return;
  const { since, before, fast } = held;
  held = null;
  if (fast && performance.now() - since > HOLD) choose(before); // the answer of a slow model would come too late
});
