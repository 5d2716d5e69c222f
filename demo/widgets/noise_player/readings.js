// What is said of the moment, of the picture, and of how likely it is.
import { ask, find, findAll, formatNumber, packBytes } from "../common.js";
import { word } from "../shell.js";
import { setHtml, setParts } from "../wording.js";
import { about, atEnd, current, end, picture, run, shownFrame, shownIndex, state } from "./state.js";
import { describeSteps, forgetSteps, showSteps } from "./steps.js";

const LOG_P = word("log p(x)");
const SIGNS = { exact: "", bound: "≥ " }; // of figures that are not estimates

let asked = 0; // how many pictures were asked about: an answer about an older one comes too late

const labelText = (label) => (label === "any" ? "any class" : `class ${label}`);

const progressWord = () => {
  if (atEnd()) return run.stopped ? "stopped" : "complete";
  if (!state.playing) return "paused";
  if (run.over) return "replaying";
  return state.at >= run.ready - 1 ? "waiting for the model" : "drawing";
};

const statusParts = () => {
  const parts = [progressWord(), labelText(run.label), `seed ${run.seed}`];
  if (run.pictures > 1) parts.splice(2, 0, `${run.pictures} pictures`);
  if (run.method) parts.push(run.method);
  if (run.temperature !== 1) parts.push(`temperature ${run.temperature}`);
  if (run.guidance !== 1) parts.push(`guidance ${run.guidance}`);
  if (run.total - 1 < run.steps) parts.push(`${run.total} of ${run.steps + 1} moments shown`);
  return parts;
};

const callsText = ({ calls }) => {
  const what = about().layers ? "layer" : "network call", count = `${calls} ${what}${calls === 1 ? "" : "s"}`;
  if (!run.done || !atEnd()) return `${count} so far`;
  const ms = 1000 * run.done.seconds;
  const time = ms < 1000 ? `${formatNumber(ms, 0)} ms` : `${formatNumber(run.done.seconds, 1)} s`;
  return `${count}, ${time} of computing, measured now`;
};

const readsText = () => {
  if (!run.done?.reads || !atEnd()) return "";
  const which = current(), { reads, sure } = run.done;
  if (which === null) return `The classifier reads: ${reads.join(" ")}`;
  const percent = sure[which] > 0.995 ? "over 99 %" : `${formatNumber(100 * sure[which], 0)} %`;
  const says = `The classifier reads it as ${reads[which]} (${percent})`;
  return run.label === "any" || run.label === reads[which] ? `${says}.` : `${says}, asked for was ${run.label}.`;
};

/** Describes the moment that is shown. */
export const describe = () => {
  const frame = shownFrame(), { title, one, many, idea } = about();
  const name = frame.title && frame.step ? ` · ${frame.title}` : "";
  find(".step-name").textContent = frame.step ? `Step ${frame.step} of ${run.steps}${name}` : `Pure noise, before step 1 of ${run.steps}`;
  setParts(find(".status"), statusParts());
  find(".calls").textContent = callsText(frame);
  find(".reads").textContent = readsText();
  find(".idea").textContent = idea;
  const what = run.pictures > 1 && current() === null ? `${run.pictures} ${many}` : `A ${one}`;
  picture.setAttribute("aria-label", `${what} by ${title}, step ${frame.step} of ${run.steps}`);
  find(".ending").setAttribute("aria-label", `What the model expects at the end, seen from step ${frame.step}`);
  const none = find(".later .none");
  none.hidden = run.guesses;
  none.textContent = run.guesses ? "" : "This model makes no guess on the way: only when every layer has done its part is there a picture.";
  const strip = find(".strip");
  strip.setAttribute("aria-valuemax", String(end()));
  strip.setAttribute("aria-valuenow", String(shownIndex()));
  strip.setAttribute("aria-valuetext", `step ${frame.step} of ${run.steps}`);
  describeSteps();
};

// --- how likely the picture is

const kindParts = ({ kind, error, draws }) => {
  const { usual, many } = about(), real = usual[kind] ?? (kind in SIGNS ? undefined : usual.estimate);
  const parts = [];
  if (kind === "exact") parts.push("The exact value.");
  else if (kind === "bound") parts.push(`A lower bound: the mean of ${draws} draws (± ${formatNumber(error, 1)}).`);
  else parts.push(`An estimate with its standard error (${kind}, ${draws} draws).`);
  if (real !== undefined) parts.push(`Real ${many}: ${formatNumber(real, 2)} on average.`);
  return parts;
};

const showFigure = (row, answer) => {
  const { kind, nats, error, bits } = answer, unit = run.channels === 1 ? "bits per pixel" : "bits per value";
  const spread = kind in SIGNS || error === null ? "" : ` ± ${formatNumber(error, 1)}`;
  find(`.${row} .number`).textContent = `${SIGNS[kind] ?? "≈ "}${formatNumber(nats, 1)}${spread} nats`;
  setHtml(find(`.${row} .bits`), `${formatNumber(bits, 2)} ${word("bits per value", unit)}`);
  setParts(find(`.${row}-kind`), kindParts(answer));
};

const clearFigure = (row) => {
  for (const node of findAll(`.${row} :is(.number, .bits), .${row}-kind`)) {
    node.textContent = "";
    delete node.dataset.html;
  }
};

const wholePicture = () => {
  const { images } = run.frames[run.total - 1], size = run.width * run.height * run.channels;
  return packBytes(images.subarray(current() * size, (current() + 1) * size));
};

const showAsking = (words, isOffered) => {
  setHtml(find(".what"), words);
  const button = find(".estimate");
  button.hidden = !isOffered;
  button.disabled = false;
  button.textContent = "Estimate log p(x)";
};

/** Forgets what was said of another picture. */
export const forgetScores = () => {
  asked++;
  for (const row of ["density", "estimated"]) clearFigure(row);
  forgetSteps();
  showAsking(`${LOG_P} comes with the finished picture`, false);
};

const question = async (name) => {
  const number = asked, answer = await ask(name, { model: run.model, picture: wholePicture() });
  return number === asked ? answer : null;
};

/** Asks how likely the picture is that is looked at, where that is quick, and offers what takes longer. */
export const seekScore = async () => {
  if (!run?.done || run.stopped) return;
  if (current() === null) {
    showAsking(`${LOG_P}: choose one of the pictures`, false);
    return;
  }
  const { density, estimate, layers } = about();
  showAsking(density ? `${LOG_P} of the finished picture` : `${LOG_P} takes some seconds`, estimate);
  if (!density) return;
  const answer = await question("density");
  if (!answer) return;
  if (answer.kind) showFigure("density", answer);
  else setParts(find(".density-kind"), [answer.error]);
  if (layers) await askSteps();
};

const askSteps = async () => {
  const answer = await question("steps");
  if (answer?.steps) showSteps(answer);
};

export const estimate = async () => {
  const button = find(".estimate");
  button.disabled = true;
  button.textContent = "Estimating …";
  if (!about().layers) await askSteps();
  const answer = await question("estimate");
  if (!answer) return;
  setHtml(find(".what"), `${LOG_P} of the finished picture`);
  button.disabled = false;
  button.textContent = "Estimate log p(x)";
  button.hidden = Boolean(answer.kind);
  if (answer.kind) showFigure("estimated", answer);
  else setParts(find(".estimated-kind"), [answer.error]);
};
