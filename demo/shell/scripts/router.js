// The address of the page is its state: the open tab, its open view, what the tab's fields say where that is not the
// default, and the settings of the whole page. Opening a tab or view is a new entry of the history; a changed field
// rewrites the current one. Back, Forward, a reload and a followed link bring the state back.
import { say } from "./notice.js";

const TABS = window.shell_config?.tabs ?? []; // {id, title}, in the order of the page
const PAUSE = 250; // milliseconds; browsers allow some hundred entries in half a minute
const PATIENCE = 10_000; // milliseconds until a view that an address names is missed

const settings = { step: "", lecture: "", lang: "" }; // of the whole page; an empty one is not in the address
const remembered = new Map(); // by tab: its fields that differ from their defaults
const known = new Map(); // by tab: its parts that are there, each with fields of its own: {defaults, values, restore, waiting}
const followers = new Map(); // by tab: functions that are told its fields on each arrival
let place = { tab: "", view: "" }; // what the address says
let target = null; // {tab, view, until}: what is being opened
let pause = 0;
let started = false;

// --- what is open

const outerList = () => document.querySelector('[role="tablist"]');
const selected = (list) => list?.querySelector('[aria-selected="true"]');
const buttonOf = (list, id) => [...(list?.querySelectorAll('[role="tab"]') ?? [])].find((tab) => tab.dataset.tabId === id);

/** The panel of the open tab. */
export const openPanel = () =>
  [...(outerList()?.closest(".tabs")?.children ?? [])].find(
    (child) => child.role === "tabpanel" && getComputedStyle(child).display !== "none",
  );
const viewList = () => openPanel()?.querySelector('.views [role="tablist"]');

const seen = () => {
  const tab = selected(outerList())?.dataset.tabId ?? "", views = viewList(), view = selected(views);
  const first = !view || view === views.querySelector('[role="tab"]');
  return { tab, view: first ? "" : view.dataset.tabId.replace(`${tab}-`, "") };
};

// --- reading and writing the address

const firstTab = () => TABS[0]?.id ?? "";
const isForeign = (name) => name.startsWith("__"); // Gradio's own, as __theme

/** What an address asks for: {tab, view, fields}. */
const readAddress = (search) => {
  const { tab = firstTab(), view = "", ...rest } = Object.fromEntries(new URLSearchParams(search));
  const fields = Object.entries(rest).filter(([name]) => !(name in settings || isForeign(name)));
  return { tab, view, fields: Object.fromEntries(fields) };
};

/** What the address says of a setting of the whole page. */
export const asked = (name) => new URLSearchParams(location.search).get(name) ?? "";

const query = () => {
  const filled = Object.entries(settings).filter(([, value]) => value);
  const foreign = [...new URLSearchParams(location.search)].filter(([name]) => isForeign(name));
  const { tab, view } = place;
  const pairs = [
    ...(tab && tab !== firstTab() ? [["tab", tab]] : []), ...(view ? [["view", view]] : []),
    ...Object.entries(remembered.get(tab) ?? {}), ...filled, ...foreign,
  ];
  return pairs.length ? `?${new URLSearchParams(pairs)}` : "";
};

const writeAddress = (isNew = false) => {
  clearTimeout(pause);
  pause = 0;
  const search = query();
  if (search === location.search) return;
  history[isNew ? "pushState" : "replaceState"](null, "", location.pathname + search);
  // A page that holds this one in a frame shows the address; a Space does.
  if (window.parent !== window) window.parent.postMessage({ queryString: search, hash: "" }, "https://huggingface.co");
};
const writeSoon = () => { pause ||= setTimeout(writeAddress, PAUSE); };

/** The page's address as it is now, also where a change was not written yet. */
export const address = () => {
  writeAddress();
  return location.href;
};

/** Keeps a setting of the whole page in the address, or takes it out. */
export const setSetting = (name, value) => {
  settings[name] = value;
  if (started) writeAddress();
};

// --- the fields of a tab

