// What is drawn: the plane's scenery below, then arrows, ways and points.
import { clamp, find, make, palette } from "../common.js";
import { across, classColor, classNames, clearCanvas, down, layer, state, strokeOutlined } from "../plane/coordinates.js";
import { circle, drawDots, drawPictures, drawRings, drawScale } from "../plane/scenery.js";
import { arrowAt, densityNow, endOf, flow, placeAt, placeNow, sizes } from "./flow.js";

const canvas = find(".background");
const HEAT = palette(["#05070c", "#115e59", "#2dd4bf", "#f0fdfa"]);
const USUAL_SPEED = 2.5; // of an arrow that is two thirds as long as can be
const MISSED = "#f87171"; // from a point to its exact end

const heat = make("canvas"); // the density, a pixel per cell
const drawDensity = (brush) => {
  const levels = densityNow(), { CELLS } = sizes;
  if (!levels) return;
  Object.assign(heat, { width: CELLS, height: CELLS });
  const context = heat.getContext("2d"), image = context.createImageData(CELLS, CELLS);
  levels.forEach((level, i) => { image.data.set([...HEAT[level], 255], 4 * i); });
  context.putImageData(image, 0, 0);
  brush.imageSmoothingEnabled = true;
  brush.drawImage(heat, 0, 0, state.edge, state.edge);
};

/** Draws what lies below: it changes with the choices, and the density with the time. */
export const drawBelow = () => {
  if (!state.area || !state.edge) return;
  const brush = clearCanvas(canvas);
  canvas.classList.toggle("bright", flow.shows.density || flow.shows.pictures);
  if (flow.shows.density) drawDensity(brush);
  if (flow.shows.pictures) drawPictures(brush);
  state.faded = new Set(flow.label < 0 ? [] : [...classNames.keys()].filter((label) => label !== flow.label));
  drawDots(brush, Math.max(0.9, state.edge / 480));
  drawRings(brush, state.edge / state.area.span);
  drawScale(brush);
};

const drawArrows = (brush) => {
  const { ARROWS } = sizes, cell = state.edge / ARROWS;
  brush.strokeStyle = "#ffffffb0";
  brush.lineWidth = 1.1;
  brush.beginPath();
  for (let i = 0; i < ARROWS * ARROWS; i++) {
    const velocity = arrowAt(i);
    if (!velocity) return;
    const speed = Math.hypot(...velocity), length = 0.85 * cell * (1 - Math.exp(-speed / USUAL_SPEED));
    if (length < 1) continue;
    const x = ((i % ARROWS) + 0.5) * cell, y = (Math.floor(i / ARROWS) + 0.5) * cell;
    const [dx, dy] = [velocity[0] / speed, -velocity[1] / speed], [u, v] = [x + (dx * length) / 2, y + (dy * length) / 2];
    const head = Math.min(4, length / 2.5);
    brush.moveTo(x - (dx * length) / 2, y - (dy * length) / 2);
    brush.lineTo(u, v);
    brush.moveTo(u - head * (dx + dy * 0.6), v - head * (dy - dx * 0.6));
    brush.lineTo(u, v);
    brush.lineTo(u - head * (dx - dy * 0.6), v - head * (dy + dx * 0.6));
  }
  brush.stroke();
};

/** A point's way so far, as a path of the brush. */
const traceWay = (brush, point) => {
  const last = Math.floor(flow.at * flow.steps), [x, y] = placeAt(point, 0);
  brush.moveTo(across(x), down(y));
  for (let step = 1; step <= last; step++) {
    const [u, v] = placeAt(point, step);
    brush.lineTo(across(u), down(v));
  }
  const [u, v] = placeNow(point);
  brush.lineTo(across(u), down(v));
};
const drawWays = (brush) => {
  brush.lineWidth = 1;
  brush.globalAlpha = 0.4;
  for (let point = 0; point < flow.ready; point++) {
    brush.strokeStyle = classColor(flow.classes[point]);
    brush.beginPath();
    traceWay(brush, point);
    brush.stroke();
  }
  brush.globalAlpha = 1;
};
const drawMissed = (brush) => {
  brush.strokeStyle = MISSED;
  brush.lineWidth = 1.2;
  brush.beginPath();
  for (let point = 0; point < flow.ready; point++) {
    const [a, b] = [placeNow(point), endOf(point)];
    brush.moveTo(across(a[0]), down(a[1]));
    brush.lineTo(across(b[0]), down(b[1]));
  }
  brush.stroke();
};
const drawPoints = (brush) => {
  const radius = clamp(state.edge / 150, 2.5, 5);
  brush.strokeStyle = "#05070c";
  brush.lineWidth = 1;
  for (let point = 0; point < flow.ready; point++) {
    const [x, y] = placeNow(point);
    circle(brush, across(x), down(y), radius);
    brush.fillStyle = classColor(flow.classes[point]);
    brush.fill();
    brush.stroke();
  }
};
const drawChosen = (brush) => {
  const [x, y] = placeNow(flow.chosen);
  brush.lineJoin = "round";
  brush.beginPath();
  traceWay(brush, flow.chosen);
  strokeOutlined(brush, "#fff", 2);
  circle(brush, across(x), down(y), 7);
  strokeOutlined(brush, "#fff", 2.5);
};
const drawCross = (brush, [x, y]) => {
  const [u, v] = [across(x), down(y)];
  brush.beginPath();
  for (const [dx, dy] of [[1, 0], [0, 1]]) {
    brush.moveTo(u - 8 * dx, v - 8 * dy);
    brush.lineTo(u + 8 * dx, v + 8 * dy);
  }
  strokeOutlined(brush, "#fff", 1.5);
};

/** Draws what moves. */
export const drawAbove = () => {
  if (!state.area || !state.edge) return;
  const brush = clearCanvas(layer);
  if (flow.shows.arrows) drawArrows(brush);
  if (flow.ready) {
    if (flow.shows.ways) drawWays(brush);
    if (flow.at === 1) drawMissed(brush);
    drawPoints(brush);
    if (flow.chosen !== null && flow.chosen < flow.ready) drawChosen(brush);
  }
  if (flow.hover) drawCross(brush, flow.hover);
};
