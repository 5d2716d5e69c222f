// Steps against quality: what is chosen, what is shown of it, and the address.
import { ask, find, findAll, formatNumber, make, paintPicture, press, showText } from "../common.js";
import { keepFields, say, setFields, word } from "../shell.js";
import { LOWER, drawCurves, lower, noteText, onChoose, setCurves, titleOf } from "./curves.js";
import { drawAll, halt, isShort, isDone, isDrawing, isHalted, isWanted, onChange, paintSheet, problemText, remaining, resume, sheetOf, size } from "./sheets.js";
import { about, hasClasses, methodOf, nearest, state } from "./state.js";

const USUAL_STEPS = 8;
const FIELDS = ["model", "method", "steps", "guidance", "seed"]; // in the address, as sheet-model and so on
const names = Object.keys(props.models);
const known = new Map(); // curves by model
let isVisible = false;

const isSeen = () => isVisible && element.isConnected;
const seconds = (time) => (time < 1 ? `${formatNumber(1000 * time, 0)} ms` : `${formatNumber(time, time < 10 ? 1 : 0)} s`);
const stepsText = (steps) => `${steps} step${steps === 1 ? "" : "s"}`;

// --- the pictures

const cells = [];
const buildCells = () => {
  if (cells.length === size()) return;
  cells.length = 0;
  for (let i = 0; i < size(); i++) {
    const canvas = make("canvas"), mark = make("span", "mark");
    canvas.setAttribute("role", "img");
    cells.push({ cell: make("figure", "", canvas, mark), canvas, mark });
  }
  find(".sheet").replaceChildren(...cells.map(({ cell }) => cell));
};

const showPictures = () => {
  buildCells();
  const { width, height, channels, asked } = about(), { pictures, reads, right, sure } = sheetOf();
  cells.forEach(({ cell, canvas, mark }, i) => {
    const isThere = Boolean(pictures[i]), read = isThere ? reads[i] : null;
    Object.assign(canvas, { width, height });
    if (isThere) paintPicture(canvas, { levels: pictures[i], width, height, channels });
    cell.classList.toggle("wrong", read !== null && !right[i]);
    mark.textContent = read === null ? "" : right[i] ? read : `${read} ✗`;
    const what = asked[i] ? `Asked for: ${asked[i]}` : "A picture";
    const words = isThere ? (read === null ? what : `${what}; read as ${read}, ${formatNumber(100 * sure[i], 0)} % sure`) : "Not drawn yet";
    canvas.setAttribute("aria-label", words);
    cell.title = words;
  });
};

const statusParts = () => {
  const sheet = sheetOf(), there = sheet.pictures.length;
  if (problemText()) return [problemText()];
  if (there < size()) return isWanted(state.steps) ? [isHalted() ? "stopped" : "drawing", `${there} of ${size()}`] : ["not drawn yet"];
  const parts = [`${sheet.calls} network call${sheet.calls === 1 ? "" : "s"}`, `${seconds(sheet.seconds)}, measured now`];
  if (hasClasses() && sheet.reads[0] !== null) parts.unshift(`${sheet.right.filter(Boolean).length} of ${size()} read as asked`);
  return parts;
};

const drawText = () => {
  if (isDone(state.steps)) return "";
  if (isWanted(state.steps)) return isHalted() || problemText() ? "Draw on" : isShort(state.steps) ? "" : "Stop";
  return `Draw these: about ${seconds(remaining(state.steps))}`;
};

const showNow = () => {
  find(".heading").textContent = `${stepsText(state.steps)}, ${methodOf().title}`;
  showPictures();
  const parts = statusParts().map((part) => make("span", "", part));
  if (find(".status").textContent !== parts.map((part) => part.textContent).join("")) find(".status").replaceChildren(...parts);
  showText(find(".draw"), drawText());
};

// --- the row of sheets

let row = []; // {steps, button, canvas}
const buildRow = () => {
  const { stations } = methodOf();
  if (row.map(({ steps }) => steps).join() === stations.join()) return;
  row = stations.map((steps) => {
    const canvas = make("canvas"), button = make("button", "", canvas, make("span", "", stepsText(steps)));
    button.addEventListener("click", () => choose({ steps }));
    return { steps, button, canvas };
  });
  find(".stations").replaceChildren(...row.map(({ button }) => button));
};

const showRow = () => {
  buildRow();
  for (const { steps, button, canvas } of row) {
    paintSheet(canvas, steps);
    button.classList.toggle("empty", !sheetOf(steps).pictures.length);
    button.title = isWanted(steps) ? "" : "Drawn when it is asked for";
  }
  press(row.map(({ button }) => button), (button) => row.find((one) => one.button === button).steps === state.steps);
};

// --- all of it

const showControls = () => {
  const { stations } = methodOf(), steps = find(".steps"), guidance = find(".guidance");
  find(".model").value = state.model;
  press(findAll(".methods button"), (button) => button.dataset.name === state.method);
  find(".seed input").value = String(state.seed);
  steps.max = String(stations.length - 1);
  steps.value = String(stations.indexOf(state.steps));
  steps.setAttribute("aria-valuetext", stepsText(state.steps));
  find(".over-steps .name").textContent = stepsText(state.steps);
  guidance.value = String(state.guidance);
  guidance.disabled = !hasClasses();
  find(".over-guidance .name").textContent = `Guidance ${formatNumber(state.guidance, 1)}`;
  press(findAll(".lower button"), (button) => button.dataset.figure === lower.figure);
  find(".note").textContent = noteText();
};

