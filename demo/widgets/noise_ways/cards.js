// What is seen of the race: a card for everyone, and the board of those who have arrived.
import { find, findAll, formatNumber, make, paintPicture, resize } from "../common.js";
import { end, field, finished, isComplete, isOver, momentAt, race, wish } from "./state.js";

const nameOf = ({ title, way, paced }) => (paced ? `${title}, ${way}` : title);

const putText = (node, words) => { if (node.textContent !== words) node.textContent = words; };

const msText = (ms) => `${formatNumber(ms, ms < 100 ? 1 : 0)} ms`;
const callsText = ({ paced }, calls) => {
  const what = paced ? "call" : "layer";
  return `${calls} ${what}${calls === 1 ? "" : "s"}`;
};

/** Makes a card for everyone who races. */
export const buildCards = () => {
  for (const card of findAll(".card.entrant")) card.remove();
  const [, height, width] = field().size;
  find(".field").append(...field().entrants.map((entrant) => {
    const canvas = make("canvas"), name = make("b", "", entrant.title);
    canvas.setAttribute("role", "img");
    canvas.setAttribute("aria-label", `${nameOf(entrant)}: not measured yet`);
    const way = make("span", "way", entrant.paced ? entrant.way : "");
    const card = make("figure", "card entrant", canvas, make("i", "bar"), make("figcaption", "", name, way, make("span", "numbers")));
    return card;
  }));
  for (const canvas of findAll(".card canvas")) {
    resize(canvas, width, height);
    canvas.getContext("2d").clearRect(0, 0, width, height);
  }
  putText(find(".start .numbers"), "");
  find(".flows").hidden = field().entrants.every(({ paced }) => paced);
  const rows = field().entrants.map(() => make("tr", "", ...Array.from({ length: 5 }, () => make("td", "", " "))));
  find("tbody").replaceChildren(...rows);
};

const paint = (canvas, levels, index) => {
  const [channels, height, width] = field().size;
  paintPicture(canvas, { levels, width, height, channels }, { index });
};

/** Shows that one more has been measured: its noise is there. */
export const showMeasured = () => {
  const count = race.runs.length, cards = findAll(".card.entrant"), last = race.runs[count - 1];
  const size = field().size.reduce((product, side) => product * side, 1);
  if (last?.levels && !find(".start .numbers").textContent) {
    paint(find(".start canvas"), last.levels, 0);
    putText(find(".start .numbers"), `seed ${race.asked.seed}`);
    putText(find(".same"), `Everyone gets the same ${formatNumber(size, 0)} random numbers, each at its own place of the picture.`);
  }
  cards.forEach((card, i) => {
    const run = race.runs[i];
    if (run?.error) putText(card.querySelector(".numbers"), run.error);
    else if (!isComplete()) putText(card.querySelector(".numbers"), run ? "ready" : i === count ? "being measured …" : "waits");
    if (run?.levels && i === count - 1) paint(card.querySelector("canvas"), run.levels, 0);
  });
};

const describe = (entrant, run, moment) => {
  const isThere = moment === run.times.length - 1;
  const read = isThere && run.reads !== null ? `, read as ${run.reads}` : "";
  return `${nameOf(entrant)}: ${callsText(entrant, run.calls[moment])}${read}`;
};

const readText = ({ reads, sure }) => {
  if (reads === null) return "";
  return `${reads} · ${sure > 0.995 ? ">99" : formatNumber(100 * sure, 0)} %`;
};

const noteOf = (entrant) => {
  if (!entrant.knows && wish.label !== "any") return "knows no classes";
  if (!entrant.paced) return "first scales and shifts each number";
  return entrant.anew ? "draws more noise on the way" : "";
};

const order = () =>
  field().entrants.map((entrant, i) => ({ entrant, run: race.runs[i], i }))
    .filter(({ run }) => finished(run) !== undefined)
    .sort((one, other) => finished(one.run) - finished(other.run));

const fillRow = (row, place, { entrant, run }) => {
  const cells = row.children, note = noteOf(entrant);
  putText(cells[0], String(place + 1));
  const way = make("span", "way", entrant.paced ? entrant.way : "");
  cells[1].replaceChildren(make("span", "", entrant.title), way, ...(note ? [make("small", "", note)] : []));
  putText(cells[2], callsText(entrant, run.calls.at(-1)));
  putText(cells[3], msText(finished(run)));
  putText(cells[4], readText(run));
  cells[4].classList.toggle("wrong", race.asked.label !== "any" && entrant.knows && run.reads !== race.asked.label);
};

let listed = ""; // who stands on the board

/** Shows the race as it is at the place of the playback. */
export const showRace = () => {
  if (!isComplete()) return;
  const { at, runs } = race, ranked = order();
  findAll(".card.entrant").forEach((card, i) => {
    const run = runs[i], entrant = field().entrants[i];
    if (run.error) return;
    const moment = momentAt(run, at), canvas = card.querySelector("canvas"), isThere = at >= finished(run);
    if (card.dataset.moment !== `${race.number} ${moment}`) {
      card.dataset.moment = `${race.number} ${moment}`;
      paint(canvas, run.levels, moment);
      canvas.setAttribute("aria-label", describe(entrant, run, moment));
    }
    card.querySelector(".bar").style.setProperty("--share", Math.min(1, at / finished(run)));
    card.classList.toggle("there", isThere);
    card.dataset.place = isThere ? ranked.findIndex((one) => one.i === i) + 1 : "";
    putText(card.querySelector(".numbers"), `${callsText(entrant, run.calls[moment])} · ${msText(Math.min(at, finished(run)))}`);
  });
  const there = ranked.filter(({ run }) => at >= finished(run)), key = `${race.number} ${there.length}`;
  if (listed === key) return;
  listed = key;
  findAll("tbody tr").forEach((row, place) => {
    if (there[place]) fillRow(row, place, there[place]);
    else for (const cell of row.children) putText(cell, " ");
  });
};

/** Shows the clock: the time, the scrubber, what the button would do. */
export const showClock = () => {
  const isThere = isComplete() && end() > 0, scrubber = find(".time");
  scrubber.disabled = !isThere;
  find(".play").disabled = !isThere;
  const name = race.playing ? "Pause" : isThere && isOver() ? "Replay" : "Play";
  putText(find(".play span"), name);
  const icons = { Pause: "M6 5h4v14H6zM14 5h4v14h-4z", Play: "M7 4l13 8-13 8z", Replay: "M12 5V1L6 6l6 5V7a5 5 0 1 1-5 5H5a7 7 0 1 0 7-7z" };
  find(".play path").setAttribute("d", icons[name]);
  if (!isThere) return;
  scrubber.value = String(Math.round((1000 * race.at) / end()));
  scrubber.setAttribute("aria-valuetext", msText(Math.min(race.at, end())));
  putText(find(".now"), msText(Math.min(race.at, end())));
};
