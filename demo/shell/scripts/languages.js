// The page in another language: the server, the API and every script speak English, and what they put on the page is
// translated where it stands, when it comes and when it changes. Going back to English restores what stood there. A text is looked
// up as it is, then among the templates, whose placeholders stand for numbers and names (see languages.py).
import { asked, setSetting } from "./router.js";

const LANGUAGES = ["en", "zh"];
const ATTRIBUTES = ["title", "aria-label", "placeholder", "alt", "aria-roledescription", "data-placeholder"];
const INLINE = new Set(["B", "I", "EM", "STRONG", "CODE", "SUB", "SUP", "SPAN", "A", "SMALL", "BR"]);
const SKIP = "script, style, textarea, .katex, .language-en, .language-zh, [translate=no]";
const FRAMEWORK = '.prose, [id^="html-"]'; // Gradio replaces what is in these, and knows the nodes; comments are its marks
const NUMBER = "[−+-]?(?:\\d[\\d,.]*|∞)(?:e[−+-]?\\d+)?(?:\\s?%)?";
const PREFIX = 6; // characters of a template's beginning that find it
const MOST = 5000; // texts that are kept with their translation

let language = "en";
let table = new Map();
let templates = new Map(); // by the beginning of their text
let found = new Map(); // what has been looked up
let loading = null;

export const currentLanguage = () => language;

// --- looking up

const squeeze = (text) => text.replace(/\s+/g, " ").trim();
const escapeRegExp = (text) => text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");

const compile = (key, value) => {
  const names = [];
  const pattern = key.split(/(\{[a-z][\w-]*\})/).map((part) => {
    if (!/^\{[a-z][\w-]*\}$/.test(part)) return escapeRegExp(part);
    names.push(part.slice(1, -1));
    return part[1] === "n" ? `(${NUMBER})` : "(.+?)";
  });
  return { key, value, names, regexp: new RegExp(`^${pattern.join("")}$`) };
};

