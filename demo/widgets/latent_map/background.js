// What stays while the pointer moves: decoded pictures, rings, scale, dots and marks.
import { clamp, find, make, paintPicture, unpackBytes } from "../common.js";
import { across, clampToMap, classColor, classNames, clearCanvas, down, size, state, strokeOutlined } from "./coordinates.js";

const RINGS = [1, 2, 3]; // standard deviations of the prior
const SIDE = 17; // pictures along an edge
const DIM = 0.42; // of the pictures, so that the dots stay readable
const MINE = "#22d3ee";
const THUMB = 40; // edge of the user's picture

export const canvas = find(".background");

const strokeText = (brush, text, x, y) => {
  brush.strokeStyle = "#05070c";
  brush.lineWidth = 3;
  brush.strokeText(text, x, y);
  brush.fillStyle = "#e8edf4";
  brush.fillText(text, x, y);
};
const circle = (brush, x, y, radius) => {
  brush.beginPath();
  brush.arc(x, y, radius, 0, 2 * Math.PI);
};
const drawPictures = (brush) => {
  if (!state.sprite || find(".pictures-behind").getAttribute("aria-pressed") !== "true") return;
  const every = state.count / SIDE, cell = state.edge / SIDE, first = Math.floor(every / 2);
  brush.globalAlpha = DIM;
  for (let row = 0; row < SIDE; row++) {
    for (let column = 0; column < SIDE; column++) {
      const [x, y] = [column, row].map((place) => (first + place * every) * size);
      brush.drawImage(state.sprite, x, y, size, size, column * cell, row * cell, cell, cell);
    }
  }
  brush.globalAlpha = 1;
};
const drawRings = (brush, unit) => {
  brush.strokeStyle = "#e8edf4";
  brush.setLineDash([5, 4]);
  brush.lineWidth = 1.2;
  for (const radius of RINGS) {
    circle(brush, across(0), down(0), radius * unit);
    brush.stroke();
  }
  brush.setLineDash([]);
  brush.textAlign = "center";
  brush.textBaseline = "middle";
  // Where the rings lie so close that their names would cover them, only the outermost has one.
  const named = unit > 24 ? RINGS : RINGS.slice(-1);
  for (const radius of named) strokeText(brush, `${radius}σ`, across(0), down(radius) - (unit > 24 ? 0 : 9));
};
const drawScale = (brush) => {
  const { edge, area } = state;
  const step = [1, 2, 5, 10, 20, 50, 100, 200, 500].find((by) => area.span / by <= 10) || 1000;
  for (let axis = 0; axis < 2; axis++) {
    const low = area.low[axis], last = low + area.span;
    for (let tick = Math.ceil(low / step) * step; tick <= last; tick += step) {
      const text = String(tick).replace("-", "−"), at = axis ? down(tick) : across(tick);
      if (at < 20 || at > edge - 34) continue; // the corners belong to the axes' names
      brush.fillStyle = "#e8edf4";
      if (axis) brush.fillRect(0, at, 5, 1);
      else brush.fillRect(at, edge - 5, 1, 5);
      brush.textAlign = axis ? "left" : "center";
      strokeText(brush, text, axis ? 8 : at, axis ? at : edge - 13);
    }
  }
  brush.textAlign = "right";
  strokeText(brush, "z1", edge - 8, edge - 13);
  brush.textAlign = "left";
  strokeText(brush, "z2", 8, 12);
};
const drawDots = (brush, radius) => {
  const { edge, faded, area: { places, labels } } = state;
  for (const on of [false, true]) { // the faded ones lie below
    brush.globalAlpha = on ? 0.85 : 0.1;
    classNames.forEach((_, label) => {
      if (faded.has(label) === on) return;
      brush.fillStyle = classColor(label);
      brush.beginPath();
      for (let i = 0; i < labels.length; i++) {
        if (labels[i] !== label) continue;
        const x = places[2 * i] * edge, y = (1 - places[2 * i + 1]) * edge;
        brush.moveTo(x + radius, y);
        brush.arc(x, y, radius, 0, 2 * Math.PI);
      }
      brush.fill();
    });
  }
  brush.globalAlpha = 1;
};

