// A picture of one's own, or a part of one, for the model to finish. It draws in reading order and looks back only: what
// the pen has touched stays, with all before it, and all after it is drawn anew; what is rubbed out is drawn anew, and
// the rest stays.
const PEN = 1.2, RUBBER = 2.2; // radius in pixels of the picture
const UNDO = 50;
const HOLD = 350; // milliseconds after which a class key is held, not tapped
const LIVELY = 0.4; // seconds a drawing of colour may take to be drawn anew at every move of a hand
const REST = 400; // milliseconds without a move, after which a slower one is asked for
const HINTS = {
  look: (lively) => "Point at a pixel to see where it came from. " + (lively ? "Hold" : "Press") + " a digit key: the same dice as another class.",
  pen: (lively) => "Draw: what you draw stays, with all before it in reading order, and the model " + (lively ? "keeps finishing the rest." : "finishes the rest when you lift the pen."),
  rub: () => "Rub out any part: the model draws it anew. It looks back only, so what is left below cannot guide it.",
};

let tool = "look";
let start = null; // what the drawing starts from: values and keep by raster index, how it came about, the last pixel inked
const past = []; // starts before that, for undo
let stroke = null; // a start in the making: also which pointer makes it, and with which tool
let worked = false; // whether the last press of the pointer was a stroke
let laid = null; // a stroke that has ended, until a drawing knows of it
let asks = 0; // how often the server was told of a start
let rest = 0; // handle of the wait for a hand to come to rest
let waiting = 0; // handle of the frame in which a moving pen asks
let held = null; // a class key that is down: since when, and which class was there before

const told = (what) => what && { values: Array.from(what.values), keep: what.keep.join("") };

// A new start, to be drawn from by the server; or by the canvas itself, at once, while a hand is at work.
const send = (next, live) => {
  start = next;
  asks++;
  const now = live && lively();
  if (now) redraw({});
  trigger(now ? "give" : "ask", { start: told(next), number: asks });
};

// Whether the model is fast enough to draw at every move of a hand.
const lively = () => !colored() || (run.done?.seconds ?? Infinity) <= LIVELY;

// Not wanted any more once the server has begun another drawing.
const live = asker("redrawn", (_, message) => take(message), ({ after }) => run.number === after);

// The same drawing, but for what is said here, and under the hand.
const redraw = (changes) => {
  const { label, temperature, seed, pictures, model } = run;
  live({ label, temperature, seed, pictures, model, start: told(stroke ? finished() : start), after: run.number, ...changes });
};

// What the server says the drawing starts from, when it did not come from here: an upload, or nothing. A drawing that was
// asked for before the last start came to the server knows nothing of it.
const adopt = (known) => {
  if (stroke || known < asks || run.given === JSON.stringify(told(start))) return;
  remember(start);
  start = run.start && { ...run.start, kind: "rub" };
};

// Of pictures of another size or kind nothing is of use.
const forget = () => {
  past.length = 0;
  start = stroke = laid = null;
};

const remember = (what) => {
  past.push(what);
  if (past.length > UNDO) past.shift();
};

// The picture as it is on the canvas.
const displayed = () => {
  const { values } = run.sheet[current() ?? 0];
  return { values: values.slice(), keep: Uint8Array.from({ length: run.size }, (_, i) => (i < run.ready ? 1 : 0)), end: -1 };
};

// What a tool begins with: its own last start, so that strokes add up; else what is on the canvas.
const base = (kind) => {
  const own = start && (start.kind === kind || (start.kind === "sheet" && kind === "pen"));
  const { values, keep, end, kind: was } = own ? start : displayed();
  // A pen on a finished picture adopts what it has drawn so far; on an empty sheet there is only what the hand drew.
  return own && was === "pen" ? { ...displayed(), kind } : { values: values.slice(), keep: keep.slice(), end, kind: was ?? kind };
};

const dab = ([x, y]) => {
  const radius = stroke.tool === "pen" ? PEN : RUBBER;
  for (let row = Math.floor(y - radius); row <= y + radius; row++) {
    for (let column = Math.floor(x - radius); column <= x + radius; column++) {
      if (row < 0 || column < 0 || row >= run.height || column >= run.width) continue;
      const i = row * run.width + column, near = radius + 0.5 - Math.hypot(column + 0.5 - x, row + 0.5 - y);
      if (near <= 0) continue;
      if (stroke.tool === "rub") stroke.keep[i] = 0;
      else {
        paintPixel(i, Math.min(1, near));
        stroke.known[i] = 1;
        stroke.end = Math.max(stroke.end, i);
      }
    }
  }
  if (stroke.tool === "pen") stroke.keep.forEach((_, i, keep) => { keep[i] = i <= stroke.end ? stroke.known[i] : 0; });
};

// Grey ink is white, and the lightest touch counts; a colour covers what is under it.
const paintPixel = (i, cover) => {
  const { values } = stroke, most = run.levels - 1;
  if (!colored()) values[i] = Math.max(values[i], Math.round(cover * most));
  else fromHex(find(".ink input").value).forEach((level, c) => {
    values[3 * i + c] += Math.round(cover * (level - values[3 * i + c]));
  });
};

