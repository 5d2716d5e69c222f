// What can be exported: a picture, an animation, and the start as a link carries it.
import { ask, downloadBlob, find, gifAddress, make } from "../common.js";
import { cellOf, drawFrame, paint } from "./picture.js";
import { focus, influences } from "./pixel.js";
import { announce, complain, current, run, state, visiblePictures } from "./state.js";

const ZOOM = 10; // screen pixels per pixel of a downloaded picture

const fileName = (ending, ...more) => {
  const which = run.count > 1 ? [current() === null ? run.count : `no${current() + 1}`] : [];
  const parts = [run.model, run.label, `seed${run.seed}`, `t${run.temperature}`, ...(run.guidance === 1 ? [] : [`g${run.guidance}`]), ...which, ...more];
  return parts.join("-").replace(/[^\w.-]/g, "_") + ending;
};

/** The picture that is looked at, for another tab: levels from 0 to 255. */
export const carriedPicture = () => {
  const { height, width, channels, levels, model } = run;
  const pixels = Array.from(run.sheet[current()].values, (value) => Math.round((value * 255) / (levels - 1)));
  return { pixels, height, width, channels, model };
};

export const savePicture = () => {
  const copy = make("canvas"), cell = cellOf(ZOOM);
  paint(copy, cell);
  if (influences()) drawFrame(copy.getContext("2d"), focus(), cell); // what they are influences on
  const name = fileName(".png", ...(state.view === "picture" ? [] : [state.view]));
  copy.toBlob((blob) => downloadBlob(name, blob));
};

export const saveAnimation = async () => {
  const button = find(".animation"), name = fileName(".gif");
  button.disabled = true;
  const pictures = visiblePictures().map(({ values }) => Array.from(values));
  const { gif, error } = await ask("record", { model: run.model, pictures });
  if (gif) {
    downloadBlob(name, await (await fetch(gifAddress(gif))).blob());
    announce("The animation is in your downloads.");
  } else complain(`There is no animation: ${error}`);
  button.disabled = false;
};

// Values, and one bit per pixel for what is given, in base64 that a link can carry; and how often something was erased.
export const encodeLink = ({ values, keep, dice }) => {
  const bits = new Uint8Array(Math.ceil(run.size / 8));
  keep.forEach((given, i) => { bits[i >> 3] |= given << (7 - (i & 7)); });
  const text = btoa(String.fromCharCode(...values, ...bits)).replaceAll("+", "-").replaceAll("/", "_");
  return dice ? `${text}.${dice}` : text;
};
