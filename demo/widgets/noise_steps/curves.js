// The measured curves, as SVG: one chart for a figure and what it is measured over.
import { findAll, formatNumber, make } from "../common.js";
import { about, methodOf, state } from "./state.js";

const [WIDTH, LEFT, RIGHT, TOP] = [440, 46, 430, 8];
const tall = matchMedia("(min-height: 860px) and (min-width: 900px)");
const bottom = () => (tall.matches ? 166 : 106); // of the plot
const BELOW = 22; // room for the numbers under it
const ALONG = { steps: "calls of the network", guidance: "guidance" };
const MOST_CALLS = 250;
const STEP_TICKS = [1, 2, 4, 8, 16, 32, 64, 128, 250];
const FIGURES = {
  class_as_asked: { title: "Read as asked", percent: true },
  frechet_distance: { title: "Fréchet distance", log: true },
  coverage: { title: "Coverage", percent: true },
};

/** What the lower charts show. */
export const lower = { figure: "frechet_distance" };
export const LOWER = ["frechet_distance", "coverage"];
export const titleOf = (figure) => FIGURES[figure].title;

let curves = null; // what was measured of the model, as the server says it
let choosePlace = () => {};
export const setCurves = (next) => { curves = next; };
export const onChoose = (listener) => { choosePlace = listener; };

const node = (name, attributes, ...children) => {
  const made = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
};

const figureText = (figure, value) =>
  FIGURES[figure].percent ? `${formatNumber(100 * value, 1)} %` : formatNumber(value, 0);
const errorText = (figure, error) => (FIGURES[figure].percent ? formatNumber(100 * error, 1) : formatNumber(error, 0));

const scaleX = (over) =>
  over === "steps"
    ? (calls) => LEFT + (Math.log(calls) / Math.log(MOST_CALLS)) * (RIGHT - LEFT)
    : (weight) => LEFT + (weight / props.most_guidance) * (RIGHT - LEFT);

/** From a figure to a height; a distance on a scale of its logarithm, from below the floor to above all. */
const scaleY = (figure) => {
  if (!FIGURES[figure].log) return { y: (value) => bottom() - value * (bottom() - TOP), ticks: [0, 0.5, 1] };
  const all = [...Object.values(curves.methods), ...(curves.guidance ? [curves.guidance] : [])].flatMap((curve) => curve.figures[figure].map(([value]) => value));
  const low = Math.log10(Math.min(curves.floors[figure][0], ...all) * 0.8), high = Math.log10(Math.max(...all) * 1.15);
  const y = (value) => bottom() - ((Math.log10(Math.max(value, 1e-9)) - low) / (high - low)) * (bottom() - TOP);
  const ticks = [1, 2, 5].flatMap((by) => [1, 10, 100, 1000, 10_000, 100_000].map((ten) => by * ten)).filter((value) => y(value) >= TOP && y(value) <= bottom());
  return { y, ticks: ticks.length > 6 ? ticks.filter((value) => /^1/.test(String(value))) : ticks };
};

const SHAPES = [
  (x, y) => node("circle", { cx: x, cy: y, r: 3.2 }),
  (x, y) => node("rect", { x: x - 3, y: y - 3, width: 6, height: 6 }),
  (x, y) => node("path", { d: `M${x} ${y - 4.4}l4.4 4.4-4.4 4.4-4.4-4.4z` }),
  (x, y) => node("path", { d: `M${x} ${y - 4}l4 7h-8z` }),
];

/** One curve with its error bars and marks, which choose their place. */
const drawCurve = (curve, figure, { x, y, nth, isChosen, at, choose, words }) => {
  const places = curve.figures[figure].map(([value, error], i) => ({ left: x(at[i]), value, error, i }));
  const line = places.map(({ left, value }) => `${left.toFixed(1)},${y(value).toFixed(1)}`).join(" ");
  const bars = places.map(({ left, value, error }) => {
    const [top, foot] = [value + error, value - error].map((end) => Math.min(bottom(), Math.max(TOP - 6, y(end))));
    return node("path", { class: "bar", d: `M${left.toFixed(1)} ${top.toFixed(1)}V${foot.toFixed(1)}` });
  });
  const marks = places.map(({ left, value, error, i }) => {
    const mark = SHAPES[nth % SHAPES.length](left, y(value));
    mark.append(node("title", {}, `${words(i)}: ${figureText(figure, value)} ± ${errorText(figure, error)}`));
    mark.addEventListener("click", () => choose(i));
    return mark;
  });
  return node("g", { class: `curve curve${nth}${isChosen ? " chosen" : ""}` }, node("polyline", { points: line }), ...(isChosen ? bars : []), ...marks);
};

