// The pixels of a run, as they come from the server; messages.py says when they come, and in which order.
import { find } from "../common.js";
import { setFields } from "../shell.js";
import { adopt, encodeStart, forget, lookAtPicture, start } from "./edit.js";
import { encodeLink } from "./export.js";
import { makeCharts } from "./histogram.js";
import { fitCanvas } from "./picture.js";
import { clearPixel } from "./pixel.js";
import { play, show, showCards } from "./playback.js";
import { drawCurves } from "./readings.js";
import { announce, labelText, lookAway, run, startRun, state } from "./state.js";

/**
 * @typedef {{values: number[], keep: string, dice: number}} StartMessage values of every pixel in
 *   raster order, a one for each that is given, else a zero, and how often something was erased
 * @typedef {{log_prob: number[], share: number[] | null, of: number | null, usual: number | null,
 *   reads: string[] | null, sure: number[] | null}} DoneMessage what is known of whole pictures: log p(x) in nats, the share
 *   of so many real pictures that are less likely, their bits per value, and as what a classifier reads them
 * @typedef {{
 *   run: number, model: string, channels: 1 | 3, height: number, width: number, levels: number, classes: string[],
 *   subject: [string, string], labels: string[], label: string, pictures: string, seed: number, temperature: number,
 *   guidance: number, start: StartMessage | null, live: boolean, asked?: number,
 *   index: number, values: number[][], log_prob: number[][], entropy: number[][],
 *   done?: DoneMessage, seconds?: number,
 * }} CanvasMessage
 */

const SAME = ["model", "label", "seed", "temperature", "guidance", "pictures", "size", "given"];

let runs = 0; // how many there have been

// The same picture once more: what is known of it need not be forgotten.
const repeat = (number) => {
  run.number = number;
  run.over = false;
  state.blank = false;
  if (state.speed !== "fast") state.at = run.first;
  takeWish();
  play();
};

// What an address asks to be looked at, of the drawing that comes with it.
const takeWish = () => {
  const { wish } = state;
  if (!wish) return;
  state.wish = null;
  if ([...find(".rivals select").options].some(({ value }) => value === wish.beside)) find(".rivals select").value = wish.beside;
  const pixel = Number(wish.pixel || Number.NaN);
  state.picked = Number.isInteger(pixel) && pixel >= 0 && pixel < run.size ? pixel : null;
};

const decodeStart = (message) =>
  message && { values: Uint8Array.from(message.values), keep: Uint8Array.from(message.keep), dice: message.dice };

const makePicture = (size, channels) => ({
  values: new Uint8Array(size * channels),
  logProb: new Float64Array(size),
  entropy: new Float64Array(size),
  sums: new Float64Array(size + 1),
});

const fillSelect = (select, options) => {
  const before = select.value;
  while (select.options.length > 1) select.options[1].remove();
  for (const [value, text] of options) select.append(new Option(text, value));
  select.value = options.some(([value]) => value === before) ? before : "";
};

// Other models that know the same classes, and pictures of the same levels.
const rivals = ({ model, levels, classes }) => props.models
  .filter((other) => other.name !== model && other.levels === levels && String(other.classes) === String(classes))
  .map(({ name, title }) => [name, title]);

const hasShape = ({ width, height, channels, levels }) =>
  run.width === width && run.size === height * width && run.channels === channels && run.levels === levels;

const begin = (/** @type {CanvasMessage} */ message) => {
  const { channels, height, width, levels, labels, label, classes, subject, live } = message;
  const { model, seed, temperature, guidance, pictures } = message;
  const size = height * width, count = labels.length, from = decodeStart(message.start);
  const next = { model, label, seed, temperature, guidance, pictures, size, given: JSON.stringify(message.start) };
  if (run && !run.stopped && run.done && !live && SAME.every((name) => run[name] === next[name])) {
    repeat(message.run);
    return;
  }
  // The pointer is moving: stay at this place, so that the picture changes under it.
  const stay = live && run && run.size === size && !state.blank && !run.stopped;
  if (run && !hasShape(message)) forget(); // of no use to this model
  if (run?.count !== count) state.chosen = null;
  state.blank = false;
  startRun({
    ...next, live, count, channels, height, width, levels, labels, classes, subject,
    id: ++runs,
    number: live ? run?.number : message.run,
    start: from,
    first: from ? Math.max(0, from.keep.indexOf(0)) : 0, // where the model's own part begins
    ready: 0, end: size, done: null, stopped: false, over: false, slow: false, known: new Uint8Array(size),
    sheet: labels.map(() => makePicture(size, channels)),
  });
  if (!live && from && run.given !== JSON.stringify(encodeStart(start))) lookAtPicture(); // it comes from elsewhere
  setFields("draw", { given: from ? encodeLink(from) : "" });
  if (!stay) {
    state.at = live ? size : run.first;
    lookAway();
    clearPixel();
  }
  makeCharts(channels);
  if (!live) adopt(message.asked);
  if (run.given === JSON.stringify(encodeStart(start))) state.pending = null;
  fitCanvas();
  const others = classes.filter((name) => name !== label);
  fillSelect(find(".compare select"), others.map((name) => [name, labelText(name)]));
  fillSelect(find(".rivals select"), rivals(message));
  takeWish();
  showCards();
  play();
  announce("Drawing");
};

/**
 * Takes what the server has drawn. It numbers its drawings, and a lower number comes too late. What is drawn under the
 * pointer has no place in that order: it goes on from the drawing that is there, and the next of the server's own takes
 * its place.
 * @param {CanvasMessage | null} message
 */
export const take = (message) => {
  if (!message) return;
  if (!message.live && run && (run.live ? message.run <= run.number : message.run < run.number)) return;
  if (message.live || !run || message.run > run.number) begin(message);
  if (run.stopped) return;
  run.sheet.forEach((picture, which) => {
    picture.values.set(message.values[which], message.index * run.channels);
    picture.logProb.set(message.log_prob[which], message.index);
    picture.entropy.set(message.entropy[which], message.index);
  });
  run.known.fill(1, message.index, message.index + message.log_prob[0].length);
  while (run.ready < run.size && run.known[run.ready]) run.ready++;
  for (const { sums, logProb } of run.sheet) for (let i = 0; i < run.ready; i++) sums[i + 1] = sums[i] + logProb[i];
  if (message.done) run.done = { ...message.done, seconds: message.seconds };
  drawCurves();
  show();
};

export const receive = () => take(props.value && JSON.parse(props.value));
