// What is seen: the picture, where it is expected to end, and twelve moments on the way.
import { find, findAll, paintPicture, resize } from "../common.js";
import { current, end, picture, run, shownFrame, shownIndex, state } from "./state.js";

const COLUMNS = { 1: 1, 4: 2, 16: 4 }; // of a sheet of pictures
const GAP = 1; // pixels between pictures
const MOMENTS = findAll(".strip canvas");

/** The pictures that are shown, with their places on the canvas. */
export const places = () => {
  const which = current() === null ? Array.from({ length: run.pictures }, (_, i) => i) : [current()];
  const columns = COLUMNS[which.length], [across, down] = [run.width + GAP, run.height + GAP];
  return {
    width: columns * across - GAP,
    height: Math.ceil(which.length / columns) * down - GAP,
    list: which.map((index, i) => ({ index, x: (i % columns) * across, y: Math.floor(i / columns) * down })),
  };
};

const piece = document.createElement("canvas"); // one picture, to be put in its place

/** Paints the pictures of some levels into a canvas; without any, it is emptied. */
export const paintSheet = (canvas, levels) => {
  const { width, height, list } = places(), context = canvas.getContext("2d");
  resize(canvas, width, height);
  context.clearRect(0, 0, width, height);
  if (!levels) return;
  resize(piece, run.width, run.height);
  for (const { index, x, y } of list) {
    paintPicture(piece, { levels, width: run.width, height: run.height, channels: run.channels }, { index });
    context.drawImage(piece, x, y);
  }
};

/** How many moments the strip shows, and the frame of each. */
const momentCount = () => Math.min(MOMENTS.length, end() + 1);
const momentFrame = (moment) => (momentCount() < 2 ? 0 : Math.round((moment * end()) / (momentCount() - 1)));

/** Paints the strip anew, as far as its frames are there. */
export const paintStrip = () => {
  MOMENTS.forEach((canvas, moment) => {
    const isThere = moment < momentCount();
    canvas.classList.toggle("none", !isThere);
    paintSheet(canvas, isThere ? run.frames[momentFrame(moment)]?.images : null);
  });
};

// The moments are spread over the strip; the first and the last lie half a picture from its ends.
const MARGIN = 0.5 / MOMENTS.length;

/** The frame at a share of the strip's width: the middle of each picture is its moment. */
export const frameAt = (share) => Math.round(((share - MARGIN) / (1 - 2 * MARGIN)) * end());

/** Shows the place of the playback on the strip. */
export const showHead = () => {
  const along = end() ? Math.min(state.at, run.ready - 1) / end() : 0;
  find(".head").style.left = `${100 * (MARGIN + along * (1 - 2 * MARGIN))}%`;
};

/** Shows the picture and its expected end, as they are at the place of the playback. */
export const paint = () => {
  const { images, ending } = shownFrame(), last = shownIndex() === run.total - 1;
  paintSheet(picture, images);
  // At the end there is nothing left to expect, and before the first step nothing was asked.
  const next = ending ?? (last ? images : run.frames[1]?.ending);
  paintSheet(find(".ending"), run.guesses ? next : null);
};