const fill = (entries) => {
  table = new Map(Object.entries(entries));
  templates = new Map();
  found = new Map();
  for (const [key, value] of table) {
    const at = key.search(/\{[a-z]/);
    if (at < 0) continue;
    const start = key.slice(0, Math.min(at, PREFIX));
    templates.set(start, [...(templates.get(start) ?? []), compile(key, value)]);
  }
  // The most exact first: the longest text outside its placeholders.
  const weight = ({ key }) => key.replace(/\{[a-z][\w-]*\}/g, "").length;
  for (const list of templates.values()) list.sort((one, other) => weight(other) - weight(one));
};

const TAG = /<[a-z]/;

const lookUp = (text) => {
  if (table.has(text)) return table.get(text);
  for (let length = Math.min(PREFIX, text.length); length >= 0; length--) {
    for (const { key, regexp, names, value } of templates.get(text.slice(0, length)) ?? []) {
      if (TAG.test(text) && !TAG.test(key)) continue; // words around a comma are no template for two elements
      const match = regexp.exec(text);
      if (!match) continue;
      const parts = Object.fromEntries(names.map((name, i) => [name, translate(match[i + 1])]));
      return value.replace(/\{([a-z][\w-]*)\}/g, (whole, name) => parts[name] ?? whole);
    }
  }
  return null;
};

/** A text in the page's language, or null if the table does not have it. */
const translation = (text) => {
  if (language === "en") return null;
  const key = squeeze(text);
  if (!key) return null;
  if (!found.has(key)) {
    if (found.size > MOST) found.clear();
    found.set(key, lookUp(key));
  }
  return found.get(key);
};

const translate = (text) => translation(text) ?? text;

/** A text in the page's language, for what is painted on a canvas. */
export const tr = (text) => translate(text);

// --- what stands on the page. Each remembers what stood there: its English, and what was put in its place.

const texts = new Map(); // text nodes
const attributes = new Map(); // elements, to {name: {source, shown}}
const wholes = new Map(); // elements whose content was translated as one, to {nodes, inner}

const isSkipped = (node) => (node.nodeType === Node.ELEMENT_NODE ? node : node.parentElement)?.closest(SKIP) !== null;

const showText = (node) => {
  const known = texts.get(node), source = known && known.shown === node.data ? known.source : node.data;
  const words = translation(source);
  if (words === null) {
    if (known && node.data !== source) node.data = source;
    texts.delete(node);
    return;
  }
  // Spaces at the ends part a text from its neighbours.
  const shown = source.replace(/^(\s*)[\s\S]*?(\s*)$/, (_, before, after) => before + words + after);
  texts.set(node, { source, shown });
  if (node.data !== shown) node.data = shown;
};

const showAttributes = (element) => {
  for (const name of ATTRIBUTES) {
    const value = element.getAttribute(name), all = attributes.get(element) ?? {}, known = all[name];
    if (!value) continue;
    const source = known && known.shown === value ? known.source : value;
    const shown = translation(source) ?? source;
    if (shown === source) delete all[name];
    else all[name] = { source, shown };
    if (Object.keys(all).length) attributes.set(element, all);
    else attributes.delete(element);
    if (value !== shown) element.setAttribute(name, shown);
  }
};

// The content as a key writes it, tags without attributes; null if there is more in it than words in inline tags.
const contentKey = (element) => {
  let key = "", tags = 0;
  for (const child of element.childNodes) {
    if (child.nodeType === Node.TEXT_NODE) key += child.data;
    else if (child.nodeType === Node.ELEMENT_NODE) {
      if (!INLINE.has(child.tagName)) return null;
      const tag = child.tagName.toLowerCase(), inner = contentKey(child) ?? child.textContent;
      key += tag === "br" ? "<br>" : `<${tag}>${inner}</${tag}>`;
      tags++;
    }
  }
  return tags || !element.childNodes.length ? key : key || null;
};

const restoreWhole = (element) => {
  const known = wholes.get(element);
  wholes.delete(element);
  for (const [inner, nodes] of known.inner) inner.replaceChildren(...nodes);
  element.replaceChildren(...known.nodes);
};

// A script may have changed a part of what was translated as one: then that part is its new English.
const adopt = (element) => {
  const known = wholes.get(element);
  const changed = [...known.shown].filter(([inner, html]) => inner !== element && inner.innerHTML !== html);
  if (known.shown.get(element) !== skeleton(element)) {
    wholes.delete(element); // all of it is new
    return;
  }
  for (const [inner] of changed) known.inner.set(inner, [...inner.childNodes]);
  restoreWhole(element);
};
const skeleton = (element) => [...element.childNodes].map((child) => child.data ?? child.tagName).join("|");

/** Translates the content of an element as one, if the table has it; whether it has. */
const showWhole = (element) => {
  if (wholes.has(element)) adopt(element);
  if (element.matches(FRAMEWORK) || ![...element.children].some((child) => INLINE.has(child.tagName))) return false;
  if ([...element.childNodes].some((child) => child.nodeType === Node.COMMENT_NODE)) return false;
  const key = contentKey(element), words = key?.includes("<") ? translation(key) : null;
  if (words === null) return false;
  const template = document.createElement("template");
  template.innerHTML = words;
  const left = [...element.querySelectorAll("*")], inner = new Map(), nodes = [...element.childNodes];
  // The elements stay the same, for scripts and styles that know them; only words and order are new.
  const place = (from) => [...from.childNodes].map((node) => {
    if (node.nodeType !== Node.ELEMENT_NODE) return document.createTextNode(node.data);
    const at = left.findIndex((one) => one.tagName === node.tagName);
    const own = at < 0 ? document.createElement(node.tagName) : left.splice(at, 1)[0];
    inner.set(own, [...own.childNodes]);
    own.replaceChildren(...place(node));
    return own;
  });
  element.replaceChildren(...place(template.content));
  const shown = new Map([...inner.keys()].map((one) => [one, one.innerHTML]));
  wholes.set(element, { nodes, inner, shown: shown.set(element, skeleton(element)) });
  for (const one of inner.keys()) showAttributes(one);
  return true;
};

const showNode = (node) => {
  if (node.nodeType === Node.TEXT_NODE) showText(node);
  else if (node.nodeType === Node.ELEMENT_NODE) {
    showAttributes(node);
    if (!showWhole(node)) for (const child of node.childNodes) if (!isSkippedElement(child)) showNode(child);
  }
};
const isSkippedElement = (node) => node.nodeType === Node.ELEMENT_NODE && node.matches(SKIP);

const restoreAll = () => {
  for (const element of [...wholes.keys()]) restoreWhole(element);
  for (const [node, { source, shown }] of texts) if (node.data === shown) node.data = source;
  for (const [element, all] of attributes) {
    for (const [name, { source, shown }] of Object.entries(all)) {
      if (element.getAttribute(name) === shown) element.setAttribute(name, source);
    }
  }
  texts.clear();
  attributes.clear();
};

// What was taken off the page need not be remembered.
let limit = 2000;
const sweep = () => {
  if (texts.size < limit) return;
  for (const kept of [texts, attributes, wholes]) for (const node of kept.keys()) if (!node.isConnected) kept.delete(node);
  limit = 2 * texts.size + 2000;
};

// --- changes

const wholeAround = (node) => {
  for (let at = node.nodeType === Node.TEXT_NODE ? node.parentElement : node; at; at = at.parentElement) {
    if (wholes.has(at)) return at;
  }
  return null;
};

const follow = (records) => {
  const changed = new Set();
  for (const { type, target, addedNodes } of records) {
    if (type === "attributes") {
      if (target.isConnected && !isSkipped(target)) showAttributes(target);
      continue;
    }
    const around = wholeAround(target);
    if (around) changed.add(around);
    else if (type === "characterData") changed.add(target.parentElement ?? target);
    else for (const node of addedNodes) changed.add(inlineParent(node));
  }
  for (const node of changed) if (node.isConnected && !isSkipped(node)) showNode(node);
  sweep();
  observer.takeRecords(); // our own
};
// Words that come into a sentence change the sentence.
const inlineParent = (node) =>
  node.nodeType === Node.TEXT_NODE || INLINE.has(node.tagName) ? (node.parentElement ?? node) : node;

const observer = new MutationObserver(follow);
const observe = () => observer.observe(document.body, {
  subtree: true, childList: true, characterData: true, attributes: true, attributeFilter: ATTRIBUTES,
});

const load = () => {
  loading ??= fetch(window.shell_config.table).then((answer) => answer.json());
  return loading;
};

const announce = () => window.dispatchEvent(new CustomEvent("shell:language", { detail: language }));

// Gradio names the browser's language when it begins.
let tag = "en";
const setTag = () => { if (document.documentElement.lang !== tag) document.documentElement.lang = tag; };

/** Sets the language of the page, and keeps it in the address and for the next visit. */
export const setLanguage = async (next) => {
  tag = next === "zh" ? "zh-CN" : "en";
  setTag();
  setSetting("lang", next === "en" ? "" : next);
  if (next === language) return;
  if (next !== "en" && !table.size) fill(await load());
  language = next;
  if (document.body) turn();
  else document.addEventListener("DOMContentLoaded", turn);
};

const turn = () => {
  follow(observer.takeRecords());
  observer.disconnect();
  restoreAll();
  found.clear();
  if (language !== "en") {
    showNode(document.body);
    observe();
  }
  announce();
};

export const chooseLanguage = (next) => {
  try {
    localStorage.setItem("language", next);
  } catch {} // a browser that keeps nothing
  return setLanguage(next);
};

const lastChoice = () => {
  try {
    return localStorage.getItem("language");
  } catch {
    return null;
  }
};

/** The language of the address, else that of the last visit, else the browser's. */
export const startLanguages = () => {
  new MutationObserver(setTag).observe(document.documentElement, { attributeFilter: ["lang"] });
  const wanted = [asked("lang"), lastChoice(), navigator.language?.slice(0, 2)].find((one) => LANGUAGES.includes(one));
  return setLanguage(wanted ?? "en");
};
