// What stays while the pointer moves: the plane's scenery, and marks on it.
import { clamp, find, make, paintPicture, unpackBytes } from "../common.js";
import { across, clampToMap, clearCanvas, down, size, state, strokeOutlined } from "../plane/coordinates.js";
import { circle, drawDots, drawPictures, drawRings, drawScale, strokeText } from "../plane/scenery.js";

const MINE = "#22d3ee";
const THUMB = 40; // edge of the user's picture

export const canvas = find(".background");


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
  if (find(".pictures-behind").getAttribute("aria-pressed") === "true") drawPictures(brush);
  drawDots(brush, Math.max(1.2, state.edge / 320));
  drawRings(brush, state.edge / state.area.span);
  drawScale(brush);
  if (state.marks.mine) drawMine(brush);
  if (state.marks.draws) drawDraws(brush);
};
