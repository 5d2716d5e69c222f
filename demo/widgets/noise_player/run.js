// The frames of a run, as they come from the server; messages.py says when they come, and in which order.
import { find, unpackBytes } from "../common.js";
import { showTaking } from "../taking.js";
import { paintStrip, places } from "./picture.js";
import { play, show, showCards } from "./playback.js";
import { forgetScores, seekScore } from "./readings.js";
import { announce, run, startRun, state } from "./state.js";

/**
 * @typedef {{step: number, title: string, at: number, calls: number, images: string, ending: string | null}} FrameMessage
 * @typedef {{seconds: number, reads: string[] | null, sure: number[] | null}} DoneMessage
 * @typedef {{
 *   run: number, model: string, label: string, seed: number, guidance: number, temperature: number, method: string,
 *   pictures: number, channels: 1 | 3, height: number, width: number, steps: number, total: number, first: number,
 *   frames: FrameMessage[], done?: DoneMessage,
 * }} PlayerMessage
 */

const begin = (/** @type {PlayerMessage} */ message) => {
  if (run?.pictures !== message.pictures) state.chosen = null;
  const { first, frames, ...head } = message;
  startRun({ ...head, number: message.run, frames: [], ready: 0, done: null, guesses: false, stopped: false, over: false });
  state.at = 0;
  const { width, height } = places();
  for (const stage of ["now", "later"]) find(`.${stage} canvas`).style.aspectRatio = `${width} / ${height}`;
  showTaking(message.model);
  showCards();
  forgetScores();
  play();
  announce("Drawing");
};

// The moment that an address asks for.
const visitWish = () => {
  if (!state.wish || run.ready <= Number(state.wish)) return;
  state.at = Number(state.wish);
  state.playing = false;
  state.wish = "";
};

/**
 * Takes what the server has drawn. It numbers its drawings, and a lower number comes too late.
 * @param {PlayerMessage | null} message
 */
export const take = (message) => {
  if (!message || (run && message.run < run.number)) return;
  if (!run || message.run > run.number) begin(message);
  if (run.stopped || run.done) return;
  message.frames.forEach(({ images, ending, ...rest }, i) => {
    run.frames[message.first + i] ??= { ...rest, images: unpackBytes(images), ending: ending && unpackBytes(ending) };
    if (ending) run.guesses = true;
  });
  while (run.frames[run.ready]) run.ready++;
  if (message.done) run.done = message.done;
  paintStrip();
  visitWish();
  show();
  if (run.done) {
    state.wish = "";
    seekScore();
  }
};

export const receive = () => take(props.value && JSON.parse(props.value));
