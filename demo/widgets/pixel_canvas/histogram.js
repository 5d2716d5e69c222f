// The distribution of one pixel, as a histogram per channel.
import { find, findAll, formatNumber, gradient } from "../common.js";
import { word } from "../shell.js";
import {
  colorText, current, isColour, labelText, NAMES, onScreen, placeText, run, shade, state, valuesOf,
} from "./state.js";

const BARS = 32; // more are no readable die

const chance = (p) => (p > 0.9995 ? "> 0.999" : p < 0.00005 ? "< 0.0001" : `= ${Number(p.toPrecision(3))}`);
export const probabilityText = (p) => `p ${chance(p)}`;

// As odds are said of a die.
const oddsText = (p) => {
  if (p > 0.99) return "over 99 %";
  if (p >= 0.1) return `${formatNumber(100 * p, 0)} %`;
  return p > 0 ? `1 in ${formatNumber(Number((1 / p).toPrecision(2)), 0)}` : "hardly ever";
};

// How a probability compares with another, in words.
const ratioText = (p, q) => {
  if (p > 0 && q > 0 && q < 1.05 * p && p < 1.05 * q) return "about as likely";
  if (!(p > 0) || !(q > 0)) return "";
  const ratio = Math.max(p / q, q / p);
  return `${formatNumber(ratio, ratio < 10 ? 1 : 0)} times ${q > p ? "as likely" : "less likely"}`;
};

const barWidth = () => Math.ceil(run.levels / BARS); // levels of a bar
const binned = (p) => {
  const sums = new Array(Math.ceil(p.length / barWidth())).fill(0);
  p.forEach((share, i) => { sums[Math.floor(i / barWidth())] += share; });
  return sums;
};
const bar = (share, i) => `M${i * barWidth()} 0V${-Math.sqrt(share)}H${(i + 1) * barWidth()}V0z`;
const bars = (p) => binned(p).map((share, i) => (share > 0 ? bar(share, i) : "")).join("");
const outline = (p) => `M0 0${binned(p).map((share, i) => `V${-Math.sqrt(share)}H${(i + 1) * barWidth()}`).join("")}V0`;

const scaleText = (question, channel) => {
  const of = barWidth() > 1 ? `${barWidth()} ${isColour() ? `levels of ${NAMES[channel]}` : "greys"}` : "one level";
  return `Bar of ${of}: height √p, top = 1${question.other ? `; outline: ${labelText(question.other)}` : ""}`;
};

/** One chart per channel. */
export const charts = () => findAll(".chart");
export const makeCharts = (count) => {
  while (charts().length > count) charts().at(-1).remove();
  while (charts().length < count) find(".charts").append(charts()[0].cloneNode(true));
  charts().forEach((chart, c) => { chart.dataset.channel = count > 1 ? NAMES[c] : "grey"; });
};

/** Marks where on a chart a value is. */
export const point = (chart, value) => {
  const place = (value + 0.5) / run.levels, pointer = chart.querySelector(".pointer");
  pointer.style.left = `${100 * place}%`;
  pointer.classList.toggle("late", place > 0.5);
};

// The histogram of a channel, given the channels before it; its scale is always the same.
const showHistogram = (chart, channel, question, answer) => {
  const { index } = question;
  const color = valuesOf(run.sheet[current()].values, index), value = color[channel], p = answer.p[value];
  const inChart = (selector) => chart.querySelector(selector), histogram = inChart(".histogram");
  histogram.setAttribute("viewBox", `0 -1 ${run.levels} 1`);
  inChart(".own").setAttribute("d", bars(answer.p));
  inChart(".other").setAttribute("d", answer.other ? outline(answer.other.p) : "");
  const at = Math.floor(value / barWidth());
  inChart(".mark").setAttribute("d", bar(binned(answer.p)[at], at));
  inChart(".tempered").setAttribute("d", answer.drawn_from ? outline(answer.drawn_from) : "");
  inChart(".odds").textContent = `this one, ${value}: ${oddsText(p)}`;
  inChart(".pointer").hidden = false;
  point(chart, value);
  const of = isColour() ? `levels of ${NAMES[channel]}` : "greys", drawn = `drawn: ${value}, ${probabilityText(p)}`;
  histogram.setAttribute("aria-label", `Probabilities of ${run.levels} ${of} for ${placeText(index)}; ${drawn}`);
  if (!isColour()) {
    inChart(".top").textContent = scaleText(question, channel);
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
  const name = isColour() ? `Together: ${word("entropy")}` : word("entropy", "Entropy");
  return `${name} ${formatNumber(entropy, 2)} ${word("nats")}: ${fair}.`;
};

const drawnText = ({ temperature, guidance, label }) => [
  temperature === 1 ? "" : `at temperature ${temperature}`,
  guidance === 1 || label === "any" ? "" : `with guidance ${guidance}`,
].filter(Boolean).join(", ");

/** Shows what the server answers about a pixel. */
export const showExplanation = (question, answer) => {
  const { index, label, other, part } = question, channels = answer.channels ?? [answer];
  charts().forEach((chart, c) => {
    chart.style.visibility = part && c >= part ? "hidden" : ""; // not drawn yet
    showHistogram(chart, c, question, channels[c]);
  });
  const before = isColour() ? "all before it" : "all earlier pixels";
  find(".title").textContent = `Probabilities for ${placeText(index)}, given ${before}`;
  const lines = [
    part ? "" : entropyText(channels),
    isColour() ? `${scaleText(question, 0)}.` : "",
    channels[0].drawn_from ? `Dashed: ${drawnText(question)}, as drawn.` : "",
  ];
  find(".pixel .entropy").innerHTML = lines.filter(Boolean).map((line) => `<span>${line}</span>`).join(" ");
  if (!state.asked) return; // a complaint came after the question, and stays
  find(".answer").textContent = other && !part
    ? `As ${labelText(other)} instead of ${labelText(label)}, this ${shade()} ${comparison(index, channels)}.`
    : "";
};
