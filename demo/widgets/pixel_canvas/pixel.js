// Where one pixel came from: which one is looked at, and which pixels it depends on. The server knows when asked.
import { find, findAll, formatNumber } from "../common.js";
import { stroke, worked } from "./edit.js";
import { setFields } from "../shell.js";
import { charts, probabilityText, showExplanation } from "./histogram.js";
import { CELL, cellOf, places } from "./picture.js";
import { lookCloser, show } from "./playback.js";
import { asker } from "./questions.js";
import { sheetCaption } from "./readings.js";
import {
  atEnd, canvas, colorText, current, isColour, NAMES, part, placeText, run, state, valuesOf, visibleCount,
} from "./state.js";

const PATIENCE = 250; // milliseconds between questions while the playback runs

let askedAt = 0; // when the last question was asked
let ties = null; // the last influences: on which pixel of which run, how strong

const modelTitle = (name) => props.models.find((model) => model.name === name)?.title ?? name;

const mostSurprising = (count) => {
  const { logProb } = run.sheet[current()];
  let most = 0;
  for (let i = 1; i < count; i++) if (logProb[i] < logProb[most]) most = i;
  return most;
};

/** The pixel that is looked at, if any: under the pointer, else picked, else where the playback is. */
export const focus = () => {
  if (current() === null) return null; // on a sheet of pictures no pixel is looked at
  const count = visibleCount();
  for (const index of [state.pointed, state.picked]) if (index !== null && index < count) return index;
  if (part()) return count;
  if (!count) return null;
  return atEnd() ? mostSurprising(count) : count - 1;
};

export const influences = () =>
  (state.view === "depends" && ties && ties.run === run.id && ties.index === focus() ? ties : null);

const question = (index) => ({
  model: run.model,
  values: Array.from(run.sheet[current()].values),
  index,
  label: run.labels[current()],
  temperature: run.temperature,
  guidance: run.guidance,
  other: find(".compare select").value || null,
  rival: find(".rivals select").value || null,
  run: run.id,
  part: index === visibleCount() ? part() : 0,
  picture: current(),
});

export const clearPixel = () => {
  state.asked = "";
  for (const path of findAll(".histogram path")) path.setAttribute("d", "");
  for (const node of findAll(".pixel .entropy, .answer, .chart .top")) node.textContent = "";
  find(".title").textContent = "Hover over a pixel, or step, to see its probabilities.";
  for (const chart of charts()) {
    chart.querySelector(".histogram").setAttribute("aria-label", "No pixel chosen yet");
    chart.querySelector(".pointer").hidden = true;
  }
};

const rowsBetween = (i, index) => Math.floor(index / run.width) - Math.floor(i / run.width);
const columnsBetween = (i, index) => Math.abs((index % run.width) - (i % run.width));

// How far a pixel sees, in rows and columns: what it does not see within that is its blind spot.
const reachOf = (index, strength) =>
  Math.max(0, ...strength.map((nats, i) => (nats > 0 ? Math.max(rowsBetween(i, index), columnsBetween(i, index)) : 0)));
const isNear = (i, index, reach) => rowsBetween(i, index) <= reach && columnsBetween(i, index) <= reach;

const showInfluences = ({ index, run: id, rival: name, model }, { strength, rival }) => {
  const most = Math.max(...strength, 0), reach = reachOf(index, strength);
  const where = strength.indexOf(most), seen = strength.filter((nats) => nats > 0).length;
  // What only the other model sees: 2 in the blind spot, 1 out of reach.
  const missed = rival?.map((nats, i) => (nats > 0 && !(strength[i] > 0) ? 1 + isNear(i, index, reach) : 0));
  const count = (kind) => missed.filter((what) => what === kind).length;
  const own = seen ? `sees ${seen} of the ${index} before it, most of all ${placeText(where)}.` : "sees none before it.";
  const more = missed
    ? ` “${modelTitle(name)}” also sees ${count(2)} in the blind spot of “${modelTitle(model)}” (orange) ` +
      `and ${count(1)} out of its reach (brown).`
    : "";
  ties = { run: id, index, strength, missed, most: most || 1, says: `The framed pixel ${own}${more}` };
  show();
};

