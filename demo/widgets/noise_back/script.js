// The trip of a picture to its noise and back: fields, buttons, keys and what they lead to.
import { find, findAll, make } from "../common.js";
import { KEYS, wireScrubber } from "../player.js";
import { keepFields, say, setFields } from "../shell.js";
import { frameAt } from "./picture.js";
import { goTo, show, toggle } from "./playback.js";
import { end, shownIndex, state, trip } from "./state.js";
import { shape, travel } from "./trip.js";

const NAMES = Object.keys(props.models);
const LAST_SEED = 9999;
const WRONG = "Something in this link is wrong: the usual is shown instead.";
const LEAP = 10; // steps of the keys that go far
const PLACES = {
  start: () => 0,
  back: () => shownIndex() - 1,
  on: () => shownIndex() + 1,
  end,
  up: () => shownIndex() - LEAP,
  down: () => shownIndex() + LEAP,
};

// --- what is chosen

const subjects = new Set(NAMES.map((name) => props.models[name].subject));
find(".model").append(...NAMES.map((name) => {
  const { title, subject } = props.models[name];
  return Object.assign(make("option", "", subjects.size > 1 ? `${subject}: ${title}` : title), { value: name });
}));

const showChoice = () => {
  find(".model").value = state.model;
  find(".seed").value = state.seed;
};

const choose = (changes) => {
  Object.assign(state, changes, { wish: "" });
  setFields("noise", { back_model: state.model, back_seed: state.seed, back_at: "" });
  showChoice();
  shape();
  travel();
};

const isSeed = (seed) => Number.isInteger(seed) && seed >= 0 && seed <= LAST_SEED;

find(".model").addEventListener("change", ({ target }) => choose({ model: target.value }));
find(".seed").addEventListener("change", ({ target }) => {
  const seed = target.value === "" ? NaN : Number(target.value);
  if (isSeed(seed)) choose({ seed });
  else {
    showChoice();
    say(`The seed must be a whole number from 0 to ${LAST_SEED}.`);
  }
});
find(".another").addEventListener("click", () => choose({ seed: Math.floor((LAST_SEED + 1) * Math.random()) }));

const bring = ({ back_model: model, back_seed: seed, back_at: at }) => {
  const isKnown = NAMES.includes(model), number = seed === "" ? NaN : Number(seed), isPlace = /^\d{0,3}$/.test(at);
  if (!isKnown || !isSeed(number) || !isPlace) say(WRONG);
  Object.assign(state, { model: isKnown ? model : NAMES[0], seed: isSeed(number) ? number : 0, wish: isPlace ? at : "" });
  setFields("noise", { back_model: state.model, back_seed: state.seed, back_at: state.wish });
  showChoice();
  shape();
  travel();
};

// --- the player

find(".play").addEventListener("click", toggle);
for (const button of findAll("[data-go]")) button.addEventListener("click", () => trip && goTo(PLACES[button.dataset.go]()));
find(".speed").addEventListener("change", ({ target }) => {
  state.speed = target.value;
  show();
});
wireScrubber(find(".strip"), (share) => trip && goTo(frameAt(share)));
find(".layers-chart").addEventListener("click", ({ target }) => {
  const bar = target.closest("[data-step]");
  if (bar) goTo(Number(bar.dataset.step));
});

element.addEventListener("keydown", (event) => {
  const { target, key } = event;
  if (!trip || event.ctrlKey || event.altKey || event.metaKey || target.closest("select, input")) return;
  if (key === " " && !target.closest("button")) toggle();
  else if (key in KEYS) goTo(PLACES[KEYS[key]]());
  else return;
  event.preventDefault();
});

keepFields("noise", { back_model: NAMES[0], back_seed: 0, back_at: "" }, bring);
watch("value", travel);
showChoice();
shape();
travel();
show();
