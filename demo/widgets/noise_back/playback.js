// Playback: the browser has the frames of a way, so no moment asks the model again.
import { clamp, find } from "../common.js";
import { buildTransport, placeAfter, showPlay } from "../player.js";
import { setFields } from "../shell.js";
import { paintMoment, showHead } from "./picture.js";
import { describeMoment } from "./readings.js";
import { announce, atEnd, end, shownIndex, state, trip } from "./state.js";

buildTransport("step", "the picture or the strip");
find(".stop").hidden = true; // each way is one answer of the server

let last = 0, frame = 0; // time of the last animation frame, and the next one's handle

const showButtons = () => {
  showPlay(trip && atEnd() ? "Replay" : state.playing || !trip ? "Pause" : "Resume", trip);
  find(".speed").value = state.speed;
};

/** Shows everything as it is now. */
export const show = () => {
  if (trip) {
    paintMoment();
    showHead();
    describeMoment();
    if (atEnd()) state.playing = false;
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
  state.at = Math.min(placeAfter(state.at, seconds, state.speed, end()), trip.frames.length - 1);
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

// A moment that the visitor stopped at belongs to the address.
const keepPlace = () => setFields("noise", { back_at: state.playing || atEnd() ? "" : shownIndex() });

export const toggle = () => {
  if (!trip) return;
  if (state.playing) state.playing = false;
  else {
    if (atEnd()) state.at = 0;
    play();
  }
  keepPlace();
  announce(state.playing ? "Playing" : "Paused");
  show();
};

export const goTo = (place) => {
  if (!trip) return;
  state.playing = false;
  state.at = clamp(place, 0, trip.frames.length - 1);
  keepPlace();
  show();
};