const asTexts = (values) => Object.fromEntries(Object.entries(values).map(([name, value]) => [name, String(value ?? "")]));
const differing = (values, defaults) =>
  Object.fromEntries(Object.keys(defaults).filter((name) => values[name] !== defaults[name]).map((name) => [name, values[name]]));

const partsOf = (tab) => known.get(tab) ?? [];
/** Those of some fields that are a part's, or that are not. */
const select = (fields, { defaults }, isOwn = true) =>
  Object.fromEntries(Object.entries(fields).filter(([name]) => name in defaults === isOwn));
const isEmpty = (fields) => Object.keys(fields).length === 0;
const valuesOf = (tab) => Object.assign({}, ...partsOf(tab).map((part) => part.values));

/**
 * A tab, or a view of it, is there, with fields that belong into the address.
 * @param {string} tab
 * @param {Record<string, unknown>} fields their defaults
 * @param {(values: Record<string, string>) => void} restore brings other values back
 * @param {boolean} reads whether the tab reads the address itself when it is opened
 */
export const register = (tab, fields, restore, reads) => {
  const defaults = asTexts(fields), there = select(remembered.get(tab) ?? {}, { defaults }), waiting = !isEmpty(there);
  const part = { defaults, values: { ...defaults, ...there }, restore, waiting };
  known.set(tab, [...partsOf(tab).filter((other) => isEmpty(select(defaults, other))), part]);
  if (waiting && !reads) restore({ ...part.values });
  tell(tab);
};

/** A widget has fields of a tab, with these defaults, and brings them back itself; the tab need not know of them. */
export const keepFields = (tab, defaults, bring) => {
  register(tab, defaults, (values) => {
    settle(tab, values);
    bring(values);
  }, false);
};

/** Fields of a tab have changed: they go into the address. */
export const setFields = (tab, values) => {
  for (const part of partsOf(tab)) {
    const own = select(asTexts(values), part);
    if (part.waiting || isEmpty(own)) continue;
    Object.assign(part.values, own);
    remembered.set(tab, { ...select(remembered.get(tab) ?? {}, part, false), ...differing(part.values, part.defaults) });
    if (tab === place.tab) writeSoon();
  }
};

/** A tab has taken what the address asked for, as far as it could. */
export const settle = (tab, values) => {
  for (const part of partsOf(tab)) if (!isEmpty(select(values, part))) part.waiting = false;
  setFields(tab, values);
};

/** Tells a function the fields of a tab: now, if the tab is there, and on every later arrival by an address. */
export const onArrive = (tab, follow) => {
  followers.set(tab, [...(followers.get(tab) ?? []), follow]);
  if (known.has(tab)) follow(valuesOf(tab));
};
const tell = (tab) => { for (const follow of followers.get(tab) ?? []) follow(valuesOf(tab)); };

const restore = (tab, fields, always) => {
  remembered.set(tab, fields);
  const parts = partsOf(tab); // what is not there reads the address when it is opened
  for (const part of parts) {
    const values = { ...part.defaults, ...select(fields, part) };
    if (!always && Object.keys(values).every((name) => values[name] === part.values[name])) continue;
    Object.assign(part, { values, waiting: true });
    part.restore({ ...values }); // an earlier arrival may settle before this one is sent
  }
  if (parts.length) tell(tab);
};

// --- going somewhere

// The open tab and view, taken nearer to the target; whether they are there.
const advance = () => {
  const views = viewList(), now = seen();
  const step = (list, id, what, name) => {
    const button = buttonOf(list, id);
    if (button) button.click();
    else if (list && (what === "tab" || performance.now() > target.until)) {
      say(`This page has no ${what} "${name}".`);
      target = null;
    }
  };
  if (now.tab !== target.tab) step(outerList(), target.tab, "tab", target.tab);
  else if (target.view === null || now.view === target.view) target = null;
  else if (!views && performance.now() > target.until) step(outerList(), "", "view", target.view);
  else if (target.view) step(views, `${target.tab}-${target.view}`, "view", target.view);
  else views?.querySelector('[role="tab"]').click();
  if (target) requestAnimationFrame(sync);
};

