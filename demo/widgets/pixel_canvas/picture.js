// What is seen on the canvas.
import { colorScale, find, findAll, formatNumber, gradient, make, resize } from "../common.js";
import { stroke } from "./edit.js";
import { influences } from "./pixel.js";
import { blindGuess, canvas, current, isColour, onScreen, part, run, shade, shades, state, visibleCount } from "./state.js";

export const CELL = 20; // screen pixels per pixel
const MARK = "#22d3ee", MARK_RGB = [34, 211, 238];
const BLIND_RGB = [251, 146, 60];
const BLINDNESS = [0, 0.2, 0.75]; // what another model sees: this one too, out of reach, blind spot
const GIVEN = "#3b82f6"; // the line around what was given
const GAP = 8, COLUMNS = { 1: 1, 4: 2, 10: 4, 16: 4 }; // of a sheet of pictures, nearly square
const FAINTEST = 0.12; // how much of the mark's colour the weakest influence gets, so that it differs from none
const DIMMED = 0.6; // of a grey under the influences, so that the mark's colour shows on white

const MAPS = {
  surprise: {
    colors: props.surprise_colors,
    color: colorScale(props.surprise_colors),
    nats: (picture, i) => -picture.logProb[i],
    legend: (most) => `surprise of each pixel${isColour() ? ", its channels added up" : ""}, in nats: ` +
      `0 the model was sure, ${most} and above as bad as a blind guess`,
  },
  entropy: {
    colors: props.entropy_colors,
    color: colorScale(props.entropy_colors),
    nats: (picture, i) => picture.entropy[i],
    legend: (most) => `entropy before each ${isColour() ? "channel of a pixel, added up" : "pixel"}, in nats: ` +
      `0 the model was sure, ${most} ${run.levels === 2 ? "black and white" : `all ${run.levels} ${shades()}`} equally likely`,
  },
};

const brightness = ([red, green, blue]) => (isColour() ? 0.299 * red + 0.587 * green + 0.114 * blue : red);

// Whether a pixel is given, and the model has not come to it yet: it is there all the same.
const isAhead = (i) => i >= run.ready && i < run.first && state.at >= run.first && !run.done;

const mix = (grey, share, color = MARK_RGB) => color.map((c) => Math.round(DIMMED * grey + share * (c - DIMMED * grey)));

const colorOf = (picture, i, ties) => {
  if (state.view in MAPS) return MAPS[state.view].color(MAPS[state.view].nats(picture, i) / blindGuess());
  const work = stroke ?? state.pending, from = work?.keep[i] ? work : isAhead(i) ? run.start : picture;
  const color = onScreen(from.values, i, from === picture && i >= visibleCount() ? part() : run.channels);
  if (!ties || i === ties.index) return color;
  const nats = ties.strength[i] ?? 0, grey = brightness(color);
  if (nats > 0) return mix(grey, FAINTEST + (1 - FAINTEST) * (nats / ties.most));
  return mix(grey, BLINDNESS[ties.missed?.[i] ?? 0], BLIND_RGB);
};

/** Where on the canvas each picture that is shown has its place, in canvas pixels. */
export const places = (cell) => {
  const which = current() === null ? [...run.sheet.keys()] : [current()];
  const columns = COLUMNS[which.length] ?? Math.ceil(Math.sqrt(which.length));
  const [across, down] = [run.width * cell + GAP, run.height * cell + GAP];
  return {
    width: columns * across - GAP,
    height: Math.ceil(which.length / columns) * down - GAP,
    list: which.map((picture, i) => ({ picture, x: (i % columns) * across, y: Math.floor(i / columns) * down })),
  };
};
export const cellOf = (single) => Math.floor(single / (current() === null ? COLUMNS[run.count] ?? 4 : 1));
export const fitCanvas = () => {
  const { width, height } = places(cellOf(CELL));
  canvas.style.aspectRatio = `${width} / ${height}`;
};

const small = make("canvas"); // a picture in its own size, to be enlarged in one go

export const paint = (target, cell) => {
  const ties = influences(), layout = places(cell), context = target.getContext("2d");
  resize(target, layout.width, layout.height);
  context.clearRect(0, 0, target.width, target.height);
  context.imageSmoothingEnabled = false;
  [small.width, small.height] = [run.width, run.height];
  const image = new ImageData(run.width, run.height), count = visibleCount(), work = stroke ?? state.pending;
  const isBegun = (i) => i < count || (!(state.view in MAPS) && ((i === count && part() > 0) || isAhead(i)));
  for (const { picture, x, y } of layout.list) {
    for (let i = 0; i < run.size; i++) {
      const visible = work ? work.keep[i] || (work.tool === "pen" && i < count) : isBegun(i);
      if (visible) image.data.set(colorOf(run.sheet[picture], i, ties), 4 * i);
      image.data[4 * i + 3] = visible ? 255 : 0;
    }
    small.getContext("2d").putImageData(image, 0, 0);
    context.drawImage(small, x, y, run.width * cell, run.height * cell);
    drawBorder(context, x, y, cell);
  }
};

// A line between what was given and what the model drew.
const drawBorder = (context, x, y, cell) => {
  const keep = (stroke ?? state.pending ?? run.start)?.keep;
  if (!keep || !["picture", "mean"].includes(state.view)) return;
  context.strokeStyle = GIVEN;
  context.lineWidth = Math.max(1, cell / 8);
  context.beginPath();
  for (let i = 0; i < run.size; i++) {
    const left = x + (i % run.width) * cell, top = y + Math.floor(i / run.width) * cell;
    if ((i + 1) % run.width && keep[i] !== keep[i + 1]) context.rect(left + cell, top, 0, cell);
    if (i + run.width < run.size && keep[i] !== keep[i + run.width]) context.rect(left, top + cell, cell, 0);
  }
  context.stroke();
};

export const drawFrame = (context, index, cell) => {
  for (const [width, color] of [[0.3, "#000"], [0.15, MARK]]) {
    context.lineWidth = width * cell;
    context.strokeStyle = color;
    context.strokeRect((index % run.width) * cell, Math.floor(index / run.width) * cell, cell, cell);
  }
};

const whyNone = () => {
  if (state.blank) return "Nothing is drawn yet that depends on anything.";
  if (current() === null) return "Choose one of the pictures: what depends on what is shown for one at a time.";
  return "";
};

export const showLegend = () => {
  const one = run && current() !== null;
  find(".rivals").hidden = state.view !== "depends" || find(".rivals select").options.length < 2 || !one;
  const ties = run && influences(), map = MAPS[state.view];
  const why = state.view === "depends" && run && !ties ? whyNone() : "";
  find(".legend").hidden = !run || !(map || ties || why);
  if (find(".legend").hidden) return;
  for (const node of findAll(".legend > :not(.reach)")) node.hidden = Boolean(why);
  if (why) {
    find(".reach").textContent = why;
    return;
  }
  const most = map ? formatNumber(blindGuess(), 1) : ties.most.toPrecision(2);
  find(".most").textContent = most;
  find(".ramp").style.background = gradient(map ? map.colors : [`rgb(${mix(0, FAINTEST).join(" ")})`, MARK]);
  find(".reach").textContent = map ? "" : ties.says;
  find(".scale").textContent = map
    ? map.legend(most)
    : "how many nats the log-probability of the framed pixel's value would change, to first order, " +
      `were that pixel another ${shade()}${isColour() ? ": one channel at a time, added up" : ""}`;
};
