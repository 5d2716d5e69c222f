// Words that change.
import { make } from "./common.js";

/** Shows some HTML; a word in it that is explained keeps the focus where nothing is new. */
export const setHtml = (node, html) => {
  if (node.dataset.html === html) return;
  node.dataset.html = html;
  node.innerHTML = html;
};

/** Shows some sentences, each of which is translated by itself. */
export const setParts = (node, parts) => {
  if (node.textContent === parts.join("")) return;
  node.replaceChildren(...parts.map((part) => make("span", "", part)));
};
