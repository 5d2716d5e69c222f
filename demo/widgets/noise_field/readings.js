// What is said: the picture, the moment, the distance, and the chosen point's log p.
import { find, findAll, formatNumber, paintPicture, resize, unpackBytes } from "../common.js";
import { classNames, picture, pointText, size, state } from "../plane/coordinates.js";
import { paintNearest } from "../plane/pictures.js";
import { word } from "../shell.js";
import { distances, flow, placeNow, request, runKey, stepNow } from "./flow.js";

const REST = 120; // milliseconds without a movement after which the server is asked for the exact picture
const solverNow = () => props.solvers.find(({ name }) => name === flow.solver);

let resting = null, moves = 0; // the wait for the pointer to rest, and how often it moved

const showPlace = (z) => {
  find(".place").textContent = pointText(z);
  picture.setAttribute("aria-label", `Decoded at ${pointText(z)}`);
};
const paint = (levels, index = 0) => paintPicture(picture, { levels, width: size, height: size, channels: 1 }, { index });

/** Shows the picture under the pointer: the nearest that is there at once, and the exact one when the pointer rests. */
export const lookAt = (z) => {
  const now = ++moves;
  clearTimeout(resting);
  paintNearest(z);
  showPlace(z);
  resting = setTimeout(async () => {
    const answer = await request("look", { z });
    if (answer && now === moves && flow.hover) paint(unpackBytes(answer.pictures));
  }, REST);
};

/** Shows the picture of the chosen point as it is now, unless the pointer is somewhere. */
export const showPicture = () => {
  if (flow.hover || flow.chosen === null || flow.chosen >= flow.ready) return;
  moves += 1;
  if (flow.way) paint(flow.way.pictures, stepNow());
  else if (state.sprite) paintNearest(placeNow(flow.chosen).map((x, axis) => Math.min(Math.max(x, state.area.low[axis]), state.area.low[axis] + state.area.span - 1e-6)));
  showPlace(placeNow(flow.chosen));
};

const setText = (selector, text) => {
  const node = find(selector);
  if (node.textContent !== text) node.textContent = text;
};

/** Says what the points are doing. */
export const showMoment = () => {
  setText(".moment", `t = ${formatNumber(flow.at, 2)} · step ${stepNow()} of ${flow.steps}`);
  find(".time input").value = flow.at;
};

/** Says how far the points end from where they would exactly, of this number of steps and of those tried before. */
export const showDistances = () => {
  const far = distances.get(runKey()), calls = flow.steps * solverNow().calls, many = calls === 1 ? "call" : "calls";
  const ends = far === undefined ? "…" : formatNumber(far, 3);
  setText(".distance", `Mean distance from the exact ends: ${ends}, with ${calls} ${many} of the field.`);
  for (const button of findAll(".steps button")) {
    const known = distances.get(runKey(Number(button.dataset.steps)));
    button.querySelector("small").textContent = known === undefined ? "–" : formatNumber(known, 2);
  }
};

const html = (selector, text) => {
  const node = find(selector);
  if (node.dataset.html === text) return; // a word that is explained keeps the focus
  node.dataset.html = text;
  node.innerHTML = text;
};

/** Says what is known of the chosen point. */
export const showPoint = () => {
  const { chosen, way, classes } = flow;
  setText(".point", chosen === null ? "Press a point: it shows its way, and log p along it." :
    chosen < flow.ready ? `Point ${chosen + 1} of ${props.points} would end at a ${classNames[classes[chosen]]}.` : "…");
  const curve = find(".curve");
  if (!way) {
    html(".log-p", "");
    drawCurve(curve, null);
    return;
  }
  const step = stepNow(), last = way.log_p.length - 1;
  const numbers = [way.log_p[0], way.log_p[last], way.exact[last]].map((value) => formatNumber(value, 2));
  html(".log-p", `${word("log p(x)", "log p")}: from ${numbers[0]} to ${numbers[1]} by adding up −div v; the density there is ${numbers[2]}.`);
  curve.setAttribute("aria-label", `log p along the way: ${way.log_p.map((value) => formatNumber(value, 1)).join(", ")}`);
  drawCurve(curve, way, step);
};

// The solver's log p as a line over the time, the exact one as dots, and where the time stands.
const drawCurve = (canvas, way, now) => {
  const ratio = Math.min(2, devicePixelRatio || 1), width = canvas.clientWidth, height = canvas.clientHeight;
  if (!width) return;
  resize(canvas, Math.round(width * ratio), Math.round(height * ratio));
  const brush = canvas.getContext("2d"), ink = getComputedStyle(canvas).color;
  brush.setTransform(ratio, 0, 0, ratio, 0, 0);
  brush.clearRect(0, 0, width, height);
  if (!way) return;
  const known = [...way.log_p, ...way.exact.filter((value) => value !== null)], low = Math.min(...known), high = Math.max(...known, low + 1);
  const x = (step) => 34 + (step / (way.log_p.length - 1)) * (width - 42);
  const y = (value) => 8 + ((high - value) / (high - low)) * (height - 16);
  brush.font = "11px system-ui, sans-serif";
  brush.fillStyle = brush.strokeStyle = ink;
  brush.textAlign = "right";
  brush.textBaseline = "middle";
  for (const value of [low, high]) brush.fillText(formatNumber(value, 1), 29, y(value));
  brush.lineWidth = 2;
  brush.beginPath();
  way.log_p.forEach((value, step) => { brush.lineTo(x(step), y(value)); });
  brush.stroke();
  for (const [step, value] of way.exact.entries()) {
    if (value === null) continue;
    brush.beginPath();
    brush.arc(x(step), y(value), 3.2, 0, 2 * Math.PI);
    brush.lineWidth = 1.5;
    brush.stroke();
  }
  brush.globalAlpha = 0.5;
  brush.fillRect(x(now) - 0.5, 0, 1, height);
  brush.globalAlpha = 1;
};
