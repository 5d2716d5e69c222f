// What lies under all else on a plane of codes: decoded pictures, rings, scale and dots.
import { across, classColor, classNames, down, size, state } from "./coordinates.js";

const RINGS = [1, 2, 3]; // standard deviations of the prior
const SIDE = 17; // pictures along an edge
const DIM = 0.42; // of the pictures, so that the dots stay readable

/** A text with a dark edge. */
export const strokeText = (brush, text, x, y) => {
  brush.strokeStyle = "#05070c";
  brush.lineWidth = 3;
  brush.strokeText(text, x, y);
  brush.fillStyle = "#e8edf4";
  brush.fillText(text, x, y);
};
export const circle = (brush, x, y, radius) => {
  brush.beginPath();
  brush.arc(x, y, radius, 0, 2 * Math.PI);
};
/** The decoded pictures, dimmed. */
export const drawPictures = (brush) => {
  if (!state.sprite) return;
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
/** The prior's rings, of so many pixels per standard deviation. */
export const drawRings = (brush, unit) => {
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
/** Numbers along the left and the lower edge. */
export const drawScale = (brush) => {
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
/** Dots of a radius at the places of codes, in the colours of their classes. */
export const drawDots = (brush, radius) => {
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