const fromHex = (hex) => [1, 3, 5].map((i) => Math.round((parseInt(hex.slice(i, i + 2), 16) * (run.levels - 1)) / 255));
const toHex = (i, values) => "#" + onScreen(values, i).map((level) => Math.round(level).toString(16).padStart(2, "0")).join("");

const finished = () => {
  const { values, keep, end, kind } = stroke;
  return { values: values.slice(), keep: keep.slice(), end, kind };
};

const startStroke = (event) => {
  const under = run && tool !== "look" && event.button === 0 && !stroke ? pixelAt(event) : null;
  worked = false;
  if (!under || (current() === null && !blank)) return; // on a sheet of pictures the click looks closer
  event.preventDefault();
  canvas.setPointerCapture(event.pointerId);
  canvas.focus({ preventScroll: true });
  if (!blank) goTo(run.ready);
  worked = true;
  const from = base(tool);
  // What a pen keeps of all before its end: an empty sheet's ground; of a picture what has been drawn.
  const known = from.kind === "sheet" ? new Uint8Array(run.size).fill(1) : from.keep.slice();
  stroke = { ...from, known, tool, id: event.pointerId, last: [under.column, under.row], before: start };
  pointed = picked = null;
  moveStroke(event);
};

const moveStroke = (event) => {
  if (!stroke || event.pointerId !== stroke.id) return;
  const events = event.getCoalescedEvents?.() ?? [];
  for (const part of events.length ? events : [event]) {
    const to = pixelAt(part);
    if (!to) continue;
    const [x, y] = stroke.last, steps = Math.max(1, Math.ceil(2 * Math.hypot(to.column - x, to.row - y)));
    for (let i = 1; i <= steps; i++) dab([x + ((to.column - x) * i) / steps, y + ((to.row - y) * i) / steps]);
    stroke.last = [to.column, to.row];
  }
  if (stroke.tool === "pen" && !waiting && lively()) waiting = requestAnimationFrame(() => {
    waiting = 0;
    if (stroke) redraw({});
  });
  show();
};

const endStroke = (event) => {
  if (!stroke || event.pointerId !== stroke.id) return;
  const next = finished(), { before, tool: used } = stroke;
  laid = stroke;
  stroke = null;
  remember(before);
  if (used === "rub") chosen = null; // all endings
  send(next, used === "pen");
  show();
};

const PARTS = {
  top: (row) => row < run.height / 2, bottom: (row) => row >= run.height / 2,
  left: (_, column) => column < run.width / 2, right: (_, column) => column >= run.width / 2,
};

const rubOut = (part) => {
  const from = start?.kind === "rub" ? start : displayed();
  const keep = Uint8Array.from({ length: run.size }, (_, i) => (PARTS[part](Math.floor(i / run.width), i % run.width) ? 0 : 1));
  remember(start);
  chosen = null;
  send({ values: from.values.slice(), keep, end: -1, kind: "rub" }, false);
};

const takeUp = (name) => {
  tool = name;
  if (tool !== "look") canvas.scrollIntoView({ block: "nearest" }); // the hand is about to work on it
  show();
};

const emptySheet = () => {
  remember(start);
  // Digits and clothes lie on black, photographed things often before white.
  const ground = colored() ? run.levels - 1 : 0;
  start = { values: new Uint8Array(run.size * run.channels).fill(ground), keep: new Uint8Array(run.size), end: -1, kind: "sheet" };
  blank = true;
  playing = false;
  if (run.count > 1) chosen ??= 0;
  say("An empty sheet: draw on it with the pen.");
  closer(chosen);
  takeUp("pen");
};

const undo = () => {
  if (!past.length || stroke) return;
  const before = past.pop();
  if (before?.kind === "sheet" && before.end < 0) {
    emptySheet();
    past.pop();
  } else send(before, false);
};

// One pixel by hand: it gets other values, those before it stay, and the rest answers.
const change = (index, color) => {
  const { values } = displayed();
  values.set(color, index * run.channels);
  picked = index;
  start = { values, keep: Uint8Array.from({ length: run.size }, (_, i) => (i <= index ? 1 : 0)), end: index, kind: "pen" };
  if (lively()) redraw({});
  else {
    laid = { ...start, tool: "pen" }; // is seen until the model's answer comes
    show();
  }
};

