// The race: who is asked, when it starts, how it is played back.
import { ask, clamp, find, findAll, formatNumber, make, press, unpackBytes } from "../common.js";
import { keepFields, setFields } from "../shell.js";
import { buildCards, showClock, showMeasured, showRace } from "./cards.js";
import { announce, end, field, isComplete, isOver, race, showProblem, wish } from "./state.js";

const SECONDS = 8; // that a race in slow motion takes
const reduced = matchMedia("(prefers-reduced-motion: reduce)");

let frame = 0; // handle of the next animation frame
let last = 0; // time of the one before
let seen = false;
let warning = ""; // about the link, until the next race

const setText = (selector, words) => { find(selector).textContent = words; };

// --- the controls

const keep = () => {
  const { dataset, seed, steps } = field();
  setFields("noise", {
    race_data: wish.data ? dataset : "",
    race_class: wish.label === "any" ? "" : wish.label,
    race_seed: wish.seed === seed ? "" : wish.seed,
    race_steps: wish.steps === steps ? "" : wish.steps,
  });
};

const THOUSAND = 1000; // of the race: its times differ from one measurement to the next, so a link names a share

// A moment that the visitor stopped at belongs to the address.
const keepMoment = () => {
  race.wanted = race.playing || isOver() ? "" : String(Math.round((THOUSAND * race.at) / end()));
  setFields("noise", { race_at: race.wanted });
};

const forgetMoment = () => {
  race.wanted = "";
  setFields("noise", { race_at: "" });
};

const goTo = (thousandths) => {
  Object.assign(race, { playing: false, at: thousandths === THOUSAND ? end() : (thousandths / THOUSAND) * end() });
  show();
};

const showControls = () => {
  const { classes, last: lastSeed, most } = field();
  find(".data").hidden = props.fields.length < 2;
  find(".data select").value = String(wish.data);
  find(".classes").replaceChildren(...classes.map((label) => {
    const button = make("button", "", label);
    button.addEventListener("click", () => choose({ label }));
    return button;
  }));
  press(findAll(".classes button"), (button) => button.textContent === wish.label);
  const seed = find(".seed"), steps = find(".steps");
  [seed.max, seed.value, steps.max, steps.value] = [lastSeed, wish.seed, most, wish.steps];
  setText(".paces output", String(wish.steps));
};

const usual = (data) => ({ data, label: "any", seed: props.fields[data].seed, steps: props.fields[data].steps });

const choose = (change) => {
  Object.assign(wish, change);
  showControls();
  keep();
  forgetMoment();
  start();
};

const isWhole = (value, low, high) => /^\d{1,6}$/.test(value) && Number(value) >= low && Number(value) <= high;

// --- the race

const question = ({ model, method, knows }) => {
  const { label, seed, steps } = race.asked;
  return { model, method, label: knows ? label : "any", seed, steps };
};

/** Asks for everyone's way, one after the other: none slows another down. */
const start = async () => {
  const number = ++race.number;
  Object.assign(race, { asked: { ...wish }, runs: [], at: 0, playing: false });
  showProblem(warning);
  warning = "";
  buildCards();
  showClock();
  for (const entrant of field().entrants) {
    showMeasured();
    setText(".pace", `Measuring, one after the other: ${race.runs.length + 1} of ${field().entrants.length}`);
    const { images, ...answer } = await ask("run", question(entrant));
    if (number !== race.number) return;
    race.runs.push(images ? { ...answer, levels: unpackBytes(images) } : answer);
    if (answer.error) showProblem(answer.error);
  }
  showMeasured();
  if (end() > 0) begin();
};

const begin = () => {
  const slow = Math.round((1000 * SECONDS) / end());
  setText(".pace", `The slowest took ${formatNumber(end(), 0)} ms of computing, measured now; in slow motion it is shown ${formatNumber(slow, 0)} times slower.`);
  last = performance.now();
  if (race.wanted) {
    goTo(Number(race.wanted));
    announce("Paused");
    return;
  }
  race.playing = !reduced.matches;
  if (!race.playing) race.at = end();
  announce(race.playing ? "The race begins" : "All have arrived");
  show();
};

const show = () => {
  showRace();
  showClock();
  if (race.playing && !frame) frame = requestAnimationFrame(step);
};

const step = (now) => {
  frame = 0;
  if (!race.playing) return;
  const passed = clamp(now - last, 0, 100); // a hidden tab does not jump when it is back
  last = now;
  race.at += race.speed === "true" ? passed : (passed * end()) / (1000 * SECONDS);
  if (isOver()) {
    race.playing = false;
    race.at = end();
    announce("All have arrived");
  }
  show();
};

find(".play").addEventListener("click", () => {
  if (!race.playing && isOver()) race.at = 0;
  race.playing = !race.playing;
  last = performance.now();
  keepMoment();
  show();
});
find(".time").addEventListener("input", ({ target }) => {
  goTo(Number(target.value));
  keepMoment();
});
find(".speed").addEventListener("change", ({ target }) => { race.speed = target.value; });
find(".again").addEventListener("click", () => {
  forgetMoment();
  start();
});
find(".new").addEventListener("click", () => choose({ seed: Math.floor(10_000 * Math.random()) }));
find(".seed").addEventListener("change", ({ target }) => {
  if (isWhole(target.value, 0, field().last)) choose({ seed: Number(target.value) });
  else showProblem(`The seed must be a whole number from 0 to ${formatNumber(field().last, 0)}.`);
});
find(".steps").addEventListener("input", ({ target }) => setText(".paces output", target.value));
find(".steps").addEventListener("change", ({ target }) => choose({ steps: Number(target.value) }));
find(".data select").append(...props.fields.map(({ label }, i) => Object.assign(make("option", "", label), { value: String(i) })));
find(".data select").addEventListener("change", ({ target }) => choose(usual(Number(target.value))));

// --- arrival

const readAddress = ({ race_data = "", race_class = "", race_seed = "", race_steps = "", race_at = "" }) => {
  const data = race_data ? props.fields.findIndex(({ dataset }) => dataset === race_data) : 0;
  const wanted = usual(Math.max(0, data)), wrong = data < 0 ? [race_data] : [], { classes, last: most, most: steps } = props.fields[wanted.data];
  const take = (name, value, isGood, read) => {
    if (value && isGood) wanted[name] = read(value);
    else if (value) wrong.push(value);
  };
  take("label", race_class, classes.includes(race_class), String);
  take("seed", race_seed, isWhole(race_seed, 0, most), Number);
  take("steps", race_steps, isWhole(race_steps, 1, steps), Number);
  const isMoment = isWhole(race_at, 0, THOUSAND);
  if (race_at && !isMoment) wrong.push(race_at);
  return { wanted, wrong, moment: isMoment ? race_at : "" };
};

const arrive = (fields) => {
  const { wanted, wrong, moment } = readAddress(fields), isNew = Object.keys(wanted).some((key) => wanted[key] !== wish[key]);
  if (wrong.length) warning = "This link asks for a race that is not here; the usual one is shown instead.";
  Object.assign(wish, wanted);
  race.wanted = moment;
  showControls();
  keep();
  if (seen && (isNew || warning)) start();
  else if (!seen) buildCards();
  else if (moment && isComplete() && end() > 0) goTo(Number(moment));
};

Object.assign(wish, usual(0));
showControls();
buildCards();
showClock();
keepFields("noise", { race_data: "", race_class: "", race_seed: "", race_steps: "", race_at: "" }, arrive);
new IntersectionObserver((entries) => {
  if (seen || !entries.at(-1).isIntersecting) return;
  seen = true;
  start();
}).observe(element);
