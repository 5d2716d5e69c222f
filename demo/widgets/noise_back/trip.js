// The trip: to the noise, and back.
import { askNewest } from "../asker.js";
import { find, showText, unpackBytes } from "../common.js";
import { paintEnds, paintStrip } from "./picture.js";
import { play, show } from "./playback.js";
import { describeNoise, describeTrip } from "./readings.js";
import { about, announce, startTrip, state, trip } from "./state.js";

let newest = null; // the question that is to be answered

const complain = (error) => showText(find(".problem"), error);

const framesOf = ({ images, titles }) => {
  const levels = unpackBytes(images), size = levels.length / titles.length;
  return titles.map((title, i) => ({ title, levels: levels.subarray(i * size, (i + 1) * size) }));
};

// The moment that an address asks for.
const visitWish = () => {
  if (!state.wish || trip.frames.length <= Number(state.wish)) return;
  state.at = Number(state.wish);
  state.playing = false;
  state.wish = "";
};

const showThere = (question, answer) => {
  const { model, picture } = question, frames = framesOf(answer), turn = frames.length - 1;
  const noise = new Float32Array(unpackBytes(answer.noise).buffer);
  startTrip({ question, model, picture, frames, turn, steps: turn, noise, there: answer, back: null });
  showText(find(".problem"), "");
  state.at = 0;
  play();
  visitWish();
  paintEnds();
  paintStrip();
  describeNoise();
  describeTrip();
  show();
  askBack({ model, picture, noise: answer.noise, trip: question });
};

const showBack = (_, answer) => {
  trip.frames.push(...framesOf(answer).slice(1));
  trip.back = answer;
  visitWish();
  state.wish = "";
  paintEnds();
  paintStrip();
  describeTrip();
  announce("Back again");
  show();
};

const askThere = askNewest("there", showThere, complain, (question) => question === newest);
const askBack = askNewest("back", showBack, complain, ({ trip: question }) => question === newest && trip?.question === question);

/** Sends the picture that is given on its way, as the model and the seed are now. */
export const travel = () => {
  const picture = props.value ? JSON.parse(props.value).pictures[state.model] : undefined;
  if (!picture) return;
  newest = { model: state.model, picture, seed: state.seed };
  askThere(newest);
};

/** Gives the pictures their place before they are there. */
export const shape = () => {
  const { width, height } = about();
  for (const name of ["picture", "noise", "returned"]) find(`.${name}`).style.aspectRatio = `${width} / ${height}`;
};
