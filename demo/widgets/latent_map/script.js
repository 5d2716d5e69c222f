// A map of a two-dimensional latent space: pointer and keys, the legend, and what comes from the server.
import { find, findAll, formatNumber, make, press, unpackBytes } from "../common.js";
import { decodePoint } from "../points.js";
import { onArrive } from "../shell.js";
import { showTaking, wireTaking } from "../taking.js";
import { addCorner, clear, draw, drawPosition, finish, goTo, hasPath, isCurrent, jump, keepInAddress, paint, pathEnds, request, save, toggle } from "./animation.js";
import { canvas, drawBackground } from "./background.js";
import { clampToMap, classColor, classNames, layer, picture, pointAt, pointText, size, state } from "../plane/coordinates.js";
import { takeArea, takeTiles } from "../plane/pictures.js";

const MOVES = { ArrowRight: [1, 0], ArrowLeft: [-1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };
const HINTS = {
  look: "Move over it, or use the arrow keys, with Shift for larger steps; Home leads to the centre",
  path: "Drag a line, or set its corners with Enter after moving with the arrow keys; Escape removes it",
};

let tool = "look";
let pointer = null; // the one that draws or drags
let draft = []; // what it draws, until that is long enough to replace the path that is there

layer.addEventListener("pointerdown", (event) => {
  if (!state.area || event.button !== 0) return;
  pointer = event.pointerId;
  layer.setPointerCapture(pointer);
  layer.focus({ preventScroll: true });
  if (tool === "look") goTo(pointAt(event));
  else draft = [pointAt(event)];
});
layer.addEventListener("pointermove", (event) => {
  if (!state.area) return;
  if (tool === "look") {
    goTo(pointAt(event));
    return;
  }
  if (event.pointerId !== pointer) return;
  for (const part of event.getCoalescedEvents?.() ?? []) draft.push(pointAt(part));
  draft.push(pointAt(event));
  draw(draft);
});
for (const end of ["pointerup", "pointercancel"]) {
  layer.addEventListener(end, (event) => {
    if (event.pointerId !== pointer) return;
    pointer = null;
    if (tool === "path" && isCurrent(draft)) finish();
  });
}
layer.addEventListener("keydown", (event) => {
  const by = MOVES[event.key], { area, point } = state;
  if (!area || !point || event.ctrlKey || event.metaKey || event.altKey) return;
  if (by) {
    const step = (area.span / area.grids.at(-1)) * (event.shiftKey ? 5 : 1);
    goTo(clampToMap(point.map((x, axis) => x + by[axis] * step)));
  } else if (event.key === "Home") goTo([0, 0]);
  else if (event.key === "Enter" && tool === "path") addCorner();
  else if (event.key === "Escape" && hasPath()) clear();
  else return;
  event.preventDefault();
});

const showTool = () => {
  layer.style.touchAction = tool === "look" ? "pan-y" : "none"; // a finger that looks may still scroll the page
  press(findAll(".tools button"), (button) => button.dataset.tool === tool);
  layer.setAttribute("aria-label", `Map of the latent space of ${props.model}. ${HINTS[tool]}`);
};
for (const button of findAll(".tools button")) {
  button.addEventListener("click", () => {
    tool = button.dataset.tool;
    showTool();
  });
}
element.classList.toggle("random", !props.paths);
find(".pictures-behind").addEventListener("click", ({ currentTarget: button }) => {
  press([button], () => button.getAttribute("aria-pressed") !== "true");
  drawBackground();
});
wireTaking(() => ({ canvas: picture, channels: 1, model: props.model }));
if (props.taken[props.model]) showTaking(props.model);
find(".play").addEventListener("click", toggle);
find(".ends").addEventListener("click", () => trigger("ends", { points: pathEnds() }));
find(".clear").addEventListener("click", clear);
find(".gif").addEventListener("click", save);

// --- the legend

const legend = classNames.map((name, label) => {
  const swatch = make("i"), button = make("button", "", swatch, name);
  swatch.style.background = classColor(label);
  button.addEventListener("click", () => {
    if (!state.faded.delete(label)) state.faded.add(label);
    showFaded();
  });
  return button;
});
const all = make("button", "all");
all.addEventListener("click", () => {
  state.faded = new Set(state.faded.size ? [] : classNames.keys());
  showFaded();
});
const showFaded = () => {
  press(legend, (button) => !state.faded.has(legend.indexOf(button)));
  all.textContent = state.faded.size ? "show all" : "hide all";
  all.title = state.faded.size ? "Show all classes" : "Fade all classes";
  drawBackground();
};
find(".legend").append(...legend, all);

// --- from the server

const drawFigure = (z, nth, levels, label) => {
  const thumb = Object.assign(make("canvas"), { width: size, height: size });
  thumb.setAttribute("role", "img");
  thumb.setAttribute("aria-label", `Decoded at ${pointText(z)}, read as ${classNames[label]}`);
  paint(thumb, levels, nth);
  const figure = make("figure", "", thumb);
  figure.style.setProperty("--class", classColor(label));
  figure.title = `Read as ${classNames[label]}`;
  return figure;
};
const listOf = (names) => (names.length > 1 ? `${names.slice(0, -1).join(", ")} and ${names.at(-1)}` : names[0]);
const showDraws = ({ z: points, pictures, classes, words, shares, of }) => {
  const levels = unpackBytes(pictures);
  find(".draws .words").textContent = words;
  find(".draws .pictures").replaceChildren(...points.map((z, nth) => drawFigure(z, nth, levels, classes[nth])));
  find(".nearest").textContent = `What a classifier reads ${formatNumber(of, 0)} such pictures as:`;
  const most = Math.max(...shares);
  find(".shares").setAttribute("aria-label", shares.map((count, label) => `${classNames[label]}: ${count}`).join(", "));
  find(".shares").replaceChildren(...shares.map((count, label) => {
    const bar = make("i"), part = make("span", count ? "" : "never", count ? String(count) : "never", bar, classNames[label]);
    bar.style.cssText = `height:${(60 * count) / most}%;background:${classColor(label)}`;
    return part;
  }));
  const never = classNames.filter((_, label) => !shares[label]);
  find(".missing").textContent = never.length ? `${listOf(never)} never came.` : `All ${classNames.length} digits came.`;
};
const receive = () => {
  state.marks = props.value ? JSON.parse(props.value) : {};
  const { mine, draws } = state.marks;
  find(".mine").hidden = !mine;
  find(".draws").hidden = !draws;
  if (mine) {
    paint(find(".given"), unpackBytes(mine.pixels));
    paint(find(".rebuilt"), unpackBytes(mine.rebuilt));
    find(".mine .words").textContent = mine.words;
  }
  if (draws) showDraws(draws);
  drawBackground();
};
// The point or path that a link asks for, else the user's picture, as far as it lies on the map.
let asked = null, askedPath = [];
const visit = () => {
  if (!state.area) return;
  const points = askedPath.map(clampToMap);
  askedPath = [];
  if (points.length < 2) return jump(clampToMap(asked ?? state.marks.mine?.mean ?? [0, 0]));
  draw(points);
  return finish(points);
};
if (props.paths) {
  onArrive("walk", ({ point, line }) => {
    const z = point.split("_").map(Number), flat = decodePoint(line);
    asked = point && z.length === 2 && z.every(Number.isFinite) ? z : null;
    askedPath = Array.from({ length: Math.floor(flat.length / 2) }, (_, nth) => flat.slice(2 * nth, 2 * nth + 2));
    if (hasPath()) clear();
    visit();
  });
}

let begun = false;
const begin = async () => {
  if (begun) return;
  begun = true;
  const answer = await request("survey", {});
  if (!answer) {
    begun = false;
    return;
  }
  takeArea(answer);
  find(".note").textContent = answer.words;
  drawBackground();
  visit();
  for (const count of state.area.grids) {
    const tiles = await request("tiles", { count });
    if (!tiles) return;
    await takeTiles(tiles, count);
    drawBackground();
  }
  layer.removeAttribute("aria-busy");
};

new ResizeObserver(() => {
  const width = find(".map").clientWidth;
  if (!width) return; // on a tab that is not shown
  state.edge = width;
  state.ratio = Math.min(2, devicePixelRatio || 1);
  for (const one of [canvas, layer]) one.width = one.height = Math.round(state.edge * state.ratio);
  drawBackground();
  drawPosition();
}).observe(find(".map"));
new IntersectionObserver((entries) => {
  if (entries.some((entry) => entry.isIntersecting)) begin();
}, { rootMargin: "300px" }).observe(layer);
watch("value", () => {
  const isAnother = Boolean(state.marks.mine);
  receive();
  if (isAnother) { // than the one on arrival: it takes the place of where the user was
    asked = null;
    keepInAddress(null);
  }
  visit();
});
showTool();
receive();
showFaded();