const drawEllipses = (brush, x, y, radii) => {
  for (const sigma of [1, 2]) {
    brush.beginPath();
    brush.ellipse(x, y, sigma * radii[0], sigma * radii[1], 0, 0, 2 * Math.PI);
    strokeOutlined(brush, MINE, 1.6);
  }
};
const drawThumb = (brush, thumb, x, y) => {
  brush.drawImage(thumb, x - THUMB / 2, y - THUMB / 2, THUMB, THUMB);
  brush.beginPath();
  brush.rect(x - THUMB / 2, y - THUMB / 2, THUMB, THUMB);
  strokeOutlined(brush, MINE, 1.6);
};
// The map around a point, enlarged.
const drawLens = (brush, [x, y], [lensX, lensY], radius, radii) => {
  const zoom = (radius - 10) / (2 * Math.max(...radii));
  brush.save();
  circle(brush, lensX, lensY, radius);
  brush.fillStyle = "#05070c";
  brush.fill();
  brush.clip();
  brush.translate(lensX - x * zoom, lensY - y * zoom);
  brush.scale(zoom, zoom);
  drawDots(brush, 2.2 / zoom);
  brush.restore();
  drawEllipses(brush, lensX, lensY, radii.map((length) => length * zoom));
  circle(brush, lensX, lensY, radius);
  strokeOutlined(brush, "#e8edf4", 1.2);
  drawEllipses(brush, x, y, radii);
  brush.textAlign = "center";
  strokeText(brush, `×${Math.round(zoom)}, 1σ and 2σ`, lensX, lensY + radius - 9);
};
// The user's picture at its place, with one and two standard deviations of the posterior around it. These are often
// smaller than a dot: then a lens shows them.
const drawMine = (brush) => {
  const { edge, area } = state, { mean, std, pixels } = state.marks.mine, unit = edge / area.span;
  const place = clampToMap(mean), x = across(place[0]), y = down(place[1]), radii = (std || [0, 0]).map((s) => s * unit);
  const small = 2 * Math.max(...radii) < 26, radius = std && small ? 42 : 0;
  const thumb = Object.assign(make("canvas"), { width: size, height: size });
  paintPicture(thumb, { levels: unpackBytes(pixels), width: size, height: size, channels: 1 });
  brush.imageSmoothingEnabled = false;
  if (!small) {
    drawThumb(brush, thumb, x, y);
    drawEllipses(brush, x, y, radii);
    return;
  }
  const side = x < edge / 2 ? 1 : -1, half = radius + THUMB / 2 + 4, above = (radius || THUMB / 2) + 4;
  const lens = [clamp(x + side * 84, half + 4, edge - half - 4), clamp(y - 64, above, edge - above)];
  brush.beginPath();
  brush.moveTo(x, y);
  brush.lineTo(...lens);
  strokeOutlined(brush, MINE, 1.2);
  if (radius) {
    drawLens(brush, [x, y], lens, radius, radii);
    drawThumb(brush, thumb, lens[0] + side * (radius + 2), lens[1] - radius / 2);
  } else {
    drawThumb(brush, thumb, ...lens);
    circle(brush, x, y, 3.5);
    strokeOutlined(brush, MINE, 1.6);
  }
};
const drawDraws = (brush) => {
  for (const z of state.marks.draws.z) {
    circle(brush, across(z[0]), down(z[1]), 4);
    brush.fillStyle = "#fff";
    brush.fill();
    strokeOutlined(brush, "#05070c", 1);
  }
};

export const drawBackground = () => {
  if (!state.area || !state.edge) return;
  const brush = clearCanvas(canvas);
  brush.imageSmoothingEnabled = true;
  drawPictures(brush);
  drawDots(brush, Math.max(1.2, state.edge / 320));
  drawRings(brush, state.edge / state.area.span);
  drawScale(brush);
  if (state.marks.mine) drawMine(brush);
  if (state.marks.draws) drawDraws(brush);
};
