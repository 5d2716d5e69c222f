// The distribution of one pixel, as a histogram per channel.
import { find, findAll, formatNumber, gradient } from "../common.js";
import { colorText, current, isColour, labelText, NAMES, onScreen, placeText, run, shade, valuesOf } from "./state.js";

const TOPS = [0.05, 0.2, 1]; // scales of the histogram; the lowest that holds all

const chance = (p) => (p > 0.9995 ? "> 0.999" : p < 0.00005 ? "< 0.0001" : `= ${Number(p.toPrecision(3))}`);
export const probabilityText = (p) => `p ${chance(p)}`;

// How a probability compares with another, in words.
const ratioText = (p, q) => {
  if (p > 0 && q > 0 && q < 1.05 * p && p < 1.05 * q) return "about as likely";
  if (!(p > 0) || !(q > 0)) return "";
  const ratio = Math.max(p / q, q / p);
  return `${formatNumber(ratio, ratio < 10 ? 1 : 0)} times ${q > p ? "as likely" : "less likely"}`;
};

const bars = (p, up, from = 0) => p
  .map((share, i) => (share > 0 ? `M${i + from} 0V${up * Math.sqrt(share)}H${i + from + 1}V0z` : "")).join("");

const curve = (p) => `M${p.map((share, i) => `${i + 0.5} ${-Math.sqrt(share)}`).join("L")}`;

const scaleText = (top, other) => `Bar height = √p; top = ${top}${other ? `; below: ${labelText(other)}` : ""}`;

/** One chart per channel. */
export const charts = () => findAll(".chart");
export const makeCharts = (count) => {
  while (charts().length > count) charts().at(-1).remove();
  while (charts().length < count) find(".charts").append(charts()[0].cloneNode(true));
  charts().forEach((chart, c) => { chart.dataset.channel = count > 1 ? NAMES[c] : "grey"; });
};

/** Marks where on a chart a value is. */
export const point = (chart, value) => {
  chart.querySelector(".pointer").style.left = `${(100 * (value + 0.5)) / run.levels}%`;
};

// The histogram of a channel, given the channels before it, up to a probability.
const showHistogram = (chart, channel, { index, other }, answer, top) => {
  const color = valuesOf(run.sheet[current()].values, index), value = color[channel], p = answer.p[value];
  const high = Math.sqrt(top), inChart = (selector) => chart.querySelector(selector), histogram = inChart(".histogram");
  histogram.setAttribute("viewBox", `0 ${-high} ${run.levels} ${high * (answer.other ? 2 : 1)}`);
  inChart(".own").setAttribute("d", bars(answer.p, -1));
  inChart(".other").setAttribute("d", answer.other ? bars(answer.other.p, 1) : "");
  inChart(".mark").setAttribute("d", bars([p], -1, value));
  inChart(".tempered").setAttribute("d", answer.drawn_from ? curve(answer.drawn_from) : "");
  inChart(".pointer").hidden = false;
  point(chart, value);
  const of = isColour() ? `levels of ${NAMES[channel]}` : "greys", drawn = `drawn: ${value}, ${probabilityText(p)}`;
  histogram.setAttribute("aria-label", `Probabilities of ${run.levels} ${of} for ${placeText(index)}; ${drawn}`);
  if (!isColour()) {
    inChart(".top").textContent = scaleText(top, answer.other && other);
    return;
  }
  const nats = `surprise ${formatNumber(-answer.log_prob, 2)}, entropy ${formatNumber(answer.entropy, 2)} nats`;
  inChart(".top").textContent = `${colorText(color).split(", ")[channel]}: ${probabilityText(p)}, ${nats}`;
  const ends = [0, 255].map((level) => onScreen(color, 0, channel).map((now, c) => (c === channel ? level : now)));
  inChart(".greys").style.background = gradient(ends.map((end) => `rgb(${end.join(" ")})`)); // what it would have become
};

// What another label makes of a pixel. One colour of sixteen million has a probability that says little by itself.
const comparison = (index, channels) => {
  const value = run.sheet[current()].values[index], [{ p, other }] = channels;
  if (!isColour()) {
    const ratio = ratioText(p[value], other.p[value]), text = probabilityText(other.p[value]);
    return ratio ? `would be ${ratio} (${text})` : `would have ${text}`;
  }
  const nats = channels.reduce((sum, one) => sum + one.other.log_prob - one.log_prob, 0);
  return `would be ${ratioText(1, Math.exp(nats)) || "far less likely"}`;
};

const entropyText = (channels) => {
  const entropy = channels.reduce((sum, one) => sum + one.entropy, 0), choices = Math.exp(entropy);
  const fair = choices < 1.05
    ? "all but certain"
    : `as undecided as a fair choice among ${formatNumber(choices, choices < 10 ? 1 : 0)} ${shade()}s`;
  return `${isColour() ? "Together: entropy" : "Entropy"} ${formatNumber(entropy, 2)} nats: ${fair}.`;
};

/** Shows what the server answers about a pixel. */
export const showExplanation = (question, answer) => {
  const { index, label, other, temperature, part } = question, channels = answer.channels ?? [answer];
  const all = channels.flatMap((one) => [...one.p, ...(one.other?.p ?? []), ...(one.drawn_from ?? [])]);
  const top = TOPS.find((height) => height >= Math.max(...all)) ?? 1;
  charts().forEach((chart, c) => {
    chart.style.visibility = part && c >= part ? "hidden" : ""; // not drawn yet
    showHistogram(chart, c, question, channels[c], top);
  });
  const before = isColour() ? "all earlier pixels and its own earlier channels" : "all earlier pixels";
  find(".title").textContent = `Probabilities for ${placeText(index)}, given ${before}`;
  const lines = [
    part ? "" : entropyText(channels),
    isColour() ? `${scaleText(top, other)}.` : "",
    temperature === 1 ? "" : `Line: at temperature ${temperature}, as drawn.`,
  ];
  find(".pixel .entropy").textContent = lines.filter(Boolean).join(" ");
  find(".answer").textContent = other && !part
    ? `As ${labelText(other)} instead of ${labelText(label)}, this ${shade()} ${comparison(index, channels)}.`
    : "";
};
