// A picture that a model makes its own: what is chosen, what is asked, what is shown.
import { askNewest } from "../asker.js";
import { downloadBlob, find, findAll, make, press, showText } from "../common.js";
import { keepFields, say, setFields } from "../shell.js";
import { showTaking, wireTaking } from "../taking.js";
import { decodeErased, encodeErased, wireEraser } from "./mask.js";
import { paintStart, resultCanvas, showResults } from "./picture.js";
import { describe } from "./readings.js";
import { MOST_STEPS, NAMES, PARTS, REPEATS, STEPS, USUAL, about, chosen, fieldOfChoice, given, mask, state, toFields } from "./state.js";

const LAST_SEED = 9999;
const ZOOM = 10; // screen pixels per pixel of a downloaded picture
const WRONG = "Something in this link is wrong: the usual is shown instead.";

// --- asking

let newest = null; // the question that is to be answered

const complain = (error) => showText(find(".problem"), error);

const take = (question, answer) => {
  state.result = { ...answer, question };
  showText(find(".problem"), "");
  paintStart();
  showResults();
  describe();
};

const isWanted = (question) => question.name === newest?.name && question.model === newest.model;
const askers = { redraw: askNewest("redraw", take, complain, isWanted), complete: askNewest("complete", take, complain, isWanted) };

/** Asks what the model makes of the picture, as everything is chosen now. */
const askNow = () => {
  const picture = given(), { model, label, seed, steps } = chosen;
  if (!picture) return;
  const name = chosen.mode === "part" ? "complete" : "redraw", question = { name, model, picture, label, seed, steps };
  if (name === "redraw") question.strength = chosen.noise / 100;
  else Object.assign(question, { keep: mask().map(Number).join(""), repeats: chosen.repeats });
  newest = question;
  askers[name](question);
};

// --- what is chosen

const fillSelect = (select, entries) => {
  select.replaceChildren(...entries.map(([value, words]) => Object.assign(make("option", "", words), { value })));
};
const subjects = new Set(NAMES.map((name) => props.models[name].subject));
const modelWords = (name) => (subjects.size > 1 ? `${props.models[name].subject}: ${props.models[name].title}` : props.models[name].title);
fillSelect(find(".model"), NAMES.map((name) => [name, modelWords(name)]));
fillSelect(find(".steps"), STEPS.map((count) => [count, String(count)]));
fillSelect(find(".repeats"), REPEATS.map((count) => [count, count === 1 ? "once" : `${count} times`]));

const fillClasses = () => {
  const { classes, any } = about();
  if (!classes.includes(chosen.label)) chosen.label = any;
  fillSelect(find(".label"), classes.map((name) => [name, name]));
};

/** Shows what is chosen. */
const showChoice = () => {
  fillClasses();
  for (const name of ["model", "label", "steps", "seed", "repeats"]) find(`.controls .${name}, .how .${name}`).value = chosen[name];
  find(".strength input").value = chosen.noise;
  press(findAll("[data-mode]"), (button) => button.dataset.mode === chosen.mode);
  press(findAll("[data-part]"), (button) => button.dataset.part === chosen.keep);
  for (const option of find(".repeats").options) option.disabled = option.value * chosen.steps > MOST_STEPS;
  find(".how-noise").hidden = chosen.mode === "part";
  find(".how-part").hidden = chosen.mode !== "part";
  find(".whole").disabled = chosen.keep !== "paint" || !state.erased.size;
  const isErased = chosen.mode === "part" && chosen.keep === "paint", canvas = find(".start canvas");
  canvas.classList.toggle("erasable", isErased);
  canvas.tabIndex = isErased ? 0 : -1;
  showTaking(chosen.model);
  describe();
};

const choose = (changes) => {
  Object.assign(chosen, changes);
  if (chosen.steps * chosen.repeats > MOST_STEPS) chosen.repeats = Math.max(...REPEATS.filter((count) => count * chosen.steps <= MOST_STEPS));
  chosen.erased = encodeErased();
  setFields("noise", toFields(chosen));
  showChoice();
  paintStart();
  askNow();
};

