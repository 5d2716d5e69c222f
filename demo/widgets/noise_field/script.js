// The view "The field": choices, time, pointer and keys, and what the address keeps of them.
import { clamp, find, findAll, make, press } from "../common.js";
import { classNames, clampToMap, layer, pointAt, state } from "../plane/coordinates.js";
import { takeArea, takeTiles } from "../plane/pictures.js";
import { buildTransport, KEYS, placeAfter, showPlay } from "../player.js";
import { keepFields, say, setFields } from "../shell.js";
import { flow, labelText, loadArrows, loadDensities, loadSwarm, loadWay, nearestPoint, request, setTime, stepNow, USUAL } from "./flow.js";
import { drawAbove, drawBelow } from "./paint.js";
import { lookAt, showDistances, showMoment, showPicture, showPoint } from "./readings.js";

const NEAR = 18; // screen pixels from a press to the point that it means

let begun = false; // whether the view was seen
const MOVES = { ArrowRight: [1, 0], ArrowLeft: [-1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };

// --- the controls

buildTransport("step", "the plane");
find(".stop").remove();
layer.setAttribute("aria-label", "Plane of codes. Arrow keys move over it, Enter chooses the nearest point, Escape lets it go, Space plays");

const addButtons = (selector, entries, choose) => find(selector).append(...entries.map(({ value, words, small = false }) => {
  const button = make("button", "", words, ...(small ? [make("small", "", "–")] : []));
  button.dataset[selector.slice(1)] = value;
  button.addEventListener("click", () => choose(value));
  return button;
}));
addButtons(".kinds", props.kinds.map(({ name, title }) => ({ value: name, words: title })), (kind) => change({ kind }));
addButtons(".labels", [-1, ...classNames.keys()].map((label) => ({ value: label, words: labelText(label) })), (label) => change({ label }));
addButtons(".steps", props.steps.map((steps) => ({ value: steps, words: String(steps), small: true })), (steps) => change({ steps }));
find(".solver").append(...props.solvers.map(({ name, title }) => Object.assign(make("option", "", title), { value: name })));
find(".solver").addEventListener("change", ({ target }) => change({ solver: target.value }));
find(".another").addEventListener("click", () => change({ seed: (flow.seed + 1 + Math.floor(Math.random() * (props.seeds - 1))) % props.seeds }));
find(".figures").textContent = props.figures;

const showChoices = () => {
  press(findAll(".kinds button"), (button) => button.dataset.kinds === flow.kind);
  press(findAll(".labels button"), (button) => Number(button.dataset.labels) === flow.label);
  press(findAll(".steps button"), (button) => Number(button.dataset.steps) === flow.steps);
  press(findAll("[data-show]"), (button) => flow.shows[button.dataset.show]);
  find(".solver").value = flow.solver;
  find(".idea").textContent = props.kinds.find(({ name }) => name === flow.kind).idea;
};

// --- the address

const keep = () => setFields("noise", {
  field: flow.kind === USUAL.kind ? "" : flow.kind,
  fieldclass: flow.label < 0 ? "" : flow.label,
  fieldsolver: flow.solver === USUAL.solver ? "" : flow.solver,
  fieldsteps: flow.steps === USUAL.steps ? "" : flow.steps,
  fieldseed: flow.seed === USUAL.seed ? "" : flow.seed,
  fieldat: flow.playing || flow.at === 1 ? "" : flow.at.toFixed(3),
  fieldpoint: flow.chosen === 0 ? "" : (flow.chosen ?? -1) + 1,
});

const isWhole = (text, low, high) => /^\d{1,6}$/.test(text) && Number(text) >= low && Number(text) <= high;
const CHECKS = {
  field: (text) => props.kinds.some(({ name }) => name === text),
  fieldclass: (text) => isWhole(text, 0, classNames.length - 1),
  fieldsolver: (text) => props.solvers.some(({ name }) => name === text),
  fieldsteps: (text) => props.steps.includes(Number(text)),
  fieldseed: (text) => isWhole(text, 0, props.seeds - 1),
  fieldat: (text) => /^[01](\.\d{1,6})?$/.test(text) && Number(text) <= 1,
  fieldpoint: (text) => isWhole(text, 0, props.points),
};
// --- what happens

const showAll = () => {
  drawBelow();
  showTime();
};
const showTime = () => {
  if (flow.shows.density) drawBelow();
  drawAbove();
  showMoment();
  showPicture();
  showPoint();
  showPlay(flow.playing ? "Pause" : flow.at === 1 ? "Replay" : "Resume", flow.ready > 0);
  find(".speed").value = flow.speed;
};

/** Looks at something else: its points are asked for, and play from the start. */
const change = async (what, isFromAddress = false) => {
  Object.assign(flow, what);
  showChoices();
  if (!isFromAddress) {
    flow.wish = null;
    keep();
  }
  if (begun) await load();
};
const load = async () => {
  layer.setAttribute("aria-busy", "true");
  flow.playing = false;
  setTime(flow.wish ?? 0);
  showDistances();
  showAll();
  const loading = loadSwarm(showTime); // its first part before the arrows
  if (flow.wish === null) play();
  loadArrows().then((isThere) => { if (isThere) drawAbove(); });
  if (flow.shows.density) loadDensities(showAll);
  if (!(await loading)) return;
  layer.removeAttribute("aria-busy");
  showDistances();
  showTime();
  await loadWay(showTime);
};

let last = 0, frame = 0; // time of the last animation frame, and the next one's handle
const tick = (now) => {
  frame = 0;
  if (!flow.playing) return;
  const seconds = clamp(now - last, 0, 100) / 1000; // a hidden tab does not jump when it is back
  last = now;
  if (flow.ready) setTime(placeAfter(flow.at * flow.steps, seconds, flow.speed, flow.steps) / flow.steps);
  if (flow.at === 1) {
    flow.playing = false;
    keep();
  }
  showTime();
  if (flow.playing) frame = requestAnimationFrame(tick);
};
const play = () => {
  flow.playing = true;
  last = performance.now();
  if (!frame) frame = requestAnimationFrame(tick);
};
const goTo = (time) => {
  flow.playing = false;
  setTime(time);
  keep();
  showTime();
};
const toggle = () => {
  if (!flow.ready) return;
  if (flow.playing) goTo(flow.at);
  else {
    if (flow.at === 1) setTime(0);
    play();
    keep();
    showTime();
  }
};
const choose = (point) => {
  flow.chosen = point;
  keep();
  showTime();
  loadWay(showTime);
};

// --- pointer, keys and buttons

const PLACES = { start: () => 0, back: () => (stepNow() - 1) / flow.steps, on: () => (stepNow() + 1) / flow.steps, end: () => 1 };
for (const button of findAll("[data-go]")) button.addEventListener("click", () => goTo(PLACES[button.dataset.go]()));
find(".play").addEventListener("click", toggle);
find(".speed").addEventListener("change", ({ target }) => { flow.speed = target.value; });
find(".time input").addEventListener("input", ({ target }) => goTo(Number(target.value)));
for (const button of findAll("[data-show]")) {
  button.addEventListener("click", () => {
    const name = button.dataset.show;
    flow.shows[name] = !flow.shows[name];
    showChoices();
    showAll();
    if (name === "density" && flow.shows.density) loadDensities(showAll);
  });
}

const hover = (z) => {
  flow.hover = z;
  if (z) lookAt(z);
  else showPicture();
  drawAbove();
};
layer.addEventListener("pointermove", (event) => state.area && hover(pointAt(event)));
for (const end of ["pointerleave", "pointercancel"]) layer.addEventListener(end, () => hover(null));
layer.addEventListener("click", (event) => {
  const near = state.area && nearestPoint(pointAt(event));
  if (!near) return;
  const isMeant = (near.far / state.area.span) * state.edge <= NEAR;
  hover(isMeant ? null : pointAt(event));
  choose(isMeant ? near.point : null);
});
layer.addEventListener("blur", () => hover(null));

element.addEventListener("keydown", (event) => {
  const { target, key } = event, by = MOVES[key], { area } = state, isPlane = target === layer;
  if (!area || event.ctrlKey || event.metaKey || event.altKey || target.closest("select, input")) return;
  const z = flow.hover ?? [0, 0];
  if (key === " " && !target.closest("button")) toggle();
  else if (isPlane && by) hover(clampToMap(z.map((x, axis) => x + (by[axis] * area.span) / area.grids.at(-1) * (event.shiftKey ? 5 : 1))));
  else if (isPlane && key === "Enter") {
    const near = nearestPoint(z);
    if (near) choose(near.point);
    hover(null);
  } else if (key === "Escape" && flow.chosen !== null) choose(null);
  else if (isPlane && (key === "Home" || key === "End")) goTo(PLACES[KEYS[key]]());
  else return;
  event.preventDefault();
});

// --- when it is first seen

const begin = async () => {
  if (begun) return;
  const answer = await request("plane", {});
  if (!answer || begun) return;
  begun = true;
  takeArea(answer);
  await load();
  for (const count of state.area.grids) {
    const tiles = await request("tiles", { count });
    if (!tiles) return;
    await takeTiles(tiles, count);
    showAll();
  }
};
new ResizeObserver(() => {
  const width = find(".map").clientWidth;
  if (!width) return; // on a tab that is not shown
  state.edge = width;
  state.ratio = Math.min(2, devicePixelRatio || 1);
  for (const one of findAll(".map canvas")) one.width = one.height = Math.round(state.edge * state.ratio);
  showAll();
}).observe(find(".map"));
new IntersectionObserver((entries) => {
  if (entries.some((entry) => entry.isIntersecting)) begin();
}).observe(layer);
showChoices();
keepFields("noise", Object.fromEntries(Object.keys(CHECKS).map((name) => [name, ""])), (asked) => {
  const wrong = Object.keys(CHECKS).filter((name) => asked[name] && !CHECKS[name](asked[name]));
  for (const name of wrong) asked[name] = "";
  if (wrong.length) say("Something of the field in this link is wrong; there it is as at first.");
  const { field, fieldclass, fieldsolver, fieldsteps, fieldseed, fieldat, fieldpoint } = asked;
  const number = (text, usual) => (text ? Number(text) : usual);
  const there = {
    kind: field || USUAL.kind, label: number(fieldclass, USUAL.label), solver: fieldsolver || USUAL.solver,
    steps: number(fieldsteps, USUAL.steps), seed: number(fieldseed, USUAL.seed),
    wish: fieldat ? Number(fieldat) : null, chosen: fieldpoint ? (Number(fieldpoint) || null) && Number(fieldpoint) - 1 : 0,
  };
  if (Object.keys(there).some((name) => there[name] !== flow[name])) change(there, true);
});
