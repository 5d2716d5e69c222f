// What each step from noise to the picture adds to log p(x): bars, of which those of the moment stand out.
import { barsChart, signed } from "../bars.js";
import { find, findAll, formatNumber } from "../common.js";
import { setParts } from "../wording.js";
import { about, run, shownIndex } from "./state.js";

let told = null; // of the finished picture: the noise's own share, the steps, and all together

export const forgetSteps = () => {
  told = null;
  find(".steps").hidden = true;
};

/** Takes what was found of the picture. */
export const showSteps = (answer) => {
  told = answer;
  find(".steps").hidden = false;
  const start = { name: "the noise, and the place within levels", nats: told.start, step: 0 };
  const { layers } = about();
  find(".chart").innerHTML = barsChart([start, ...told.steps.map(({ title, nats, at }) => ({
    name: layers ? title : `from ${title}`, nats, step: frameOf(at),
  }))]);
  describeSteps();
};

// The first frame that is so far on the way.
const frameOf = (at) => Math.max(1, run.frames.findIndex((frame) => frame.at >= at - 1e-4));

/** Says what the steps to the moment that is shown have added. */
export const describeSteps = () => {
  if (!told) return;
  const index = shownIndex();
  for (const bar of findAll(".chart g")) bar.classList.toggle("now", Number(bar.dataset.step) === index);
  const parts = [index ? `This step adds ${signed(own(index))} nats` : `The noise itself: ${signed(told.start)} nats`];
  parts.push(`all together ${formatNumber(told.total, 1)}, by one draw`);
  setParts(find(".steps-say"), parts);
};

const own = (index) => told.steps.reduce((sum, { at, nats }) => (frameOf(at) === index ? sum + nats : sum), 0);
