// The mean of many pictures that the model draws of the same start, beside the picture: sharp where the model is sure.
// It comes in parts, while one looks.
import { find, formatNumber, make } from "../common.js";
import { encodeStart, stroke } from "./edit.js";
import { show } from "./playback.js";
import { asker } from "./questions.js";
import { canvas, isColour, labelText, onScreen, run, state } from "./state.js";

let mean = null; // {subject, of, sums, count}: of what, its number, values added up, and of how many pictures

const several = () => new Set(run.labels).size > 1;
// The seed does not matter to it.
const subjectNow = () => [run.model, several() ? run.pictures : run.label, run.temperature, run.guidance, run.given].join();
const isStillWanted = ({ of, count }) =>
  state.view === "mean" && Boolean(canvas.offsetParent) && of === mean.of && count === mean.count; // none counts twice

const add = (_, { sums, count }) => {
  sums.forEach((sum, i) => { mean.sums[i] += sum; });
  mean.count += count;
  find(".mean img").src = addressOf();
  show();
};
const askMean = asker("mean", add, isStillWanted);

const addressOf = () => {
  const small = make("canvas"), image = new ImageData(run.width, run.height);
  [small.width, small.height] = [run.width, run.height];
  const values = mean.sums.map((sum) => sum / mean.count);
  for (let i = 0; i < run.size; i++) image.data.set([...onScreen(values, i), 255], 4 * i);
  small.getContext("2d").putImageData(image, 0, 0);
  return small.toDataURL();
};

/** Shows it as far as it is known, and asks for more of it. Of what takes long to draw there is none. */
export const showMean = () => {
  find('[data-view="mean"]').hidden = Boolean(run && isColour());
  const section = find(".mean"), wanted = Boolean(run) && state.view === "mean" && !isColour() && !state.blank;
  section.hidden = !wanted;
  if (!wanted || stroke || !run.done) return;
  const subject = subjectNow(), kind = run.start ? "endings" : "pictures";
  if (mean?.subject !== subject) mean = { subject, of: (mean?.of ?? 0) + 1, sums: new Float64Array(run.size), count: 0 };
  const { of, count } = mean;
  find(".so-far").textContent = `Mean of ${formatNumber(count, 0)} of ${formatNumber(props.most, 0)} ${kind}`;
  const picture = find(".mean img");
  picture.hidden = !count;
  picture.alt = `Mean of ${count} ${kind}, ${several() ? "one of each class in turn" : labelText(run.label)}`;
  if (count >= props.most) return;
  const { label, temperature, seed, pictures, model, guidance } = run, start = encodeStart(run.start);
  askMean({ label, temperature, seed, pictures, model, guidance, start, of, count });
};