// The address follows what is open.
const sync = () => {
  if (!outerList()) return;
  if (target) advance();
  if (target) return;
  const now = seen(), isNew = now.tab !== place.tab || now.view !== place.view;
  place = now;
  if (isNew) writeAddress(true);
  announcePlace();
};

let shown = "";
const announcePlace = () => {
  const now = JSON.stringify(place);
  if (now === shown) return;
  shown = now;
  selected(viewList())?.scrollIntoView({ block: "nearest", inline: "nearest" }); // on a phone the row of views is long
  window.dispatchEvent(new CustomEvent("shell:place", { detail: { ...place } }));
};

const openPlace = (tab, view) => {
  target = { tab, view, until: performance.now() + PATIENCE };
  sync();
};

/**
 * Goes to a tab, and says what is to be there, without loading the page anew.
 * @param {{tab?: string, view?: string, step?: string}} destination and the tab's fields, which become exactly these;
 *   with none, and unless it is to be exact, the tab stays as it was left; the step is the lesson's
 * @param {{exact?: boolean, always?: boolean}} how also where there are no fields; also where nothing differs
 */
export const go = ({ tab = place.tab, view, step, ...fields }, { exact = false, always = false } = {}) => {
  writeAddress();
  if (step !== undefined) settings.step = String(step);
  const isExact = exact || Object.keys(fields).length > 0, isHere = tab === place.tab;
  place = { tab, view: view ?? (isHere && !isExact ? place.view : "") };
  const values = isExact ? asTexts(fields) : (remembered.get(tab) ?? {});
  remembered.set(tab, values);
  writeAddress(true);
  if (isExact) restore(tab, values, always);
  openPlace(tab, view ?? (isExact ? "" : null));
};

/** Takes the open tab back to its start; Back undoes it. */
export const reset = () => go({ tab: place.tab, view: "" }, { exact: true, always: true });

/** The open tab and view. */
export const here = () => ({ ...place });

/** What a link or a button with data-go leads to. */
const followLink = (event) => {
  const link = event.target.closest?.("[data-go]");
  if (!link) return;
  let destination;
  try {
    destination = JSON.parse(link.dataset.go);
  } catch {
    return; // a widget's own data-go, which is a word
  }
  event.preventDefault();
  go(destination, { exact: true });
};

/** Begins, once the settings of the page have their values. */
export const startRouter = () => {
  const { tab, view, fields } = readAddress(location.search);
  place = { tab, view };
  started = true;
  remembered.set(tab, fields);
  selectBefore(tab, `${tab}-${view}`);
  document.addEventListener("click", followLink);
  window.addEventListener("popstate", () => {
    const back = readAddress(location.search);
    settings.step = asked("step");
    place = { tab: back.tab, view: back.view };
    restore(back.tab, back.fields);
    writeAddress(); // the settings of the page stay
    openPlace(back.tab, back.view);
  });
  const wait = () => {
    if (!outerList()) return requestAnimationFrame(wait);
    new MutationObserver(sync).observe(document.body, { subtree: true, attributeFilter: ["aria-selected"] });
    return openPlace(tab, view);
  };
  wait();
};

// Gradio builds the selected tab and view only: selected before it begins, no other is built and filled for nothing.
const selectBefore = (...ids) => {
  const { components = [], layout } = window.gradio_config ?? {};
  const byId = new Map(components.map((one) => [one.id, one]));
  const visit = ({ id, children = [] }) => {
    for (const child of children) {
      const item = byId.get(child.id), parent = byId.get(id);
      if (parent?.type === "tabs" && ids.includes(item?.props.id)) parent.props.selected = item.props.id;
      visit(child);
    }
  };
  for (const tree of [layout, ...Object.values(window.gradio_config?.page ?? {}).map((page) => page.layout)]) {
    if (tree) visit(tree);
  }
};
