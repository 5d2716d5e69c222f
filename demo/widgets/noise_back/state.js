// What travels, and where on the way the viewer is.
import { clamp, find } from "../common.js";
import { firstSpeed } from "../player.js";

export const picture = find(".picture");

export const state = {
  model: Object.keys(props.models)[0],
  seed: 0,
  at: 0, // place of the playback, in frames; a fraction while it moves
  playing: false,
  speed: firstSpeed(),
  wish: "", // the frame that an address asks for, until it is there
};

/**
 * The trip: {model, picture, frames, turn, steps, there, back}; frames of both ways, the number of that with the noise,
 * the steps of a way, and what the server said of each way.
 */
export let trip = null;
export const startTrip = (next) => { trip = next; };

/** What is said of the model. */
export const about = () => props.models[trip?.model ?? state.model];

/** The number of the last frame that there will be. */
export const end = () => 2 * trip.turn;
export const shownIndex = () => clamp(Math.floor(state.at), 0, trip.frames.length - 1);
export const shownFrame = () => trip.frames[shownIndex()];
export const atEnd = () => Boolean(trip.back) && state.at >= end();

export const announce = (text) => { find(".live").textContent = text; };
