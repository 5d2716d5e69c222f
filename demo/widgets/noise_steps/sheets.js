// The sheets: drawn by questions of a second at most, the one that is looked at first; the long ones when they are asked for.
import { ask, paintPicture, unpackBytes } from "../common.js";
import { about, passes, state } from "./state.js";

const CHEAP = 16, SHORT = 64; // passes through the network for a picture, up to which a sheet is drawn unasked, and when it is looked at
const sheets = new Map(); // by what was asked for
const wanted = new Set(); // long ones that the visitor asked for

let drawing = false;
let halted = false;
let problem = "";
let pace = 0.004; // seconds for a pass, as it was in the last answer
let changed = () => {};

const keyOf = (steps) => JSON.stringify([state.model, state.method, steps, state.guidance, state.seed]);

/** What there is of a sheet: {pictures, reads, right, sure, calls, seconds}; pictures that are not drawn yet are missing. */
export const sheetOf = (steps = state.steps) => {
  const key = keyOf(steps);
  if (!sheets.has(key)) sheets.set(key, { pictures: [], reads: [], sure: [], right: [], calls: 0, seconds: 0 });
  return sheets.get(key);
};

export const size = () => about().asked.length;
export const isDone = (steps) => sheetOf(steps).pictures.length === size();
export const isShort = (steps) => passes(steps) <= (steps === state.steps ? SHORT : CHEAP);
export const isWanted = (steps) => isShort(steps) || wanted.has(keyOf(steps));
export const isHalted = () => halted;
export const isDrawing = () => drawing;
export const problemText = () => problem;

/** Seconds that are still to come of a sheet, roughly. */
export const remaining = (steps) => pace * passes(steps) * (size() - sheetOf(steps).pictures.length);

/** The next sheet to be drawn: the one that is looked at, then the short ones, then those that were asked for. */
const next = () => {
  const { stations } = about().methods.find(({ name }) => name === state.method);
  const order = [state.steps, ...stations];
  return order.find((steps) => isWanted(steps) && !isDone(steps));
};

const drawMore = async (steps) => {
  const sheet = sheetOf(steps), { model, method, guidance, seed } = state, { width, height, channels } = about();
  const first = sheet.pictures.length, count = Math.min(size() - first, Math.max(1, Math.floor(props.most_passes / passes(steps))));
  const work = passes(steps) * count;
  const answer = await ask("sheet", { model, method, steps, guidance, seed, first, count });
  problem = answer.error ?? "";
  if (problem) return false;
  const levels = unpackBytes(answer.images), each = width * height * channels;
  for (let i = 0; i < count; i++) sheet.pictures[first + i] = levels.slice(i * each, (i + 1) * each);
  for (const part of ["reads", "sure", "right"]) sheet[part].push(...(answer[part] ?? Array(count).fill(null)));
  sheet.calls = answer.calls;
  sheet.seconds += answer.seconds;
  pace = answer.seconds / work;
  return true;
};

/** Draws what is wanted, question by question, until nothing is left, or an answer says why not. */
export const drawAll = async (isSeen) => {
  if (drawing) return;
  drawing = true;
  while (!halted && isSeen() && next() !== undefined) {
    changed();
    if (!(await drawMore(next()))) break;
  }
  drawing = false;
  changed();
};

export const halt = () => { halted = true; };
/** Draws on, and a long sheet as well if it is named. */
export const resume = (steps = null) => {
  halted = false;
  problem = "";
  if (steps !== null) wanted.add(keyOf(steps));
};
export const onChange = (listener) => { changed = listener; };

/** Paints as much of a sheet as there is, four pictures side by side. */
export const paintSheet = (canvas, steps) => {
  const { width, height, channels } = about(), { pictures } = sheetOf(steps), columns = 4;
  Object.assign(canvas, { width: columns * (width + 1) - 1, height: Math.ceil(size() / columns) * (height + 1) - 1 });
  const piece = Object.assign(document.createElement("canvas"), { width, height }), context = canvas.getContext("2d");
  pictures.forEach((levels, i) => {
    paintPicture(piece, { levels, width, height, channels });
    context.drawImage(piece, (i % columns) * (width + 1), Math.floor(i / columns) * (height + 1));
  });
};
