// What can be exported: the picture as it is shown, and an animation of how it came to be.
import { ask, downloadBlob, find, gifAddress, make, packBytes } from "../common.js";
import { places } from "./picture.js";
import { announce, end, picture, run, shownFrame } from "./state.js";

const ZOOM = 10; // screen pixels per pixel of a downloaded picture
const MOST_FRAMES = 61, MOST_BYTES = 1_000_000; // of an animation; between them frames are left out, evenly

const fileName = (ending, ...more) =>
  [run.model, run.label, `seed${run.seed}`, ...more].join("-").replace(/[^\w.-]/g, "_") + ending;

export const savePicture = () => {
  const copy = make("canvas"), context = copy.getContext("2d");
  Object.assign(copy, { width: picture.width * ZOOM, height: picture.height * ZOOM });
  context.imageSmoothingEnabled = false;
  context.drawImage(picture, 0, 0, copy.width, copy.height);
  const name = fileName(".png", `step${shownFrame().step}`);
  copy.toBlob((blob) => downloadBlob(name, blob));
};

/** The levels of the pictures that are shown, of one frame. */
const shownLevels = ({ images }) => {
  const size = run.width * run.height * run.channels, { list } = places(), levels = new Uint8Array(size * list.length);
  list.forEach(({ index }, i) => { levels.set(images.subarray(index * size, (index + 1) * size), i * size); });
  return levels;
};

export const saveAnimation = async () => {
  const button = find(".animation"), name = fileName(".gif"), all = run.frames.slice(0, end() + 1);
  const count = Math.min(all.length, MOST_FRAMES, Math.floor(MOST_BYTES / shownLevels(all[0]).length));
  const chosen = Array.from({ length: count }, (_, i) => all[Math.round((i * (all.length - 1)) / Math.max(1, count - 1))]);
  button.disabled = true;
  const { gif, error } = await ask("record", { model: run.model, frames: chosen.map((frame) => packBytes(shownLevels(frame))) });
  if (gif) {
    downloadBlob(name, await (await fetch(gifAddress(gif))).blob());
    announce("The animation is in your downloads.");
  } else announce(`There is no animation: ${error}`);
  button.disabled = false;
};
