// Who is asked what, and when it is enough.
import { ask, find, make, showText } from "../common.js";
import { buildChart, showFigures, showRowProblem } from "./chart.js";
import { join } from "./figures.js";

const ENOUGH = 0.005; // bits per value: an error that small is settled
const FEWEST = 4; // batches, before an error is believed
const MOST = { exact: 1, bound: 64, estimate: 24 }; // batches, until the user asks for more
const LAST = 1000; // batches that there are

let current = null; // what is being scored: {number, subject, picture, tasks}
let number = 0;
let running = false;
let visible = false;
let rounds = 1; // how often the user asked for more

const values = ({ size }) => size.reduce((product, side) => product * side, 1);

const allowed = (task) => Math.min(LAST, MOST[task.reading] * (task.reading === "exact" ? 1 : rounds));

/** Whether more draws of something are of use. */
const isOpen = (task) => {
  if (task.failed || task.batches.length >= allowed(task)) return false;
  if (task.batches.length < Math.min(FEWEST, MOST[task.reading])) return true;
  const { error, limit, kind } = task.figure;
  return error === null || error > ENOUGH || (limit && kind !== "bound");
};

/** What is asked next: what has the fewest draws, the quick before the slow. */
const next = (isSlow) => {
  const open = current.tasks.filter((task) => !task.asked && isOpen(task) && (task.reading === "estimate") === isSlow);
  return open.sort((one, other) => one.batches.length - other.batches.length)[0];
};

const figuresByRow = () => current.subject.models.map((_, row) =>
  Object.fromEntries(current.tasks.filter((task) => task.row === row && task.figure).map((task) => [task.reading, task.figure])));

const show = () => {
  const { tasks, subject } = current, draws = tasks.reduce((sum, { figure }) => sum + (figure?.draws ?? 0), 0);
  showFigures(subject, figuresByRow());
  const settled = tasks.filter((task) => !isOpen(task)).length, isDone = settled === tasks.length;
  const button = find(".go");
  button.disabled = false;
  button.textContent = running && !isDone ? "Stop" : isDone ? "More draws" : "Go on";
  const words = isDone ? "All is as sure as it was to be" : running ? "Narrowing" : "Stopped";
  find(".state").textContent = `${words}: ${settled} of ${tasks.length} figures settled, ${draws} draws.`;
  if (isDone && running) {
    running = false;
    find(".live").textContent = find(".state").textContent;
  }
};

/** Asks one question after the other, until nothing is left to ask. */
const work = async (isSlow) => {
  const mine = number;
  while (running && visible && mine === number) {
    const task = next(isSlow);
    if (!task) return;
    task.asked = true;
    const { name } = current.subject.models[task.row], batch = task.batches.length;
    const answer = await ask("score", { model: name, picture: current.picture, reading: task.reading, batch });
    task.asked = false;
    if (mine !== number) return;
    if (answer.kind) {
      task.batches.push(answer);
      task.figure = join(task.batches, values(current.subject));
    } else {
      task.failed = true;
      showRowProblem(task.row, answer.error);
    }
    show();
  }
};

let busy = { quick: 0, slow: 0 }; // numbers of the pictures whose questions are being asked

// Two at a time: what is quick never waits for what is slow.
const start = () => {
  if (!current || !running || !visible) return;
  for (const lane of ["quick", "slow"]) {
    if (busy[lane] === number) continue;
    const mine = number;
    busy[lane] = mine;
    work(lane === "slow").finally(() => {
      if (busy[lane] !== mine) return;
      busy[lane] = 0;
      if (running && visible && next(lane === "slow")) start();
    });
  }
};

const receive = () => {
  const value = props.value && JSON.parse(props.value), subject = value && props.subjects[value.dataset];
  if (!subject) return;
  number += 1;
  rounds = 1;
  running = true;
  busy = { quick: 0, slow: 0 };
  const tasks = subject.models.flatMap(({ readings }, row) =>
    readings.map((reading) => ({ row, reading, batches: [], figure: null, asked: false, failed: false })));
  current = { subject, picture: value.picture, tasks };
  showText(find(".problem"), "");
  buildChart(subject, value.picture);
  show();
  start();
};

find(".go").addEventListener("click", () => {
  if (running) running = false;
  else {
    if (current.tasks.every((task) => !isOpen(task))) rounds += 1;
    running = true;
  }
  show();
  start();
});

find(".head").append(make("p", "state"));
watch("value", receive);
receive();
new IntersectionObserver((entries) => {
  visible = entries.at(-1).isIntersecting;
  start();
}).observe(element);
