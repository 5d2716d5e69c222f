// What is said of the pictures.
import { find, formatNumber } from "../common.js";
import { setParts } from "../wording.js";
import { about, chosen, state } from "./state.js";

const START = { noise: "It starts from this", part: "What is kept" };
const CAPTIONS = {
  noise: () => `The picture with ${chosen.noise} % noise`,
  part: () => (chosen.keep === "paint" ? "Drag over it to erase, or use the arrow keys and Space" : "The rest is made anew"),
};
const FLAWS = {
  noise: () => ["The more noise, the more is the model's and the less is yours (SDEdit).", "It need not keep what you meant: only what shows through the noise."],
  part: () => [
    "After each step the kept pixels are put back, under as much noise as there is then: the rest sees them only through it.",
    chosen.repeats === 1
      ? "So it is no draw from p(rest | kept), and may not fit."
      : `Each step is taken ${chosen.repeats} times, with new noise in between (RePaint): it fits better, and is no exact draw either.`,
    "A PixelCNN's draw after an upper half is exact: draw on from this.",
  ],
};

/** Says what there is to be seen. */
export const describe = () => {
  const { result } = state, { title } = about(), { mode } = chosen;
  find(".start .heading").textContent = START[mode];
  find(".start .caption").textContent = CAPTIONS[mode]();
  find(".start canvas").setAttribute("aria-label", `${START[mode]}: ${CAPTIONS[mode]()}`);
  find(".how-noise output").textContent = `${chosen.noise} %`;
  setParts(find(".flaw"), FLAWS[mode]());
  if (!result) return;
  const { calls, seconds } = result, time = `${formatNumber(1000 * seconds, 0)} ms of computing, measured now`;
  setParts(find(".status"), [`Four pictures by ${title}`, `${calls} network calls`, time]);
};