const show = () => {
  showControls();
  showNow();
  showRow();
  drawCurves();
};

const showProgress = () => {
  showNow();
  showRow();
};

const loadCurves = async () => {
  const { model } = state;
  setCurves(known.get(model) ?? null);
  if (known.has(model) || !about().measured) return;
  const answer = await ask("curves", { model });
  showText(find(".problem"), answer.error);
  if (answer.error) return;
  known.set(model, answer);
  if (model !== state.model) return;
  setCurves(answer);
  showControls();
  drawCurves();
};

const keep = () => {
  const { model, method, steps, guidance, seed } = state, first = about();
  const text = (value, usual) => (value === usual ? "" : String(value));
  setFields("noise", {
    "sheet-model": text(model, names[0]), "sheet-method": text(method, first.method), "sheet-steps": text(steps, USUAL_STEPS),
    "sheet-guidance": text(guidance, 1), "sheet-seed": text(seed, first.seed),
  });
};

const work = () => {
  if (isSeen()) drawAll(isSeen);
};

/** Chooses something else; what does not fit it takes its usual value. */
const choose = (change) => {
  if (change.model && change.model !== state.model) {
    const next = props.models[change.model];
    Object.assign(state, { model: change.model, method: next.method, seed: next.seed });
    buildMethods();
    if (isVisible) loadCurves();
  }
  Object.assign(state, change);
  state.steps = nearest(state.steps);
  if (!hasClasses()) state.guidance = 1;
  resume();
  show();
  keep();
  work();
};

const buildMethods = () => {
  find(".methods").replaceChildren(...about().methods.map(({ name, title, calls }, nth) => {
    const button = make("button", `method${nth}`, make("i"), make("span", "", title));
    button.dataset.name = name;
    button.title = `Calls of the network in a step: ${calls}`;
    button.addEventListener("click", () => choose({ method: name }));
    return button;
  }));
};

// --- what the visitor does

find(".model").replaceChildren(...names.map((name) => Object.assign(make("option", "", props.models[name].title), { value: name })));
find(".model").hidden = names.length < 2;
find(".model").addEventListener("change", ({ target }) => choose({ model: target.value }));
find(".steps").addEventListener("input", ({ target }) => choose({ steps: methodOf().stations[Number(target.value)] }));
find(".guidance").max = String(props.most_guidance);
find(".guidance").addEventListener("input", ({ target }) => choose({ guidance: Number(target.value) }));
const isSeed = (value) => Number.isInteger(value) && value >= 0 && value <= props.last_seed;
find(".seed input").max = String(props.last_seed);
find(".seed input").addEventListener("change", ({ target }) => {
  const seed = target.value.trim() === "" ? Number.NaN : Number(target.value);
  if (isSeed(seed)) choose({ seed });
  else {
    say(`The seed must be a whole number from 0 to ${formatNumber(props.last_seed, 0)}.`);
    target.value = String(state.seed);
  }
});
find(".another").addEventListener("click", () => choose({ seed: Math.floor(Math.random() * 10_000) }));
find(".draw").addEventListener("click", () => {
  if (isWanted(state.steps) && isDrawing() && !isHalted()) halt();
  else resume(state.steps);
  showNow();
  work();
});
find(".lower").replaceChildren(...LOWER.map((figure) => {
  const button = make("button", "", titleOf(figure));
  button.dataset.figure = figure;
  button.addEventListener("click", () => {
    lower.figure = figure;
    showControls();
    drawCurves();
  });
  return button;
}));
find(".words").innerHTML = `${word("Fréchet distance")} · ${word("coverage")} · ${word("guidance")}`;
onChoose(choose);
onChange(showProgress);

/** What an address asks for; what is wrong with it takes the default, and is said. */
const arrive = (fields) => {
  const asked = (name) => fields[`sheet-${name}`] ?? "";
  const wrong = [];
  const take = (name, value, isRight, usual) => {
    if (asked(name) === "") return usual;
    if (isRight(value)) return value;
    wrong.push(name);
    return usual;
  };
  state.model = take("model", asked("model"), (name) => names.includes(name), names[0]);
  const { methods, method, seed } = about();
  state.method = take("method", asked("method"), (name) => methods.some((one) => one.name === name), method);
  state.steps = nearest(take("steps", Number(asked("steps")), (steps) => methodOf().stations.includes(steps), USUAL_STEPS));
  state.guidance = take("guidance", Number(asked("guidance")), (weight) => hasClasses() && weight >= 0 && weight <= props.most_guidance && weight % 0.5 === 0, 1);
  state.seed = take("seed", Number(asked("seed")), isSeed, seed);
  if (wrong.length) say(`Something in this link is wrong: ${wrong.join(", ")}. The usual is shown instead.`);
  buildMethods();
  if (isVisible) loadCurves();
  show();
  work();
};

arrive({});
keepFields("noise", Object.fromEntries(FIELDS.map((name) => [`sheet-${name}`, ""])), arrive);
new IntersectionObserver((entries) => {
  const isIn = entries.at(-1).isIntersecting;
  if (isIn === isVisible) return;
  isVisible = isIn;
  if (!isVisible) return;
  loadCurves();
  show();
  work();
}).observe(find(".stage"));