const axes = (figure, over, x, { y, ticks }) => {
  const rows = ticks.map((value) => node("g", {}, node("line", { class: "grid", x1: LEFT, x2: RIGHT, y1: y(value), y2: y(value) }), node("text", { x: LEFT - 5, y: y(value) + 4.5, "text-anchor": "end" }, FIGURES[figure].percent ? `${formatNumber(100 * value, 0)} %` : formatNumber(value, 0))));
  const along = over === "steps" ? STEP_TICKS : Array.from({ length: props.most_guidance + 1 }, (_, weight) => weight);
  const columns = along.map((place) => node("text", { x: x(place), y: bottom() + 16, "text-anchor": "middle" }, String(place)));
  const [floor] = curves.floors[figure];
  return [...rows, ...columns, node("line", { class: "floor", x1: LEFT, x2: RIGHT, y1: y(floor), y2: y(floor) }, node("title", {}, `Real pictures: ${figureText(figure, floor)}`))];
};

const marker = (left, top) => [
  node("line", { class: "here", x1: left, x2: left, y1: TOP - 4, y2: bottom() }),
  node("circle", { class: "here", cx: left, cy: top, r: 7 }),
];

const emptyChart = (place, figure, words) => place.replaceChildren(make("p", "title", make("b", "", titleOf(figure))), make("p", "none", words));

const drawOver = (place, figure, over) => {
  const x = scaleX(over), scale = scaleY(figure), parts = axes(figure, over, x, scale);
  let reading = "", curve = null, chosen = -1, where = 0;
  if (over === "steps") {
    for (const [nth, { name, title }] of about().methods.entries()) {
      const one = curves.methods[name];
      if (!one) continue;
      const isChosen = name === state.method, choose = (i) => choosePlace({ method: name, steps: one.at[i] });
      const words = (i) => `${title}, ${one.at[i]} steps, ${one.calls[i]} calls`;
      const drawn = drawCurve(one, figure, { x, y: scale.y, nth, isChosen, at: one.calls, choose, words });
      if (isChosen) [curve, chosen, where] = [one, one.at.indexOf(state.steps), x(one.calls[one.at.indexOf(state.steps)])];
      parts.push(drawn);
    }
    parts.sort((one, other) => one.classList.contains("chosen") - other.classList.contains("chosen"));
    if (chosen >= 0) reading = `${state.steps} step${state.steps === 1 ? "" : "s"}, ${curve.calls[chosen]} call${curve.calls[chosen] === 1 ? "" : "s"}`;
  } else {
    curve = curves.guidance;
    chosen = curve.at.indexOf(state.guidance);
    const nth = about().methods.findIndex(({ name }) => name === curves.guided[0]);
    parts.push(drawCurve(curve, figure, { x, y: scale.y, nth, isChosen: true, at: curve.at, choose: (i) => choosePlace({ guidance: curve.at[i] }), words: (i) => `guidance ${curve.at[i]}` }));
    if (chosen >= 0) [reading, where] = [`guidance ${state.guidance}`, x(state.guidance)];
  }
  const title = make("p", "title", make("b", "", titleOf(figure)));
  if (chosen >= 0) {
    const [value, error] = curve.figures[figure][chosen];
    parts.push(...marker(where, scale.y(value)));
    title.append(make("span", "", reading), make("span", "number", `${figureText(figure, value)} ± ${errorText(figure, error)}`));
  }
  const label = `${titleOf(figure)} by ${ALONG[over]}`, isLower = place.dataset.figure === "distance";
  if (isLower) parts.push(node("text", { x: (LEFT + RIGHT) / 2, y: bottom() + BELOW + 10, "text-anchor": "middle" }, ALONG[over]));
  place.replaceChildren(title, node("svg", { viewBox: `0 0 ${WIDTH} ${bottom() + BELOW + (isLower ? 14 : 0)}`, role: "img", "aria-label": label }, ...parts));
};

/** Draws all charts anew. */
export const drawCurves = () => {
  for (const place of findAll(".chart")) {
    const { over } = place.dataset, figure = place.dataset.figure === "distance" ? lower.figure : place.dataset.figure;
    if (!curves) emptyChart(place, figure, about().measured ? "…" : "Not measured yet.");
    else if (!curves.floors[figure] || (over === "guidance" && !curves.guidance)) emptyChart(place, figure, "This model knows no classes.");
    else drawOver(place, figure, over);
  }
};

tall.addEventListener("change", drawCurves);

/** What is said of the curves. */
export const noteText = () => {
  if (!curves) return about().measured ? "" : `Not measured yet for this model; measure with: ${about().command}`;
  const { pictures, guided: [method, steps] } = curves, title = methodOf(method)?.title ?? method;
  return `Measured on ${pictures} ${about().many} at each place, seed 0; bars are standard errors; dashed: as many real ones. Guidance by ${title} in ${steps} steps.`;
};
