// The keys of the page: arrows between tabs and within groups of choices, and one key each for lecture mode and reset.
import { chooseLanguage, currentLanguage } from "./languages.js";
import { copyLink } from "./carry.js";
import { closeTip } from "./glossary.js";
import { leaveLesson } from "./lesson.js";
import { asked, openPanel, reset, setSetting } from "./router.js";
import { whenThere } from "./there.js";

const ARROWS = { ArrowLeft: -1, ArrowUp: -1, ArrowRight: 1, ArrowDown: 1 };
// Each kind of group: where it is, what belongs to it, and which of these is its one tab stop.
const GROUPS = [
  { group: '[role="tablist"]', items: '[role="tab"]', chosen: '[aria-selected="true"]' },
  { group: "fieldset", items: 'input[type="radio"]', chosen: ":checked" }, // Gradio gives each radio a name of its own
  { group: ".choice", items: "button:not(:disabled)", chosen: '[aria-pressed="true"], [aria-checked="true"]' },
];
const FIELD = 'input:not([type="radio"], [type="checkbox"], [type="range"], [type="button"]), textarea, select, [contenteditable="true"]';

// --- groups of choices

const isShown = (item) => item.getClientRects().length > 0;

const itemsOf = (around, { group, items }) =>
  [...around.querySelectorAll(items)].filter((item) => item.closest(group) === around && isShown(item));

const kindOf = (item) => GROUPS.find(({ group, items }) => item.matches?.(items) && item.closest(group));

// One tab stop for each group: the item that is chosen, else the first.
const REST = 150; // milliseconds: a drawing changes the page in every frame, and to ask what is shown takes time
let due = false, last = -REST;
const setStops = () => {
  due = false;
  last = performance.now();
  for (const kind of GROUPS) {
    for (const around of document.querySelectorAll(kind.group)) {
      const items = itemsOf(around, kind);
      if (kind.group === "fieldset" && items.length) nameGroup(around);
      const stop = items.find((item) => item === document.activeElement) ?? items.find((item) => item.matches(kind.chosen)) ?? items[0];
      for (const item of items) {
        const index = item === stop ? 0 : -1;
        if (item.tabIndex !== index) item.tabIndex = index;
      }
    }
  }
};

const nameGroup = (fieldset) => {
  const label = fieldset.querySelector('[data-testid="block-info"]')?.textContent.trim();
  fieldset.role = "radiogroup";
  if (label && !fieldset.ariaLabel) fieldset.ariaLabel = label;
};

const move = (event) => {
  const { target, key } = event, kind = kindOf(target);
  if (!kind || !(key in ARROWS || key === "Home" || key === "End")) return false;
  const items = itemsOf(target.closest(kind.group), kind), at = items.indexOf(target);
  const next = key === "Home" ? 0 : key === "End" ? items.length - 1 : (at + ARROWS[key] + items.length) % items.length;
  event.preventDefault();
  event.stopPropagation();
  items[next].focus();
  if (items[next].matches("[role=tab], input, [aria-pressed], [aria-checked]")) items[next].click(); // no mere action
  return true;
};

// --- lecture mode

export const setLecture = (on) => {
  document.documentElement.classList.toggle("lecture", on);
  showLecture();
  setSetting("lecture", on ? "1" : "");
  window.dispatchEvent(new Event("resize")); // canvases fit themselves to their new size
};
const isLecture = () => document.documentElement.classList.contains("lecture");
const showLecture = () => document.querySelector(".shell-lecture")?.setAttribute("aria-pressed", String(isLecture()));

// --- help

const KEYS = [
  ["L", "lecture mode: larger, without explanations"], ["R", "back to the start of this tab"],
  ["← →", "from tab to tab, and within a group"], ["0–9", "Draw: hold for the same dice as that class"],
  ["Space", "Draw and Noise: pause, resume"], ["Esc", "close what is open"],
];

const showHelp = (on) => {
  const box = document.getElementById("shell-keys"), button = document.querySelector(".shell-help");
  if (!box) return;
  if (!box.children.length) {
    const list = document.createElement("dl");
    for (const [key, meaning] of KEYS) {
      const term = document.createElement("dt"), kbd = document.createElement("kbd"), what = document.createElement("dd");
      kbd.textContent = key;
      what.textContent = meaning;
      term.append(kbd);
      list.append(term, what);
    }
    box.append(list);
  }
  box.hidden = !on;
  button.setAttribute("aria-expanded", String(on));
};

/** Closes one thing that is open: a word's meaning or the help, which lie over the page, else the lesson. */
const closeOne = (event) => {
  if (event.key !== "Escape" || closeTip() || event.defaultPrevented) return; // a widget closes things of its own
  if (document.getElementById("shell-keys")?.hidden === false) showHelp(false);
  else leaveLesson();
};

// --- past the header

const skipHeader = (event) => {
  const panel = openPanel();
  if (!panel || !event.target.closest?.(".shell-skip")) return;
  event.preventDefault();
  panel.tabIndex = -1;
  panel.focus();
};

// --- all of it

const pressKey = (event) => {
  const { key, target } = event;
  if (move(event)) return;
  if (event.ctrlKey || event.metaKey || event.altKey || target.matches?.(FIELD)) return;
  if (key === "l" || key === "L") setLecture(!isLecture());
  else if (key === "r" || key === "R") reset();
  else if (key === "?") showHelp(document.getElementById("shell-keys")?.hidden);
};

const BUTTONS = {
  "shell-lecture": () => setLecture(!isLecture()),
  "shell-link": copyLink,
  "shell-help": () => showHelp(document.getElementById("shell-keys").hidden),
  "shell-language": () => chooseLanguage(currentLanguage() === "en" ? "zh" : "en"),
};

const clickButton = (event) => {
  const button = event.target.closest?.("button");
  for (const [name, run] of Object.entries(BUTTONS)) if (button?.classList.contains(name)) run();
  if (!event.target.closest?.(".shell-help, #shell-keys")) showHelp(false);
};

export const startKeys = () => {
  document.addEventListener("keydown", pressKey, true);
  window.addEventListener("keydown", closeOne);
  document.addEventListener("click", clickButton);
  document.addEventListener("click", skipHeader);
  whenThere(".shell-lecture", showLecture);
  const later = () => {
    if (due) return;
    due = true;
    setTimeout(() => requestAnimationFrame(setStops), last + REST - performance.now());
  };
  const filter = ["aria-selected", "aria-pressed", "aria-checked", "hidden"];
  const follow = () => {
    new MutationObserver(later).observe(document.body, { subtree: true, childList: true, attributeFilter: filter });
    document.addEventListener("focusin", later);
    setLecture(asked("lecture") === "1");
    later();
  };
  if (document.body) follow();
  else document.addEventListener("DOMContentLoaded", follow);
};
