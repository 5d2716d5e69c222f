// What is drawn, what the visitor looks at, and simple questions about both.
import { clamp, find } from "../common.js";
import { firstSpeed } from "../player.js";

export const canvas = find("canvas");
export const NAMES = ["red", "green", "blue"];

/** What the visitor looks at, and with what. */
export const state = {
  at: 0, // place of the playback, in pixels; a fraction while it moves
  playing: false,
  speed: firstSpeed(),
  view: "picture",
  tool: "look",
  chosen: null, // the picture of a sheet that is looked at more closely; null for all
  blank: false, // whether a blank canvas lies over the picture, to be drawn on
  pending: null, // a stroke that has ended, until a drawing knows of it
  pointed: null, // the pixel under the pointer
  picked: null, // one that was clicked or tapped
  hovered: null, // the picture under the pointer
  asked: "", // the last question about a pixel
  wish: null, // what an address asks to be looked at: {beside, pixel}, until it is drawn
};

export let run = null; // what is drawn: pictures, pixels by raster index, and how many are there without a gap
export const startRun = (next) => { run = next; };

/** The picture that is looked at; null for all of a sheet. */
export const current = () => (run.count === 1 ? 0 : state.chosen);
export const visiblePictures = () => (current() === null ? run.sheet : [run.sheet[current()]]);
export const visibleCount = () => (state.blank ? 0 : Math.min(Math.floor(state.at), run.ready));
/** Of the next pixel, the channels that are there: red, then red and green. Of grey there is nothing in between. */
export const part = () => {
  if (state.blank) return 0;
  const rest = Math.min(state.at, run.ready) - visibleCount();
  return Math.min(run.channels - 1, Math.floor(rest * run.channels + 1e-6));
};
export const atEnd = () => (run.done || run.stopped) && state.at >= run.end;
export const lookAway = () => { state.pointed = state.picked = state.hovered = null; };

// Grey has one channel, and is spoken of without naming it.
export const isColour = () => run.channels > 1;
export const shades = () => (isColour() ? "levels" : "greys");
export const shade = () => (isColour() ? "colour" : "grey");
export const valuesOf = (values, i) => Array.from(values.subarray(i * run.channels, (i + 1) * run.channels));
export const blindGuess = () => run.channels * Math.log(run.levels); // nats of surprise when guessing a pixel blindly

/** On the screen: of a colour the first channels, black being what the others do not add yet. */
export const onScreen = (values, i, channels = run.channels) => [0, 1, 2].map((c) => {
  const level = isColour() ? (c < channels ? values[3 * i + c] : 0) : values[i];
  return (level * 255) / (run.levels - 1);
});

export const labelText = (label) => (label === "any" ? "any class" : `class ${label}`);
export const colorText = (values) =>
  (isColour() ? values.map((value, c) => `${NAMES[c]} ${value}`).join(", ") : `value ${values[0]}`);
export const placeText = (index) => `row ${Math.floor(index / run.width) + 1}, column ${(index % run.width) + 1}`;

export const announce = (text) => { find(".live").textContent = text; };
export const complain = (text) => {
  state.asked = "";
  find(".answer").textContent = text;
};

/** Goes to a place in the drawing. */
export const setPlace = (place) => { state.at = clamp(place, 0, run.ready); };
