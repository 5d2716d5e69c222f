// What is looked at, and what the server has said of it.
import { ask, clamp, find, showText, unpackBytes } from "../common.js";
import { classNames } from "../plane/coordinates.js";
import { firstSpeed } from "../player.js";

const [ARROWS, CELLS] = props.grids;
const [ARROW_UNIT, PLACE_UNIT] = props.units;
const PART = props.points / props.parts;

export const USUAL = { kind: props.kinds[0].name, label: -1, solver: props.solvers[0].name, steps: 32, seed: 0 };

/** What all parts of the view share. */
export const flow = {
  ...USUAL, // the field, its class, and how points follow it
  shows: { arrows: true, ways: true, density: false, pictures: false },
  at: 0, // time
  playing: false,
  speed: firstSpeed(),
  wish: null, // the time that an address asks for, once the points are there
  ready: 0, // points that are there
  paths: new Float32Array(), // point by point, step by step, z1 and z2
  ends: new Float32Array(), // where they would end exactly
  classes: [], // the class of each
  chosen: 0, // the point that is looked at more closely; null for none
  way: null, // what is known of it: pictures, log_p and exact
  hover: null, // the place of the pointer
};

const arrows = new Map(); // by the field
const densities = new Map(); // by the field and the slice
export const distances = new Map(); // mean distance from the exact ends, by all that it depends on

export const fieldKey = () => `${flow.kind} ${flow.label}`;
export const runKey = (steps = flow.steps) => `${fieldKey()} ${flow.solver} ${flow.seed} ${steps}`;

/** What the server answers; nothing, and a word to the user, when it refuses. */
export const request = async (name, question) => {
  const answer = await ask(name, question);
  showText(find(".problem"), answer.error);
  return answer.error ? null : answer;
};

const unpackShorts = (text, unit) => Float32Array.from(new Int16Array(unpackBytes(text).buffer), (value) => value * unit);
const choice = () => ({ kind: flow.kind, label: flow.label });
const journey = () => ({ ...choice(), steps: flow.steps, solver: flow.solver, seed: flow.seed });

/** Asks for arrows once for each field; whether they are there. */
export const loadArrows = async () => {
  const key = fieldKey();
  if (arrows.has(key)) return true;
  const answer = await request("arrows", choice());
  if (answer) arrows.set(key, unpackShorts(answer.arrows, ARROW_UNIT));
  return Boolean(answer);
};

// The slices around a time, and how far it lies between them.
const around = (at) => {
  const after = Math.max(1, props.times.findIndex((time) => time >= at)), [low, high] = [props.times[after - 1], props.times[after]];
  return { before: after - 1, after, share: (at - low) / (high - low) };
};

/** The velocity of an arrow of the grid at the time that is shown; nothing before it is there. */
export const arrowAt = (cell) => {
  const known = arrows.get(fieldKey());
  if (!known) return null;
  const { before, after, share } = around(flow.at), size = 2 * ARROWS * ARROWS;
  return [0, 1].map((axis) => {
    const [a, b] = [before, after].map((slice) => known[slice * size + 2 * cell + axis]);
    return a + share * (b - a);
  });
};

const nearestSlice = () => {
  const { before, after, share } = around(flow.at);
  return share < 0.5 ? before : after;
};
/** The density nearest to the time that is shown: its levels, row by row; nothing before it is there. */
export const densityNow = () => densities.get(`${fieldKey()} ${nearestSlice()}`);

/** Asks for the density of the time that is shown, then for all others while the same field is looked at. */
export const loadDensities = async (show) => {
  const key = fieldKey(), wanted = () => flow.shows.density && key === fieldKey();
  for (;;) {
    const missing = [...props.times.keys()].filter((slice) => !densities.has(`${key} ${slice}`));
    if (!missing.length || !wanted()) return;
    const now = nearestSlice(), slice = missing.reduce((best, other) => (Math.abs(other - now) < Math.abs(best - now) ? other : best));
    const answer = await request("density", { ...choice(), slice });
    if (!answer) return;
    densities.set(`${key} ${slice}`, unpackBytes(answer.levels));
    show();
  }
};

let runs = 0; // how often points were asked for: an answer to an older question comes too late

/** Asks for the points, part by part; whether all are there, and still wanted. */
export const loadSwarm = async (show) => {
  const run = ++runs, key = runKey(), size = 2 * (flow.steps + 1);
  Object.assign(flow, { ready: 0, classes: [], way: null });
  [flow.paths, flow.ends] = [new Float32Array(props.points * size), new Float32Array(props.points * 2)];
  for (let part = 0; part < props.parts; part++) {
    const answer = await request("swarm", { ...journey(), part });
    if (!answer || run !== runs) return false;
    flow.paths.set(unpackShorts(answer.paths, PLACE_UNIT), part * PART * size);
    flow.ends.set(unpackShorts(answer.ends, PLACE_UNIT), part * PART * 2);
    flow.classes.push(...answer.labels);
    flow.ready = flow.classes.length;
    show();
  }
  distances.set(key, meanDistance());
  return true;
};

/** Asks for the way of the chosen point. */
export const loadWay = async (show) => {
  const point = flow.chosen, run = runs;
  flow.way = null;
  if (point === null) return;
  const answer = await request("way", { ...journey(), point });
  if (!answer || run !== runs || point !== flow.chosen) return;
  flow.way = { ...answer, pictures: unpackBytes(answer.pictures) };
  show();
};

/** The number of the step that is under way or done, at the time that is shown. */
export const stepNow = () => Math.round(flow.at * flow.steps);

/** Where a point is after some steps. */
export const placeAt = (point, step) => {
  const first = 2 * (point * (flow.steps + 1) + step);
  return [flow.paths[first], flow.paths[first + 1]];
};
/** Where a point is at the time that is shown: between two steps, straight from the one to the other. */
export const placeNow = (point) => {
  const along = flow.at * flow.steps, step = Math.min(Math.floor(along), flow.steps - 1), share = along - step;
  const [a, b] = [placeAt(point, step), placeAt(point, step + 1)];
  return a.map((x, axis) => x + share * (b[axis] - x));
};
export const endOf = (point) => [flow.ends[2 * point], flow.ends[2 * point + 1]];

const meanDistance = () => {
  let sum = 0;
  for (let point = 0; point < flow.ready; point++) {
    const [a, b] = [placeAt(point, flow.steps), endOf(point)];
    sum += Math.hypot(a[0] - b[0], a[1] - b[1]);
  }
  return sum / flow.ready;
};

/** The point nearest to a place now, and how far it is away; nothing without points. */
export const nearestPoint = (z) => {
  let best = null, least = Infinity;
  for (let point = 0; point < flow.ready; point++) {
    const [x, y] = placeNow(point), far = Math.hypot(x - z[0], y - z[1]);
    if (far < least) [best, least] = [point, far];
  }
  return best === null ? null : { point: best, far: least };
};

export const labelText = (label) => (label < 0 ? "any" : classNames[label]);
export const setTime = (time) => { flow.at = clamp(time, 0, 1); };
export const sizes = { ARROWS, CELLS };
