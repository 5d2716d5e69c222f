// The lesson: a slim bar with one step of the guided path, which can be left and taken up anywhere. Its place in the page
// is kept while it is open, so that nothing moves from step to step.
import { asked, go, setSetting } from "./router.js";
import { whenThere } from "./there.js";

const STEPS = window.shell_config?.lesson ?? [];
const KEPT = "lesson-step";

let step = 0; // from 1; 0 while the lesson is closed

const keep = (which) => {
  try {
    localStorage.setItem(KEPT, String(which));
  } catch {} // a browser that keeps nothing
};

const makePart = (tag, className, text = "") => {
  const node = document.createElement(tag);
  node.className = className;
  node.textContent = text;
  if (tag === "button") node.type = "button";
  return node;
};

/** Closes the lesson, if it is open; it is taken up where it was left. */
export const leaveLesson = () => {
  if (!step) return;
  showStep(0);
  setSetting("step", "");
};

// After the last step the lesson is over, and begins anew when it is opened again.
const finishOrGoOn = () => {
  if (step < STEPS.length) return visit(step + 1);
  leaveLesson();
  keep(1);
  document.querySelector(".shell-lesson-open").focus();
};

const buildBar = (bar) => {
  const back = makePart("button", "shell-back", "Back"), on = makePart("button", "shell-on", "Next");
  const words = makePart("p", "shell-words"), dots = makePart("div", "shell-dots");
  words.append(makePart("b", "shell-step"), " ", makePart("span", "shell-text"));
  words.setAttribute("aria-live", "polite");
  STEPS.forEach(({ title }, i) => {
    const dot = makePart("button", "shell-dot", String(i + 1));
    dot.title = title;
    dot.setAttribute("aria-label", `${i + 1}. ${title}`);
    dot.addEventListener("click", () => visit(i + 1));
    dots.append(dot);
  });
  const leave = makePart("button", "shell-leave", "×");
  leave.setAttribute("aria-label", "Leave the lesson");
  leave.title = "Leave the lesson";
  back.addEventListener("click", () => visit(step - 1));
  on.addEventListener("click", finishOrGoOn);
  leave.addEventListener("click", leaveLesson);
  bar.append(back, dots, words, on, leave);
};

const showStep = (next) => {
  const bar = document.getElementById("shell-lesson"), open = document.querySelector(".shell-lesson-open");
  if (!bar) return;
  if (!bar.children.length) buildBar(bar);
  step = next;
  bar.hidden = !step;
  document.documentElement.classList.toggle("in-lesson", step > 0); // ":has" there would be asked at every change
  open.setAttribute("aria-expanded", String(Boolean(step)));
  if (!step) return;
  const { title, text } = STEPS[step - 1];
  bar.querySelector(".shell-step").textContent = title;
  bar.querySelector(".shell-text").textContent = text;
  bar.querySelector(".shell-back").disabled = step === 1;
  bar.querySelector(".shell-on").textContent = step === STEPS.length ? "Finish" : "Next";
  bar.querySelectorAll(".shell-dot").forEach((dot, i) => {
    if (i + 1 === step) dot.setAttribute("aria-current", "step");
    else dot.removeAttribute("aria-current");
  });
  keep(step);
};

/** Goes to a step, which sets everything that it talks about. */
export const visit = (next) => {
  if (!STEPS[next - 1]) return;
  showStep(next);
  go({ ...STEPS[next - 1].go, step: String(next) }, { exact: true });
};

const numberOf = (text) => (STEPS[Number(text) - 1] ? Number(text) : 0);

const takeUp = () => {
  let last = 0;
  try {
    last = numberOf(localStorage.getItem(KEPT));
  } catch {}
  visit(last || 1);
};

export const startLesson = () => {
  document.addEventListener("click", (event) => {
    if (!event.target.closest?.(".shell-lesson-open")) return;
    if (step) leaveLesson();
    else takeUp();
  });
  window.addEventListener("popstate", () => showStep(numberOf(asked("step"))));
  whenThere("#shell-lesson", () => {
    const wanted = numberOf(asked("step"));
    if (!wanted) return undefined;
    // A link may name the step alone, and mean all that the step sets.
    const alone = [...new URLSearchParams(location.search).keys()].every((name) => ["step", "lang", "lecture"].includes(name));
    return alone ? visit(wanted) : showStep(wanted);
  });
};
