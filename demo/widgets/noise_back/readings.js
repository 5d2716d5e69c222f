// What is said of the moment, of the noise, and of what came back.
import { barsChart, signed } from "../bars.js";
import { find, findAll, formatNumber } from "../common.js";
import { word } from "../shell.js";
import { setHtml, setParts } from "../wording.js";
import { isUsual, normChart, valuesChart } from "./charts.js";
import { about, end, picture, shownFrame, shownIndex, trip } from "./state.js";

const FAR = 3; // standard deviations
const BEYOND = 0.0026998; // share of a standard normal that is farther out

const percentOf = (share) => `${formatNumber(100 * share, share < 0.1 ? 1 : 0)} %`;

const pText = (p) => {
  if (p >= 0.001) return formatNumber(p, 3);
  return p > 0 ? `10<sup>${formatNumber(Math.floor(Math.log10(p)), 0)}</sup>` : "0";
};

const usualParts = ({ norm, p }) => {
  const { length } = trip.noise, spread = formatNumber(Math.sqrt(2 * length), 0);
  const draws = `Draws of the model's noise: ${formatNumber(length, 0)} ± ${spread}.`;
  if (isUsual(p)) return [draws, `${percentOf(p)} of them lie as far out as this, or farther.`];
  const side = norm < length ? "This noise is too short: the model would hardly ever draw this picture." : "This noise is too long: the model would hardly ever draw this picture.";
  return [draws, side];
};

/** Describes the noise. */
export const describeNoise = () => {
  const { norm, p } = trip.there, { noise } = trip, { title } = about();
  setHtml(find(".norm"), `|z|² = ${formatNumber(norm, 0)}`);
  setHtml(find(".p"), `${word("p-value", "p")} ${p > 0 && p < 0.001 ? "≈" : "="} ${pText(p)}`);
  for (const node of findAll(".figure span")) node.classList.toggle("unusual", !isUsual(p));
  find(".norm-chart").innerHTML = normChart({ norm, p, dimensions: noise.length });
  setParts(find(".odds"), usualParts(trip.there));
  find(".values-chart").innerHTML = valuesChart(noise);
  const far = noise.filter((z) => Math.abs(z) > FAR).length;
  setParts(find(".spread"), [
    `${far} of ${noise.length} values lie beyond ±${FAR}, ${formatNumber(noise.length * BEYOND, 1)} would be usual.`,
  ]);
  find(".noise").setAttribute("aria-label", `The noise that ${title} would make this picture of, ${noise.length} values`);
  describeAccount();
};

const describeAccount = () => {
  const { terms, bound } = trip.there;
  find(".layers-chart").innerHTML = terms.length ? barsChart(terms) : "";
  find(".layer").classList.toggle("list", terms.length > 0);
  if (!terms.length) {
    setHtml(find(".sum"), about().layers ? "" : "No layers: one differential equation");
    setParts(find(".layer"), [`${about().title} moves every value at once, at a speed that its network gives at each moment.`, `Followed here in ${trip.steps} steps of Runge–Kutta each way.`]);
    return;
  }
  const total = terms.reduce((sum, { nats }) => sum + nats, 0), fits = Math.abs(total - bound) < 0.01 + 1e-5 * Math.abs(bound);
  const all = `${formatNumber(total, 1)} nats`;
  // The same random numbers, asked for in another way.
  setHtml(find(".sum"), fits ? `${word("log p(x)")} ≥ ${all}, layer by layer` : `The layers add up to ${all}, the bound says ${formatNumber(bound, 1)}`);
};

const nameOf = (name) => ({ prior: "log p(z)", dequantisation: "−log q(u | x), place within levels", logit: "logits, scaled" })[name] ?? name;

const describeLayer = (step) => {
  const own = trip.there.terms.filter((term) => term.step === step);
  if (!trip.there.terms.length) return;
  for (const bar of findAll(".layers-chart g")) bar.classList.toggle("now", Number(bar.dataset.step) === step);
  setParts(find(".layer"), own.map(({ name, nats }) => `${nameOf(name)}: ${signed(nats)}`));
};

const stepText = (index) => {
  const { turn, steps } = trip, { title } = shownFrame();
  if (index === 0) return "The picture";
  if (index === turn) return "Pure noise";
  if (index === end()) return "The picture again";
  const isBack = index > turn, step = isBack ? index - turn : index;
  return isBack ? `Step ${step} of ${steps} back · ${title}` : `Step ${step} of ${steps} to the noise · ${title}`;
};

/** Describes the moment that is shown. */
export const describeMoment = () => {
  const index = shownIndex(), words = stepText(index), strip = find(".strip");
  find(".step-name").textContent = words;
  picture.setAttribute("aria-label", words);
  strip.setAttribute("aria-valuemax", String(end()));
  strip.setAttribute("aria-valuenow", String(index));
  strip.setAttribute("aria-valuetext", words);
  describeLayer(index > trip.turn ? end() - index : index);
};

const milliseconds = ({ seconds }) => formatNumber(1000 * seconds, 0);

/** Says how the trip went. */
export const describeTrip = () => {
  const { there, back, steps } = trip, exact = find(".exact");
  const what = about().layers ? `${steps} layers each way` : `${there.calls} network calls each way`;
  setParts(find(".status"), back ? [what, `${milliseconds(there)} + ${milliseconds(back)} ms, measured now`] : [what, "on the way back …"]);
  exact.classList.toggle("whole", back?.largest === 0);
  if (!back) {
    setParts(exact, ["…"]);
    return;
  }
  find(".returned").setAttribute("aria-label", "The picture that its noise leads back to");
  const { largest, differ } = back, all = trip.noise.length;
  if (!largest) setParts(exact, [`Comes back exactly, all ${all} values.`]);
  else setParts(exact, [`${differ} of ${all} values differ, by ${largest} of 255 levels at most.`]);
};
