// Playback: the browser has the pixels, so no place in it asks the model again.
import { clamp, find, findAll, make, press } from "../common.js";
import { buildTransport, placeAfter, showPlay } from "../player.js";
import { showTools, stroke } from "./edit.js";
import { showMean } from "./mean.js";
import { CELL, cellOf, drawFrame, fitCanvas, paint, showLegend } from "./picture.js";
import { clearPixel, describePixel, focus } from "./pixel.js";
import { describeRun, drawCurves } from "./readings.js";
import { announce, atEnd, canvas, current, lookAway, part, run, setPlace, state, visibleCount } from "./state.js";

buildTransport("pixel", "the picture or the curve");

let last = 0, frame = 0; // time of the last animation frame, and the next one's handle

const showButtons = () => {
  const name = run && atEnd() ? "Replay" : state.playing || !run ? "Pause" : "Resume";
  showPlay(name, run?.ready && !state.blank);
  find(".stop").disabled = !run || (run.over && !state.playing);
  find(".save").disabled = !run || !visibleCount();
  find(".animation").disabled = !run?.done || run.stopped;
  for (const button of findAll(".judge, .walk")) button.disabled = !run?.done || run.stopped || current() === null;
  find(".speed").value = state.speed;
  const pressed = { view: state.view, tool: state.tool, card: String(state.chosen ?? "all") };
  for (const [kind, value] of Object.entries(pressed)) {
    press(findAll(`[data-${kind}]`), (button) => button.dataset[kind] === value);
  }
  showTools();
};

/** Shows everything as it is now. */
export const show = () => {
  if (run) {
    const index = focus();
    paint(canvas, cellOf(CELL));
    if (index !== null && !stroke) drawFrame(canvas.getContext("2d"), index, CELL);
    describeRun();
    describePixel();
    if (atEnd() && !run.over) {
      run.over = true;
      announce(`Complete: ${find(".number").textContent}`);
    }
    if (atEnd()) state.playing = false;
  }
  showLegend();
  showMean();
  // Of many pictures, or of none, no pixel is looked at; and the mean takes its place.
  find(".pixel").hidden = Boolean(run && (state.blank || current() === null || !find(".mean").hidden));
  showButtons();
  if (state.playing && !frame) frame = requestAnimationFrame(step);
};

// --- a sheet of pictures, and one of them

const cardNames = () => {
  if (run.count === 1) return [];
  return ["all", ...run.labels.map((label, i) => (new Set(run.labels).size > 1 ? label : String(i + 1)))];
};
export const showCards = () => {
  const names = cardNames();
  find(".closer").hidden = !names.length;
  find(".closer .choice").replaceChildren(...names.map((name, i) => {
    const button = make("button", "", name);
    button.dataset.card = i ? String(i - 1) : "all";
    button.addEventListener("click", () => lookCloser(i ? i - 1 : null));
    return button;
  }));
};
export const lookCloser = (which) => {
  state.chosen = which;
  lookAway();
  clearPixel();
  fitCanvas();
  drawCurves();
  show();
};

// --- moving

const step = (now) => {
  frame = 0;
  if (!state.playing) return;
  const seconds = clamp(now - last, 0, 100) / 1000; // a hidden tab does not jump when it is back
  last = now;
  if (state.speed !== "fast" && state.at < run.end) run.slow = true;
  const place = () => visibleCount() * run.channels + part(), before = place();
  state.at = Math.max(state.at, Math.min(placeAfter(state.at, seconds, state.speed, run.size), run.ready)); // never ahead of the model
  if (place() !== before || atEnd()) show();
  else frame = requestAnimationFrame(step);
};

export const play = () => {
  state.playing = true;
  last = performance.now();
};

export const toggle = () => {
  if (!run || state.blank) return;
  if (state.playing) state.playing = false;
  else {
    if (atEnd()) state.at = 0;
    state.picked = null;
    play();
  }
  announce(state.playing ? "Playing" : "Paused");
  show();
};

export const goTo = (place) => {
  if (!run || state.blank) return;
  state.playing = false;
  state.picked = state.pointed = state.pending = null;
  setPlace(place);
  show();
};

export const stop = () => {
  if (!run) return;
  if (run.over) { // a replay: all of it is there
    goTo(run.ready);
    return;
  }
  run.end = run.ready = state.at = visibleCount();
  run.stopped = run.over = true;
  state.playing = false;
  drawCurves();
  trigger("stop");
  announce(`Stopped: ${run.end} of ${run.size} pixels kept`);
  show();
};
