// Words that are explained where they stand: the meaning appears beside the word under the pointer, a finger or the focus.
import { tr } from "./languages.js";

const MEANINGS = window.shell_config?.glossary ?? {};
const GAP = 6; // screen pixels between the word and its meaning
const EDGE = 8; // and at least as many to the edge of the window

const escapeText = (text) => text.replace(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`);

/** HTML of a word of the glossary, shown as it is or in another way; one that it does not have is plain text. */
export const word = (term, shown = term) =>
  term in MEANINGS
    ? `<span class="word" tabindex="0" data-word="${escapeText(term)}">${escapeText(shown)}</span>`
    : escapeText(shown);

let tip = null;
let explained = null; // the word that the tip is about

const makeTip = () => {
  tip = document.createElement("div");
  tip.id = "shell-word";
  tip.className = "shell-word";
  tip.setAttribute("role", "tooltip");
  tip.setAttribute("translate", "no"); // it is translated before it is shown, so that it fits
  document.body.append(tip);
};

/** Takes the meaning away, if one is shown; returns whether it was. */
export const closeTip = () => {
  const wasOpen = explained !== null;
  explained?.removeAttribute("aria-describedby");
  explained = null;
  if (tip) tip.hidden = true;
  return wasOpen;
};

const openTip = (node) => {
  const meaning = MEANINGS[node.dataset.word];
  if (!meaning || node === explained) return;
  closeTip();
  if (!tip) makeTip();
  explained = node;
  tip.textContent = tr(meaning);
  tip.hidden = false;
  node.setAttribute("aria-describedby", tip.id);
  const at = node.getBoundingClientRect(), { offsetWidth: width, offsetHeight: height } = tip;
  const left = Math.min(Math.max(EDGE, at.left + at.width / 2 - width / 2), window.innerWidth - width - EDGE);
  const above = at.top - height - GAP;
  Object.assign(tip.style, { left: `${left}px`, top: `${above > EDGE ? above : at.bottom + GAP}px` });
};

const wordAt = (event) => event.target.closest?.("[data-word]");

export const startGlossary = () => {
  document.addEventListener("pointerover", (event) => {
    const node = wordAt(event);
    if (node) openTip(node);
    else if (event.pointerType === "mouse" && explained !== document.activeElement && !event.target.closest?.(".shell-word")) closeTip();
  });
  document.addEventListener("focusin", (event) => { if (wordAt(event)) openTip(wordAt(event)); else closeTip(); });
  document.addEventListener("click", (event) => { if (wordAt(event)) openTip(wordAt(event)); else closeTip(); });
  document.addEventListener("scroll", closeTip, { capture: true, passive: true });
};