const editing = () => {
  const one = run && run.ready > 0 && (current() !== null || start?.kind === "rub");
  for (const button of element.querySelectorAll("[data-rub]")) button.disabled = !one || blank;
  for (const button of element.querySelectorAll('[data-tool="pen"], [data-tool="rub"]')) button.disabled = !run;
  find(".sheet").disabled = !run;
  find(".undo").disabled = !past.length;
  find(".afresh").disabled = !start;
  find(".sheet").hidden = find(".afresh").hidden = tool === "look" && !start;
  const all = run && current() === null && !blank;
  find(".how").textContent = (run?.start && !stroke ? "Outlined: given. " : "") + (all && tool !== "look" ? "Click the picture that you want to work on." : HINTS[tool](!run || lively()));
  canvas.style.touchAction = tool === "look" ? "" : "none"; // a finger draws, or scrolls the page
  canvas.style.cursor = tool === "look" ? (run?.count > 1 && current() === null ? "zoom-in" : "") : "crosshair";
  const index = run ? focus() : null, field = find(".change input");
  const hand = run && index === shown(); // of which channels are missing yet
  find(".change").hidden = index === null || hand;
  find(".ink").hidden = !(run && colored() && tool === "pen");
  if (run && field.type !== (colored() ? "color" : "number")) field.type = colored() ? "color" : "number";
  if (index !== null && document.activeElement !== field && !laid) field.value = colored() ? toHex(index, run.sheet[current()].values) : run.sheet[current()].values[index];
};

canvas.addEventListener("pointerdown", startStroke);
canvas.addEventListener("pointermove", moveStroke);
for (const end of ["pointerup", "pointercancel", "lostpointercapture"]) canvas.addEventListener(end, endStroke);
for (const button of element.querySelectorAll("[data-tool]")) {
  button.addEventListener("click", () => takeUp(button.dataset.tool));
}
for (const button of element.querySelectorAll("[data-rub]")) button.addEventListener("click", () => rubOut(button.dataset.rub));
find(".sheet").addEventListener("click", emptySheet);
find(".undo").addEventListener("click", undo);
find(".afresh").addEventListener("click", () => {
  remember(start);
  send(null, false);
});
element.addEventListener("keydown", (event) => {
  if (!(event.ctrlKey || event.metaKey) || event.shiftKey || event.key.toLowerCase() !== "z" || event.target.closest("input")) return;
  event.preventDefault();
  undo();
});

// Across the histogram a pointer sets the pixel's value, and the rest answers while it moves.
let setting = null;
const setValue = (event) => {
  const box = setting.chart.querySelector(".histogram").getBoundingClientRect();
  const level = Math.floor(((event.clientX - box.left) / box.width) * run.levels);
  const value = Math.min(Math.max(level, 0), run.levels - 1);
  if (value === setting.value) return;
  setting.color[setting.channel] = setting.value = value;
  point(setting.chart, value);
  change(setting.index, setting.color);
};
find(".charts").addEventListener("pointerdown", (event) => {
  const index = run ? focus() : null, histogram = event.target.closest(".histogram");
  if (index === null || index === shown() || !histogram || event.button !== 0) return;
  histogram.setPointerCapture(event.pointerId);
  remember(start);
  const chart = histogram.closest(".chart");
  setting = { index, value: null, chart, channel: charts().indexOf(chart), color: valuesOf(run.sheet[current()].values, index) };
  setValue(event);
});
find(".charts").addEventListener("pointermove", (event) => { if (setting) setValue(event); });
for (const end of ["pointerup", "pointercancel"]) find(".charts").addEventListener(end, () => {
  if (setting) send(start, true);
  setting = null;
});
// A dragged control asks for the same drawing with its values; not before there is one, nor for what is there.
addEventListener("pixel-canvas-redraw", ({ detail: [label, temperature, seed, pictures, model] }) => {
  if (!run || blank || run.temperature === temperature) return;
  if (lively()) redraw({ label, temperature, seed, pictures, model });
  else {
    clearTimeout(rest);
    rest = setTimeout(() => trigger("ask", { start: told(start), number: asks }), REST);
  }
});
find(".change input").addEventListener("change", (event) => {
  const index = run ? focus() : null, color = run && colored() ? fromHex(event.target.value) : [Number(event.target.value)];
  const good = color.every((value) => Number.isInteger(value) && value >= 0 && value < run.levels) && event.target.value !== "";
  event.target.setCustomValidity(good ? "" : "A whole number from 0 to " + (run.levels - 1));
  if (!event.target.reportValidity() || index === null) return;
  remember(start);
  change(index, color);
  send(start, true);
});

// A class key: the same dice as another class, for as long as it is held; a tap keeps it.
const typing = (target) => target.closest?.("textarea, select, [contenteditable], input:not([type=radio], [type=range], [type=checkbox])");
const choose = (label) => {
  const now = lively();
  if (now) redraw({ label, ...(new Set(run.labels).size > 1 ? { pictures: "1" } : {}) });
  trigger(now ? "choose" : "pick", { label });
};
addEventListener("keydown", (event) => {
  const label = run?.classes[Number(event.key) + 1];
  if (!/^\d$/.test(event.key) || !label || event.repeat || event.ctrlKey || event.altKey || event.metaKey) return;
  if (!element.offsetParent || typing(event.target) || blank || stroke) return;
  held ??= { since: performance.now(), before: run.label, lively: lively() };
  held.key = event.key;
  choose(label);
});
addEventListener("keyup", (event) => {
  if (held?.key !== event.key) return;
  const { since, before, lively } = held;
  held = null;
  if (lively && performance.now() - since > HOLD) choose(before); // the answer of a slow model would come too late
});
