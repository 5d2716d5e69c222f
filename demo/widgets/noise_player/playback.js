// Playback: the browser has the frames, so no moment asks the model again.
import { clamp, find, findAll, make, press } from "../common.js";
import { buildTransport, placeAfter, showPlay } from "../player.js";
import { setFields } from "../shell.js";
import { paint, paintStrip, showHead } from "./picture.js";
import { describe, forgetScores, seekScore } from "./readings.js";
import { announce, atEnd, current, end, run, setPlace, shownFrame, shownIndex, state } from "./state.js";

buildTransport("step", "the picture or the strip");

let last = 0, frame = 0; // time of the last animation frame, and the next one's handle

const showButtons = () => {
  showPlay(run && atEnd() ? "Replay" : state.playing || !run ? "Pause" : "Resume", run?.ready);
  find(".stop").disabled = !run || (run.over && !state.playing);
  const isWhole = Boolean(run?.done && !run.stopped);
  for (const button of findAll(".judge, .draw, .others")) button.disabled = !isWhole || current() === null;
  find(".save").disabled = !run?.ready;
  find(".animation").disabled = !run?.over;
  find(".speed").value = state.speed;
  press(findAll("[data-card]"), (button) => button.dataset.card === String(state.chosen ?? "all"));
};

/** Shows everything as it is now. */
export const show = () => {
  if (run?.ready) {
    paint();
    showHead();
    describe();
    if (atEnd()) {
      state.playing = false;
      if (!run.over) announce(`Complete: step ${shownFrame().step} of ${run.steps}`);
      run.over = true;
    }
  }
  showButtons();
  if (state.playing && !frame) frame = requestAnimationFrame(step);
};

const step = (now) => {
  frame = 0;
  if (!state.playing) return;
  const seconds = clamp(now - last, 0, 100) / 1000; // a hidden tab does not jump when it is back
  last = now;
  const before = shownIndex();
  // Never ahead of the model.
  state.at = Math.max(state.at, Math.min(placeAfter(state.at, seconds, state.speed, run.total - 1), run.ready - 1));
  if (shownIndex() !== before || atEnd()) show();
  else {
    showHead();
    frame = requestAnimationFrame(step);
  }
};

export const play = () => {
  state.playing = true;
  last = performance.now();
};

export const toggle = () => {
  if (!run?.ready) return;
  if (state.playing) state.playing = false;
  else {
    if (atEnd()) state.at = 0;
    play();
  }
  keepPlace();
  announce(state.playing ? "Playing" : "Paused");
  show();
};

// A moment that the visitor stopped at belongs to the address.
const keepPlace = () => setFields("noise", { at: state.playing || atEnd() ? "" : shownIndex() });

export const goTo = (place) => {
  if (!run?.ready) return;
  state.playing = false;
  setPlace(place);
  keepPlace();
  show();
};

export const stop = () => {
  if (!run) return;
  if (!run.done && run.ready) {
    run.stopped = run.over = true;
    trigger("stop");
    announce(`Stopped: ${run.ready - 1} of ${run.steps} steps kept`);
    paintStrip();
  }
  goTo(end());
};

/** Shows one picture of a sheet, or all. */
export const lookCloser = (which) => {
  state.chosen = which;
  forgetScores();
  paintStrip();
  show();
  seekScore();
};

/** The buttons of the pictures of a sheet. */
export const showCards = () => {
  find(".closer").hidden = run.pictures === 1;
  const names = run.pictures === 1 ? [] : ["all", ...Array.from({ length: run.pictures }, (_, i) => String(i + 1))];
  find(".closer .choice").replaceChildren(...names.map((name, i) => {
    const button = make("button", "", name);
    button.dataset.card = i ? String(i - 1) : "all";
    button.addEventListener("click", () => lookCloser(i ? i - 1 : null));
    return button;
  }));
};