for (const name of ["model", "label"]) find(`.controls .${name}`).addEventListener("change", ({ target }) => choose({ [name]: target.value }));
find(".steps").addEventListener("change", ({ target }) => choose({ steps: Number(target.value) }));
find(".repeats").addEventListener("change", ({ target }) => choose({ repeats: Number(target.value) }));
find(".strength input").addEventListener("input", ({ target }) => choose({ noise: Number(target.value) }));
for (const button of findAll("[data-mode]")) button.addEventListener("click", () => choose({ mode: button.dataset.mode }));
for (const button of findAll("[data-part]")) button.addEventListener("click", () => choose({ keep: button.dataset.part }));
find(".whole").addEventListener("click", () => {
  state.erased.clear();
  choose({});
});
wireEraser((isDone) => {
  if (isDone) choose({});
  else paintStart();
});

const isSeed = (seed) => Number.isInteger(seed) && seed >= 0 && seed <= LAST_SEED;
find(".seed").addEventListener("change", ({ target }) => {
  const seed = target.value === "" ? NaN : Number(target.value);
  if (isSeed(seed)) choose({ seed });
  else {
    showChoice();
    say(`The seed must be a whole number from 0 to ${LAST_SEED}.`);
  }
});
find(".another").addEventListener("click", () => choose({ seed: Math.floor((LAST_SEED + 1) * Math.random()) }));

const numberOf = (text) => (text === "" ? NaN : Number(text));
const isNoise = (noise) => Number.isInteger(noise) && noise >= 0 && noise <= 100;

const bring = (fields) => {
  const text = (name) => fields[fieldOfChoice(name)], isModel = NAMES.includes(text("model"));
  chosen.model = isModel ? text("model") : USUAL.model;
  const erased = decodeErased(text("erased"));
  const [noise, seed, steps, repeats] = ["noise", "seed", "steps", "repeats"].map((name) => numberOf(text(name)));
  const wanted = {
    mode: [text("mode"), ["noise", "part"].includes(text("mode"))],
    label: [text("label"), about().classes.includes(text("label"))],
    keep: [text("keep"), PARTS.includes(text("keep"))],
    noise: [noise, isNoise(noise)],
    seed: [seed, isSeed(seed)],
    steps: [steps, STEPS.includes(steps)],
    repeats: [repeats, REPEATS.includes(repeats) && repeats * steps <= MOST_STEPS],
  };
  if (!isModel || !erased || Object.values(wanted).some(([, isGood]) => !isGood)) say(WRONG);
  state.erased = erased ?? new Set();
  choose(Object.fromEntries(Object.entries(wanted).map(([name, [value, isGood]]) => [name, isGood ? value : USUAL[name]])));
};

// --- the results

find(".results").addEventListener("click", ({ target }) => {
  const card = target.closest("[data-index]");
  if (!card) return;
  state.looked = Number(card.dataset.index);
  showResults();
});
wireTaking(() => ({ canvas: resultCanvas(), channels: about().channels, model: state.result.question.model }));
find(".save").addEventListener("click", () => {
  const canvas = resultCanvas(), copy = make("canvas"), context = copy.getContext("2d");
  Object.assign(copy, { width: canvas.width * ZOOM, height: canvas.height * ZOOM });
  context.imageSmoothingEnabled = false;
  context.drawImage(canvas, 0, 0, copy.width, copy.height);
  const { name, model, seed } = state.result.question;
  copy.toBlob((blob) => downloadBlob(`${model}-${name}-seed${seed}-${state.looked + 1}.png`, blob));
});

keepFields("noise", toFields(USUAL), bring);
watch("value", () => {
  paintStart();
  askNow();
});
showChoice();
showResults();
paintStart();
askNow();
