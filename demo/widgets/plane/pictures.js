// What the server knows of a plane: which part is shown, the dots on it, and decoded pictures all over it.
import { make, unpackBytes } from "../common.js";
import { picture, size, state } from "./coordinates.js";

/** Takes the part of the plane that is shown, and the dots there: "places" in 65,535ths of its edge, and their "labels". */
export const takeArea = (answer) => {
  const dots = new Uint16Array(unpackBytes(answer.dots).buffer);
  state.area = { ...answer, places: Array.from(dots, (x) => x / 65535), labels: unpackBytes(answer.labels) };
};

const loadImage = async (address) => {
  const image = new Image();
  image.src = address;
  await image.decode();
  const sheet = Object.assign(make("canvas"), { width: image.width, height: image.height });
  sheet.getContext("2d", { willReadFrequently: true }).drawImage(image, 0, 0);
  return sheet;
};
/** Takes the decoded pictures of count x count points. */
export const takeTiles = async ({ sprite }, count) => {
  state.sprite = await loadImage(sprite);
  state.count = count;
};

/** Paints the decoded picture of the nearest point that there is one of; that point, or nothing without any. */
export const paintNearest = (z) => {
  const { area, sprite, count } = state;
  if (!sprite) return null;
  const cell = area.span / count;
  const [i, j] = z.map((x, axis) => Math.min(count - 1, Math.floor((x - area.low[axis]) / cell)));
  picture.getContext("2d").drawImage(sprite, i * size, (count - 1 - j) * size, size, size, 0, 0, size, size);
  return [area.low[0] + (i + 0.5) * cell, area.low[1] + (j + 0.5) * cell];
};
