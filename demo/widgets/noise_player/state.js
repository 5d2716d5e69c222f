// What is played, and what the visitor looks at.
import { clamp, find } from "../common.js";
import { firstSpeed } from "../player.js";

export const picture = find(".picture");

export const state = {
  at: 0, // place of the playback, in frames; a fraction while it moves
  playing: false,
  speed: firstSpeed(),
  chosen: null, // the picture of a sheet that is looked at more closely; null for all
  wish: "", // the frame that an address asks for, until it is there
};

export let run = null; // what is drawn: its frames, and how many are there without a gap
export const startRun = (next) => { run = next; };

/** The picture that is looked at; null for all of a sheet. */
export const current = () => (run.pictures === 1 ? 0 : state.chosen);

/** The number of the last frame that there will be. */
export const end = () => (run.stopped ? run.ready : run.total) - 1;
export const shownIndex = () => Math.max(0, Math.min(Math.floor(state.at), run.ready - 1));
export const shownFrame = () => run.frames[shownIndex()];
export const atEnd = () => (run.done || run.stopped) && state.at >= end();

/** Goes to a place on the way. */
export const setPlace = (place) => { state.at = clamp(place, 0, run.ready - 1); };

export const announce = (text) => { find(".live").textContent = text; };

/** What is said of a model. */
export const about = () => props.models[run.model];
