// Charts: where the noise's length lies, how its values are spread, what each layer adds.
import { clamp, formatNumber } from "../common.js";

const [WIDE, TALL, FOOT] = [320, 74, 18];

const svg = (tall, label, content) =>
  `<svg viewBox="0 0 ${WIDE} ${tall}" role="img" aria-label="${label}">${content}</svg>`;
const text = (x, y, words, name = "", anchor = "middle") =>
  `<text x="${x.toFixed(1)}" y="${y}" text-anchor="${anchor}" class="${name}">${words}</text>`;
const line = (x1, y1, x2, y2, name) =>
  `<line x1="${x1.toFixed(1)}" y1="${y1.toFixed(1)}" x2="${x2.toFixed(1)}" y2="${y2.toFixed(1)}" class="${name}"/>`;
const anchorAt = (x) => (x < 40 ? "start" : x > WIDE - 40 ? "end" : "middle");

/** Round numbers between two ends, about so many. */
const ticks = (low, high, count) => {
  const rough = (high - low) / count, size = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((factor) => factor * size).find((one) => one >= rough);
  const found = [];
  for (let value = Math.ceil(low / step) * step; value <= high; value += step) found.push(value);
  return found;
};

/** Whether noise is as usual as 19 in 20 draws. */
export const isUsual = (p) => p >= 0.05;

/** The squared length of noise among those of a standard normal: the chi-square density, up to its height. */
export const normChart = ({ norm, dimensions, p }) => {
  const spread = Math.sqrt(2 * dimensions), mode = Math.max(1e-9, dimensions - 2);
  const room = 5 * spread, low = Math.min(norm - spread, dimensions - room), high = Math.max(norm + spread, dimensions + room);
  const at = (value) => ((value - low) / (high - low)) * WIDE;
  const height = (value) =>
    value <= 0 ? 0 : Math.exp((dimensions / 2 - 1) * Math.log(value / mode) - (value - mode) / 2);
  const [top, floor] = [20, TALL - FOOT];
  // Close together where the curve is, however much of the axis it takes.
  const places = Array.from({ length: 97 }, (_, i) => dimensions + ((i - 48) / 48) * room);
  const curve = places.map((value) => `${at(value).toFixed(2)} ${(floor - height(value) * (floor - top)).toFixed(2)}`);
  const here = clamp(at(norm), 2, WIDE - 2), name = isUsual(p) ? "usual" : "unusual";
  const label = `The squared length of a draw: ${formatNumber(dimensions, 0)} on average. Here: ${formatNumber(norm, 0)}.`;
  return svg(TALL, label, [
    `<path class="bell" d="M${at(places[0]).toFixed(2)} ${floor}L${curve.join("L")}L${at(places.at(-1)).toFixed(2)} ${floor}z"/>`,
    line(0, floor, WIDE, floor, "axis"),
    ...ticks(low, high, 4).map((value) => text(at(value), TALL - 4, formatNumber(value, 0), "tick", anchorAt(at(value)))),
    line(here, 14, here, floor, `mark ${name}`),
    text(here, 11, "this noise", `here ${name}`, anchorAt(here)),
  ].join(""));
};

const EDGE = 4, BINS = 32; // of the histogram, in standard deviations
const bell = (x) => Math.exp(-x * x / 2) / Math.sqrt(2 * Math.PI);

/** The values of noise, counted, under the bell curve that they are to follow; those far out are in the last bars. */
export const valuesChart = (noise) => {
  const counts = new Array(BINS).fill(0), width = (2 * EDGE) / BINS;
  for (const z of noise) counts[clamp(Math.floor((z + EDGE) / width), 0, BINS - 1)] += 1;
  const expected = (x) => noise.length * width * bell(x);
  const most = Math.max(...counts, expected(0)), [top, floor] = [4, TALL - FOOT];
  const y = (count) => floor - (count / most) * (floor - top), x = (value) => ((value + EDGE) / (2 * EDGE)) * WIDE;
  const bars = counts.map((count, i) =>
    `M${((i * WIDE) / BINS).toFixed(1)} ${floor}V${y(count).toFixed(1)}h${(WIDE / BINS - 1).toFixed(1)}V${floor}z`);
  const curve = Array.from({ length: 65 }, (_, i) => -EDGE + (i * EDGE) / 32)
    .map((value) => `${x(value).toFixed(1)} ${y(expected(value)).toFixed(1)}`);
  return svg(TALL, "The values of z, counted, and the bell curve of a standard normal", [
    `<path class="bars" d="${bars.join("")}"/><path class="curve" d="M${curve.join("L")}"/>`,
    line(0, floor, WIDE, floor, "axis"),
    ...[-4, -2, 0, 2, 4].map((value) => text(clamp(x(value), 6, WIDE - 6), TALL - 4, formatNumber(value, 0), "tick")),
  ].join(""));
};
