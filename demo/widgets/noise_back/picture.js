// The pictures: the moment, twelve of them, the noise, and what came back.
import { clamp, find, findAll, paintPicture, resize } from "../common.js";
import { about, end, picture, shownFrame, state, trip } from "./state.js";

const GREYS = 42; // levels that a standard deviation of the noise is shown as
const MOMENTS = findAll(".strip canvas");

const paint = (canvas, levels) => {
  const { width, height, channels } = about();
  resize(canvas, width, height);
  if (levels) paintPicture(canvas, { levels, width, height, channels });
  else canvas.getContext("2d").clearRect(0, 0, width, height);
};

const momentFrame = (moment) => Math.round((moment * end()) / (MOMENTS.length - 1));

/** Paints the strip anew, as far as its frames are there. */
export const paintStrip = () => {
  MOMENTS.forEach((canvas, moment) => { paint(canvas, trip.frames[momentFrame(moment)]?.levels); });
};

/** The frame at a share of the strip's width: the middle of each picture is its moment. */
export const frameAt = (share) => Math.round(((share * MOMENTS.length - 0.5) / (MOMENTS.length - 1)) * end());

/** Shows the place of the playback on the strip. */
export const showHead = () => {
  const along = (clamp(state.at, 0, trip.frames.length - 1) / end()) * (MOMENTS.length - 1);
  find(".head").style.left = `${(100 * (0.5 + along)) / MOMENTS.length}%`;
};

export const paintMoment = () => paint(picture, shownFrame().levels);

/** Paints the noise, and what came back of it; nothing of what is not there yet. */
export const paintEnds = () => {
  paint(find(".noise"), Uint8Array.from(trip.noise, (z) => clamp(Math.round(127.5 + GREYS * z), 0, 255)));
  paint(find(".returned"), trip.back && trip.frames[end()].levels);
};
