// What moves: the point that is shown, and the path with its animation.
import { ask, clamp, download, find, formatNumber, gifAddress, paintPicture, showText, unpackBytes } from "../common.js";
import { encodePoint } from "../points.js";
import { setFields } from "../shell.js";
import { across, clearCanvas, down, layer, picture, pointText, size, state, strokeOutlined } from "../plane/coordinates.js";
import { paintNearest } from "../plane/pictures.js";

const REST = 120; // milliseconds without a movement after which the server is asked for the exact picture
const LONGEST = 64; // pictures of a path
const DENSE = 0.012; // of the map's edge, between pictures of a path
const reduced = matchMedia("(prefers-reduced-motion: reduce)");

let line = []; // where a path leads, as the user drew it
let path = []; // points on it, equally far apart
let frames = null; // the pictures there
let frame = 0;
let playing = 0; // handle of the next animation frame
let resting = null; // handle of the wait for the pointer to rest

/** What the server answers about this model; nothing, and a word to the user, when it refuses. */
export const request = async (name, question) => {
  const answer = await ask(name, { model: props.model, ...question });
  showText(find(".problem"), answer.error);
  return answer.error ? null : answer;
};
export const paint = (canvas, levels, index = 0) => paintPicture(canvas, { levels, width: size, height: size, channels: 1 }, { index });

export const drawPosition = () => {
  if (!state.area || !state.edge) return;
  const brush = clearCanvas(layer);
  if (line.length) {
    brush.lineJoin = brush.lineCap = "round";
    brush.beginPath();
    line.forEach((z, nth) => {
      if (nth) brush.lineTo(across(z[0]), down(z[1]));
      else brush.moveTo(across(z[0]), down(z[1]));
    });
    if (line.length === 1) brush.lineTo(across(line[0][0]), down(line[0][1]));
    strokeOutlined(brush, "#fff", 2.5);
  }
  if (!state.point) return;
  brush.beginPath();
  brush.arc(across(state.point[0]), down(state.point[1]), 8, 0, 2 * Math.PI);
  strokeOutlined(brush, "#fff", 2);
};
const showPoint = (z) => {
  state.point = z;
  find(".place").textContent = pointText(z);
  drawPosition();
};
/** Keeps the point that the user went to in the address, or none; of the map that a link can lead to. */
export const keepInAddress = (z) => {
  if (props.paths) setFields("walk", { point: z ? z.map((x) => x.toFixed(3)).join("_") : "" });
};
const keepPath = (points) => { if (props.paths) setFields("walk", { line: encodePoint(points.flat()) }); };
/** Shows the picture of the nearest point of the grid at once, and its coordinates; the exact one when the pointer rests. */
export const goTo = (z) => {
  state.moves += 1;
  play(false);
  keepInAddress(z);
  const near = paintNearest(z);
  if (near) showPoint(near);
  settle(z);
};
const settle = (z, wait = REST) => {
  clearTimeout(resting);
  resting = setTimeout(() => showExactly(z), wait);
};
const showExactly = async (z) => {
  const { moves } = state, answer = await request("look", { z });
  if (!answer || moves !== state.moves) return;
  paint(picture, unpackBytes(answer.pictures));
  showPoint(z);
  find(".reading").innerHTML = answer.reading;
  picture.setAttribute("aria-label", `Decoded at ${find(".place").textContent}`);
};
/** Goes to a point without the grid's picture in between. */
export const jump = (z) => {
  play(false);
  state.moves += 1;
  settle(z, 0);
};

// --- the path

const length = (points) => {
  let sum = 0;
  for (let i = 1; i < points.length; i++) sum += Math.hypot(...points[i].map((x, axis) => x - points[i - 1][axis]));
  return sum;
};
/** Whether some points are a path, and no click. */
const isPath = (points) => length(points) >= DENSE * state.area.span;
const equidistant = (points) => {
  const whole = length(points);
  const pictures = clamp(Math.ceil(whole / (DENSE * state.area.span)) + 1, 2, LONGEST);
  const step = whole / (pictures - 1), along = [points[0]];
  let walked = 0;
  for (let i = 1; i < points.length; i++) {
    const [a, b] = [points[i - 1], points[i]], part = length([a, b]);
    while (along.length < pictures - 1 && along.length * step <= walked + part) {
      const share = part ? (along.length * step - walked) / part : 0;
      along.push(a.map((x, axis) => x + share * (b[axis] - x)));
    }
    walked += part;
  }
  while (along.length < pictures) along.push(points.at(-1));
  return along;
};
export const hasPath = () => line.length > 0;
export const isCurrent = (points) => line === points;
export const pathEnds = () => [line[0], line.at(-1)];
/** Draws a path, in the place of the one that is there once it is longer than a click. */
export const draw = (points) => {
  if (line !== points) {
    if (!isPath(points)) return;
    clear();
    line = points;
  }
  goTo(line.at(-1));
};
/** Makes the point that is shown a corner of the path. */
export const addCorner = () => {
  line = [...line, state.point];
  drawPosition();
  finish();
};
/** Asks for the pictures of the path, at points on it, and plays them. */
export const finish = async (points = equidistant(line)) => {
  if (!isPath(line)) return;
  const asked = line;
  const answer = await request("line", { points });
  if (!answer || asked !== line) return;
  [path, frames, frame] = [points, unpackBytes(answer.pictures), 0];
  keepPath(path);
  find(".animation").hidden = false;
  find(".reading").textContent =
    `Animation of your path: ${path.length} pictures, ${formatNumber(length(path), 2)} long in latent space.`;
  showFrame(0);
  play(!reduced.matches);
};
const showFrame = (nth) => {
  frame = nth;
  state.moves += 1;
  clearTimeout(resting);
  paint(picture, frames, nth);
  showPoint(path[nth]);
};
const speed = () => Number(find(".animation input").value); // pictures per second

/** Plays there and back, until the user takes hold of it. */
export const play = (on) => {
  if (!on && !playing) return;
  cancelAnimationFrame(playing);
  playing = 0;
  find(".play").textContent = on ? "Pause" : "Play";
  if (!on || !frames) return;
  const last = path.length - 1;
  let place = frame, before = null;
  const next = (now) => {
    if (before !== null) place = (place + ((now - before) / 1000) * speed()) % (2 * last);
    before = now;
    const nth = Math.round(place <= last ? place : 2 * last - place);
    if (nth !== frame) showFrame(nth);
    playing = requestAnimationFrame(next);
  };
  playing = requestAnimationFrame(next);
};
export const toggle = () => play(!playing);
export const clear = () => {
  play(false);
  [line, path, frames] = [[], [], null];
  keepPath([]);
  find(".animation").hidden = true;
  drawPosition();
  if (state.point) settle(state.point, 0);
};
export const save = async ({ currentTarget: button }) => {
  button.disabled = true;
  const answer = await request("animation", { points: path, milliseconds: Math.round(1000 / speed()) });
  if (answer) download(`${props.model}-path.gif`, gifAddress(answer.gif));
  button.disabled = false;
};
