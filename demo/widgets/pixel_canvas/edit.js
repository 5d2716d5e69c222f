// A picture of one's own, or a part of one, for the model to finish. It draws in reading order and looks back only: what
// the pen has touched stays, with all before it, and all after it is drawn again; what is erased is drawn again, and the
// rest stays.
import { find, findAll } from "../common.js";
import { focus, pixelAt } from "./pixel.js";
import { goTo, lookCloser, show } from "./playback.js";
import { asker } from "./questions.js";
import { take } from "./run.js";
import { announce, canvas, current, isColour, onScreen, run, state, visibleCount } from "./state.js";

const PEN = 1.2, ERASER = 2.2; // radius in pixels of the picture
const UNDO = 50; // changes that can be undone
const FAST = 0.4; // seconds a drawing of colour may take to be drawn at every move of the pointer
const HINTS = {
  look: (fast) => "Hover over a pixel to see its probabilities. " +
    `${fast ? "Hold" : "Press"} 0-9 to redraw with the same random numbers as that class.`,
  pen: (fast) => "Draw: what you draw stays, with all before it in reading order, and the model " +
    (fast ? "keeps finishing the rest." : "finishes the rest when you lift the pen."),
  eraser: () => "Erase any part: the model draws it again, with new dice each time. It looks back only, so what is " +
    "left below cannot guide it.",
};
const WHOSE = "Inside the blue line: kept. The rest: drawn by the model. ";

/**
 * What the drawing starts from.
 * @typedef {{values: Uint8Array, keep: Uint8Array, dice: number, end: number, kind: "pen" | "eraser" | "blank"}} Start
 *   values and what is kept, by raster index; how often something was erased, for each time the dice are new; the last
 *   pixel inked, and how the start came about
 */

/** @type {Start | null} */
export let start = null;
const past = []; // starts before that, for undo
export let stroke = null; // a start that is being made: also which pointer makes it, and with which tool
export let worked = false; // whether the last press of the pointer was a stroke
export let asks = 0; // how often the server was sent a start
let waiting = 0; // handle of the frame in which a moving pen asks

export const encodeStart = (from) =>
  from && { values: Array.from(from.values), keep: from.keep.join(""), dice: from.dice };

/** Sets a new start, to be drawn from by the server; or by the canvas itself, at once, during a stroke. */
export const send = (next, live) => {
  start = next;
  asks++;
  const now = live && isFast();
  if (now) redraw({});
  trigger(now ? "give" : "ask", { start: encodeStart(next), number: asks });
};

/** Whether the model is fast enough to draw at every move of the pointer. */
export const isFast = () => !isColour() || (run.done?.seconds ?? Infinity) <= FAST;

// Not wanted any more once the server has begun another drawing.
const askRedraw = asker("redraw", (_, message) => take(message), ({ after }) => run.number === after);

/** The same drawing, but for some changes, and what is under the pointer. */
export const redraw = (changes) => {
  const { label, temperature, seed, pictures, model, guidance } = run;
  const from = encodeStart(stroke ? copyStart(stroke) : start);
  askRedraw({ label, temperature, seed, pictures, model, guidance, start: from, after: run.number, ...changes });
};

/**
 * What the server says the drawing starts from, when it did not come from here: an upload, or nothing. A drawing that
 * was asked for before the last start came to the server knows nothing of it.
 */
export const adopt = (known) => {
  if (stroke || known < asks || run.given === JSON.stringify(encodeStart(start))) return;
  remember(start);
  start = run.start && { ...run.start, kind: "eraser" };
};

/** Forgets all starts: to pictures of another size or kind none is of use. */
export const forget = () => {
  past.length = 0;
  start = stroke = state.pending = null;
};

export const remember = (from) => {
  past.push(from);
  if (past.length > UNDO) past.shift();
};

const copyStart = ({ values, keep, ...rest }) => {
  const { dice, end, kind } = rest;
  return { values: values.slice(), keep: keep.slice(), dice, end, kind };
};
const dice = () => start?.dice ?? 0;

// The picture as it is on the canvas.
const canvasStart = (kind) => {
  const { values } = run.sheet[current() ?? 0];
  const keep = Uint8Array.from({ length: run.size }, (_, i) => (i < run.ready ? 1 : 0));
  return { values: values.slice(), keep, dice: dice(), end: -1, kind };
};

// What a tool begins with: its own last start, so that strokes add up; else what is on the canvas.
const toolStart = (kind) => {
  const own = start && (start.kind === kind || (start.kind === "blank" && kind === "pen"));
  // A pen on a finished picture adopts what it has drawn so far; on a blank canvas there is only what the user drew.
  return own && start.kind !== "pen" ? copyStart(start) : canvasStart(kind);
};

