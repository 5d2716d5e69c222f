// The chart: a row for every model, its marks on one axis of bits, and the same in numbers.
import { find, findAll, formatNumber, make, paintPicture, resize, unpackBytes } from "../common.js";
import { word } from "../shell.js";

const SIGNS = { true: "≤ ", false: "≈ " }; // of a limit, and of what is not exact
const NICE = [0.2, 0.5, 1, 1.5, 2, 3, 4, 5, 6, 8, 10, 12, 15, 20, 25, 30, 40, 60, 80, 100, 200, 500, 1000, 5000];
const TICKS = 5;

let top = 0; // end of the axis, in bits

const across = (bits) => `${(100 * Math.min(Math.max(bits, 0), top)) / top}%`;

const drawAxis = (least) => {
  const next = NICE.find((bits) => bits >= least) ?? least;
  if (next === top) return;
  top = next;
  const digits = Number.isInteger(top / TICKS) ? 0 : top < 1 ? 2 : 1;
  find(".axis").replaceChildren(...Array.from({ length: TICKS + 1 }, (_, i) => {
    const tick = make("span", "tick", formatNumber((top * i) / TICKS, digits));
    tick.style.left = `${(100 * i) / TICKS}%`;
    return tick;
  }));
};

/** Makes the rows of a data set's models, and shows the picture. */
export const buildChart = ({ models, size, many, levels }, picture) => {
  const [channels, height, width] = size, canvas = find("canvas");
  top = 0;
  resize(canvas, width, height);
  paintPicture(canvas, { levels: unpackBytes(picture), width, height, channels });
  find(".unit").innerHTML = word("bits per value", channels === 1 ? "bits per pixel" : "bits per value");
  find(".real").textContent = `its usual for real test ${many}`;
  const plain = Math.log2(levels);
  find(".says").textContent = `Fewer bits: likelier. Uncompressed: ${formatNumber(plain, 0)} ${plain === 1 ? "bit" : "bits"}. Compare only models that know the same ${levels} levels.`;
  find("tbody").replaceChildren(...models.map(({ title, name, readings }) => {
    const figures = make("td", "figures", ...readings.map((reading) => make("span", reading)));
    if (!readings.length) figures.append(make("span", "", "none: it knows no p(x)"));
    const head = make("th", "", make("span", "", title), make("small", "", name)), chart = make("td", "chart");
    head.scope = "row";
    const row = make("tr", "", head, chart, figures);
    row.classList.toggle("none", readings.length === 0);
    return row;
  }));
  const usual = models.flatMap((model) => Object.values(model.usual));
  drawAxis(1.15 * Math.max(0.1, ...usual));
  showUsual(models);
};

const showUsual = (models) => {
  findAll("tbody .chart").forEach((cell, i) => {
    for (const old of cell.querySelectorAll(".usual")) old.remove();
    for (const [kind, bits] of Object.entries(models[i].usual)) {
      const tick = make("i", `usual ${kind}`);
      tick.style.left = across(bits);
      cell.append(tick);
    }
  });
};

const mark = (cell, reading, { bits, error, limit }) => {
  const node = cell.querySelector(`.mark.${reading}`) ?? cell.appendChild(make("i", `mark ${reading}`));
  node.style.left = across(bits);
  node.classList.toggle("limit", limit && reading === "estimate");
  const bar = cell.querySelector(`.error.${reading}`) ?? cell.appendChild(make("i", `error ${reading}`));
  bar.hidden = !error;
  if (!error) return;
  bar.style.left = across(bits - error);
  bar.style.width = `calc(${across(bits + error)} - ${across(bits - error)})`;
};

const digitsOf = (bits) => (bits < 10 ? 3 : 2);

const figureText = ({ kind, bits, error, limit }) => {
  const digits = digitsOf(bits), shown = formatNumber(bits, digits);
  if (kind === "exact") return shown;
  if (error === null || (limit && kind !== "bound")) return `${SIGNS[limit]}${shown}`;
  const least = 10 ** -digits, spread = error < least ? `<${formatNumber(least, digits)}` : formatNumber(error, digits);
  return `${SIGNS[limit]}${shown} ± ${spread}`;
};

const titleOf = ({ kind, draws, limit }) => {
  if (kind === "exact") return "The exact value";
  if (kind === "bound") return `A bound, the mean of ${draws} draws`;
  const unsettled = limit ? "; one draw outweighs the others, so it is a bound for now" : "";
  return `An estimate (${kind}) of ${draws} draws${unsettled}`;
};

/** Shows the figures that are known of each model: by row, by reading. */
export const showFigures = (subject, figures) => {
  const ends = figures.flatMap((row) => Object.values(row).map(({ bits, error }) => bits + (error ?? 0)));
  const before = top;
  drawAxis(Math.max(top, 1.05 * Math.max(0, ...ends.filter(Number.isFinite))));
  if (top !== before) showUsual(subject.models);
  findAll("tbody tr").forEach((row, i) => {
    const [, chart, cell] = row.children;
    for (const reading of subject.models[i].readings) {
      const figure = figures[i][reading];
      if (!figure) continue;
      mark(chart, reading, figure);
      const node = cell.querySelector(`.${reading}`);
      if (!node) continue; // the model cannot be asked
      node.textContent = figureText(figure);
      node.title = titleOf(figure);
    }
  });
};

/** What is wrong with a model, in the place of its figures. */
export const showRowProblem = (i, text) => {
  findAll("tbody tr")[i].lastElementChild.replaceChildren(make("span", "wrong", text));
};