// What is said of a pixel that no one pointed at or picked appears with its bars: all that is read is about one pixel.
const captions = new WeakMap(); // by the question that was asked
const isChosen = () => state.pointed !== null || state.picked !== null;
const showAnswer = (question, answer) => {
  showExplanation(question, answer);
  if (!isChosen()) find(".caption").textContent = captions.get(question);
};

const askExplain = asker("explain", showAnswer), askDepends = asker("depends", showInfluences);

const caption = (index, begun) => {
  const picture = run.sheet[current()], nats = -picture.logProb[index], color = valuesOf(picture.values, index);
  const chances = `surprise ${formatNumber(nats, 2)}, entropy ${formatNumber(picture.entropy[index], 2)} nats`;
  if (begun) {
    const names = NAMES.slice(0, begun).join(" and ");
    return `${placeText(index)} · ${colorText(color.slice(0, begun))}\nnext its ${NAMES[begun]}, given ${names}`;
  }
  const given = run.start?.keep[index] ? " · given" : "";
  const why = isChosen() || !atEnd() ? "" : isColour() ? " · most surprising" : " · the most surprising pixel";
  if (isColour()) return `${placeText(index)} · ${colorText(color)}\n${chances}${given}${why}`;
  return `${placeText(index)} · ${colorText(color)}${given}${why}\n${probabilityText(Math.exp(-nats))} · ${chances}`;
};

// What is said where no pixel is looked at.
const emptyCaption = () => {
  if (state.blank) return "A blank canvas: draw on it with the pen.";
  return run.count > 1 && current() === null ? sheetCaption() : "Nothing drawn yet";
};

/** Called at every change of what is shown: asks about the pixel that is looked at, unless it has. */
export const describePixel = () => {
  const index = focus();
  const begun = index === visibleCount() ? part() : 0; // channels of the next pixel that are there
  if (index === null) find(".caption").textContent = emptyCaption();
  else if (isChosen()) find(".caption").textContent = caption(index, begun);
  if (index === null || stroke) return; // first the picture, then the questions about it
  const rival = state.view === "depends" && `${find(".rivals select").value}*`;
  const key = [run.id, current(), index, begun, find(".compare select").value, rival].join();
  const free = state.playing && !atEnd() && !isChosen();
  if (key === state.asked || (free && performance.now() - askedAt < PATIENCE)) return;
  state.asked = key;
  askedAt = performance.now();
  const asked = question(index);
  captions.set(asked, caption(index, begun));
  askExplain(asked);
  if (state.view === "depends") askDepends(asked);
};

/** The pixel of a picture under the pointer, if both are there. */
export const pixelAt = (event) => {
  const box = canvas.getBoundingClientRect(), cell = cellOf(CELL);
  const across = ((event.clientX - box.left - canvas.clientLeft) / canvas.clientWidth) * canvas.width;
  const down = ((event.clientY - box.top - canvas.clientTop) / canvas.clientHeight) * canvas.height;
  for (const { picture, x, y } of places(cell).list) {
    const [column, row] = [(across - x) / cell, (down - y) / cell];
    const inside = column >= 0 && row >= 0 && column < run.width && row < run.height;
    if (inside) return { picture, row, column, index: Math.floor(row) * run.width + Math.floor(column) };
  }
  return null;
};

canvas.addEventListener("pointermove", (event) => {
  if (stroke || !run) return;
  const under = event.pointerType !== "touch" ? pixelAt(event) : null; // a finger taps, or scrolls the page
  const index = under && under.index < visibleCount() ? under.index : null, picture = under?.picture ?? null;
  if (index === state.pointed && picture === state.hovered) return;
  state.pointed = index;
  state.hovered = picture;
  show();
});
canvas.addEventListener("pointerleave", () => {
  state.pointed = state.hovered = null;
  show();
});
canvas.addEventListener("click", (event) => {
  const under = run ? pixelAt(event) : null;
  if (!under || worked) return; // a stroke ends in a click
  if (current() === null) lookCloser(under.picture);
  else if (state.tool === "look" && under.index < visibleCount()) {
    state.picked = state.picked === under.index ? null : under.index;
    setFields("draw", { pixel: state.picked ?? "" });
  }
  show();
});
for (const select of findAll("select")) {
  select.addEventListener("change", () => { if (run) describePixel(); });
}
