// A plane of codes on a canvas, for the widgets that show one: they have a .marks canvas and a .picture, and the properties
// classes and colors.
import { clamp, find, formatNumber } from "../common.js";

export const layer = find(".marks"); // the canvas that moves, and takes the pointer
export const picture = find(".picture");
export const size = picture.width;
export const classNames = props.classes;
export const classColor = (label) => props.colors[label % props.colors.length];

/** What all parts of a widget share. */
export const state = {
  area: null, // the part of the latent space that is on the map: its low corner, its span, and the dots on it
  sprite: null, // decoded pictures of count x count points
  count: 0,
  point: null, // the point that is shown
  moves: 0, // counts the movements, so that an answer to an older one is recognised
  faded: new Set(), // labels of classes
  edge: 0, // of the map, in CSS pixels
  ratio: 1, // device pixels per CSS pixel
  marks: {}, // the value: the user's picture, and draws
};

// From the latent space to the map and back.
export const across = (z1) => ((z1 - state.area.low[0]) / state.area.span) * state.edge;
export const down = (z2) => state.edge - ((z2 - state.area.low[1]) / state.area.span) * state.edge;
export const clampToMap = (z) => z.map((x, i) => clamp(x, state.area.low[i], state.area.low[i] + state.area.span));
export const pointAt = (event) => {
  const { low, span } = state.area, box = layer.getBoundingClientRect();
  const x = (event.clientX - box.left) / box.width, y = (event.clientY - box.top) / box.height;
  return clampToMap([low[0] + x * span, low[1] + (1 - y) * span]);
};
export const pointText = (z) => `z = (${z.map((x) => formatNumber(x, 2)).join(", ")})`;

/** The brush of an emptied canvas, in CSS pixels. */
export const clearCanvas = (canvas) => {
  const brush = canvas.getContext("2d");
  brush.setTransform(state.ratio, 0, 0, state.ratio, 0, 0);
  brush.clearRect(0, 0, state.edge, state.edge);
  brush.font = "12px system-ui, sans-serif";
  return brush;
};
/** Strokes a path with a dark edge, so that it stands out from any background. */
export const strokeOutlined = (brush, color, width) => {
  for (const [style, extra] of [["#05070c", 2.5], [color, 0]]) {
    brush.strokeStyle = style;
    brush.lineWidth = width + extra;
    brush.stroke();
  }
};