const dab = ([x, y]) => {
  const radius = stroke.tool === "pen" ? PEN : ERASER;
  for (let row = Math.floor(y - radius); row <= y + radius; row++) {
    for (let column = Math.floor(x - radius); column <= x + radius; column++) {
      if (row < 0 || column < 0 || row >= run.height || column >= run.width) continue;
      const i = row * run.width + column, near = radius + 0.5 - Math.hypot(column + 0.5 - x, row + 0.5 - y);
      if (near <= 0) continue;
      if (stroke.tool === "eraser") stroke.keep[i] = 0;
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
  if (!isColour()) values[i] = Math.max(values[i], Math.round(cover * most));
  else fromHex(find(".ink input").value).forEach((level, c) => {
    values[3 * i + c] += Math.round(cover * (level - values[3 * i + c]));
  });
};

export const fromHex = (hex) =>
  [1, 3, 5].map((i) => Math.round((parseInt(hex.slice(i, i + 2), 16) * (run.levels - 1)) / 255));
const toHex = (i, values) =>
  `#${onScreen(values, i).map((level) => Math.round(level).toString(16).padStart(2, "0")).join("")}`;

const startStroke = (event) => {
  const under = run && state.tool !== "look" && event.button === 0 && !stroke ? pixelAt(event) : null;
  worked = false;
  if (!under || (current() === null && !state.blank)) return; // on a sheet of pictures the click looks closer
  event.preventDefault();
  canvas.setPointerCapture(event.pointerId);
  canvas.focus({ preventScroll: true });
  if (!state.blank) goTo(run.ready);
  worked = true;
  const from = toolStart(state.tool);
  // What a pen keeps of all before its end: a blank canvas' background; of a picture what has been drawn.
  const known = from.kind === "blank" ? new Uint8Array(run.size).fill(1) : from.keep.slice();
  stroke = { ...from, known, tool: state.tool, id: event.pointerId, last: [under.column, under.row], before: start };
  state.pointed = state.picked = null;
  moveStroke(event);
};

const moveStroke = (event) => {
  if (!stroke || event.pointerId !== stroke.id) return;
  const events = event.getCoalescedEvents?.() ?? [];
  for (const one of events.length ? events : [event]) {
    const to = pixelAt(one);
    if (!to) continue;
    const [x, y] = stroke.last, steps = Math.max(1, Math.ceil(2 * Math.hypot(to.column - x, to.row - y)));
    for (let i = 1; i <= steps; i++) dab([x + ((to.column - x) * i) / steps, y + ((to.row - y) * i) / steps]);
    stroke.last = [to.column, to.row];
  }
  if (stroke.tool === "pen" && !waiting && isFast()) {
    waiting = requestAnimationFrame(() => {
      waiting = 0;
      if (stroke) redraw({});
    });
  }
  show();
};

const endStroke = (event) => {
  if (!stroke || event.pointerId !== stroke.id) return;
  const next = copyStart(stroke), { before, tool: used } = stroke;
  state.pending = stroke;
  stroke = null;
  remember(before);
  if (used === "eraser") {
    next.dice++; // else the same numbers would draw the same again
    state.chosen = null; // all endings
  }
  send(next, used === "pen");
  show();
};

const PARTS = {
  top: (row) => row < run.height / 2,
  bottom: (row) => row >= run.height / 2,
  left: (_, column) => column < run.width / 2,
  right: (_, column) => column >= run.width / 2,
};

const withoutPart = (name) => {
  const from = current() === null && start ? start : canvasStart("eraser"), isErased = PARTS[name];
  const keep = from.keep.map((kept, i) => (isErased(Math.floor(i / run.width), i % run.width) ? 0 : kept));
  return { values: from.values.slice(), keep, dice: dice() + 1, end: -1, kind: "eraser" };
};

const erasePart = (name) => {
  const next = withoutPart(name);
  remember(start);
  state.chosen = null;
  lookAtPicture();
  send(next, false);
};

// Several endings side by side: of what is given, else of the upper half; pressed again, others.
const drawEndings = () => {
  const next = start ? { ...copyStart(start), dice: dice() + (run.count > 1) } : withoutPart("bottom");
  remember(start);
  start = next;
  asks++;
  state.chosen = null;
  lookAtPicture();
  trigger("endings", { start: encodeStart(next), number: asks });
};

/** Brings the picture into sight. */
export const lookAtPicture = () => canvas.scrollIntoView({ block: "nearest" });

const isEmptyBlank = () => state.blank && start?.kind === "blank" && start.end < 0;

// The pen begins on a blank canvas; on the picture that is there only when asked to.
const useTool = (name) => {
  if (name === "pen" && state.tool !== "pen" && !state.blank && !["pen", "blank"].includes(start?.kind)) openBlank();
  else if (name !== "pen" && isEmptyBlank()) leaveBlank();
  state.tool = name;
  if (name !== "look") lookAtPicture();
  show();
};

const leaveBlank = () => {
  state.blank = false;
  start = past.pop() ?? null;
  show();
};

const openBlank = () => {
  remember(start);
  // Digits and clothes lie on black, photographed things often before white.
  const values = new Uint8Array(run.size * run.channels).fill(isColour() ? run.levels - 1 : 0);
  start = { values, keep: new Uint8Array(run.size), dice: dice(), end: -1, kind: "blank" };
  state.blank = true;
  state.playing = false;
  if (run.count > 1) state.chosen ??= 0;
  announce("A blank canvas: draw on it with the pen.");
  state.tool = "pen";
  lookAtPicture();
  lookCloser(state.chosen);
};

const undo = () => {
  if (!past.length || stroke) return;
  const before = past.pop();
  if (before?.kind === "blank" && before.end < 0) {
    openBlank();
    past.pop();
  } else send(before, false);
};

/** Gives one pixel other values: those before it stay, and later ones are redrawn. */
export const change = (index, color) => {
  const { values } = canvasStart("pen");
  values.set(color, index * run.channels);
  state.picked = index;
  const keep = Uint8Array.from({ length: run.size }, (_, i) => (i <= index ? 1 : 0));
  start = { values, keep, dice: dice(), end: index, kind: "pen" };
  if (isFast()) redraw({});
  else {
    state.pending = { ...start, tool: "pen" }; // is seen until the model's answer comes
    show();
  }
};

const hint = () => {
  if (run && current() === null && !state.blank && state.tool !== "look") return "Click the picture that you want to work on.";
  return HINTS[state.tool](!run || isFast());
};

export const showTools = () => {
  const one = run && run.ready > 0 && (current() !== null || start?.kind === "eraser"), looking = state.tool === "look";
  for (const button of findAll("[data-erase]")) button.disabled = !one || state.blank;
  find(".endings").disabled = !run?.ready || isEmptyBlank() || (current() === null && !start);
  for (const button of findAll('[data-tool="pen"], [data-tool="eraser"]')) button.disabled = !run;
  find(".blank").disabled = !run;
  find(".undo").disabled = !past.length;
  find(".discard").hidden = !start || Boolean(stroke) || isEmptyBlank();
  find(".from").textContent = start?.kind === "eraser" ? "Starts from the part kept" : "Starts from your drawing";
  find(".over").hidden = !isEmptyBlank() || !run.done;
  find(".how").textContent = (run?.start && !stroke ? WHOSE : "") + hint();
  canvas.style.touchAction = looking ? "" : "none"; // a finger draws, or scrolls the page
  const overSheet = run?.count > 1 && current() === null;
  canvas.style.cursor = looking ? (overSheet ? "zoom-in" : "") : "crosshair";
  find(".ink").hidden = !(run && isColour() && state.tool === "pen");
  const index = run ? focus() : null;
  find(".change").classList.toggle("none", index === null || index === visibleCount()); // some channels are missing
  if (run) showValue(find(".change input"), index);
};

const showValue = (field, index) => {
  const type = isColour() ? "color" : "number";
  if (field.type !== type) field.type = type;
  if (index === null || document.activeElement === field || state.pending) return;
  const { values } = run.sheet[current()];
  field.value = isColour() ? toHex(index, values) : values[index];
};

canvas.addEventListener("pointerdown", startStroke);
canvas.addEventListener("pointermove", moveStroke);
for (const end of ["pointerup", "pointercancel", "lostpointercapture"]) canvas.addEventListener(end, endStroke);
for (const button of findAll("[data-tool]")) button.addEventListener("click", () => useTool(button.dataset.tool));
for (const button of findAll("[data-erase]")) {
  button.addEventListener("click", () => erasePart(button.dataset.erase));
}
find(".blank").addEventListener("click", openBlank);
find(".over").addEventListener("click", leaveBlank);
find(".endings").addEventListener("click", drawEndings);
find(".undo").addEventListener("click", undo);
find(".discard").addEventListener("click", () => {
  remember(start);
  if (state.tool === "pen") state.tool = "look";
  send(null, false);
});
element.addEventListener("keydown", (event) => {
  if (!(event.ctrlKey || event.metaKey) || event.shiftKey || event.key.toLowerCase() !== "z") return;
  if (event.target.closest("input")) return;
  event.preventDefault();
  undo();
});
