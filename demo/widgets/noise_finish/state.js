// What is chosen, and what the model made of the picture.
import { find } from "../common.js";

export const NAMES = Object.keys(props.models);
export const STEPS = [5, 10, 20, 40];
export const REPEATS = [1, 2, 4, 8];
export const MOST_STEPS = 80; // of an answer, all repeats counted
export const PARTS = ["top", "bottom", "left", "right", "paint"];
export const RESULTS = 4;

/** What is chosen where nothing else is. */
export const USUAL = {
  model: NAMES[0], mode: "noise", noise: 60, label: "any", seed: 0, steps: 5, keep: "top", erased: "", repeats: 4,
};

/** What is chosen. */
export const chosen = { ...USUAL };

/** What a choice is called in the address. */
export const fieldOfChoice = (name) => `finish_${name === "label" ? "class" : name}`;

/** Choices as fields of the address. */
export const toFields = (choices) =>
  Object.fromEntries(Object.entries(choices).map(([name, value]) => [fieldOfChoice(name), value]));

export const state = {
  erased: new Set(), // pixels that were erased by hand, by raster index
  brush: null, // where the keys have the brush: [column, row]
  looked: 0, // the result that is looked at
  result: null, // what was answered last: {question, start, pictures, reads, sure, seconds, calls}
};

/** What is said of the model. */
export const about = () => props.models[chosen.model];

/** The picture that is given, as the model sees it, in base64; nothing before there is one. */
export const given = () => (props.value ? JSON.parse(props.value).pictures[chosen.model] : undefined);

const isKept = {
  top: (_, row, { height }) => row < height / 2,
  bottom: (_, row, { height }) => row >= height / 2,
  left: (column, _, { width }) => column < width / 2,
  right: (column, _, { width }) => column >= width / 2,
  paint: (column, row, { width }) => !state.erased.has(row * width + column),
};

/** Which pixels are kept, row by row. */
export const mask = () => {
  const { width, height } = about();
  return Array.from({ length: width * height }, (_, i) =>
    isKept[chosen.keep](i % width, Math.floor(i / width), about()));
};

export const announce = (text) => { find(".live").textContent = text; };
