// Sliders through a latent space, each on a strip of the pictures that it leads through; see Place in __init__.py.
import { ask, clamp, find, findAll, formatNumber, gradient, make, paintPicture, palette, resize, showText, unpackBytes } from "../common.js";
import { encodePoint } from "../points.js";
import { onArrive, receivePicture, setFields } from "../shell.js";
import { showTaking, wireTaking } from "../taking.js";

const STEPS = 60; // a slider moves from end to end
const THUMBS = 9; // pictures of a strip
const UNDO = 100; // steps that can be undone
const LINES = 12; // lines of pictures that are kept
const COARSE = 21; // pictures along a slider where each takes long to compute: the spread in colour
const REST = 120; // milliseconds without a movement after which the server is asked for words, and for new strips
const LOCK = '<svg viewBox="0 0 20 20" aria-hidden="true"><path class="bow" d="M6 9V6a4 4 0 0 1 8 0v3"/><rect class="body" x="4" y="9" width="12" height="9" rx="1.5"/></svg>';
const COLUMNS_FROM = 5; // as many sliders stand in two columns
const LONG = 4; // characters of a name that has no room beside its strip
const canvas = find(".picture");
const MAGMA = palette(props.magma);
find(".ramp").style.background = gradient(props.magma);
find(".random").hidden = !props.random;
element.classList.toggle("lockable", props.random);

let taken = null; // the value that was read or written last
let place = null; // {model, width, height, channels, base, axes, at, caption, fold}
let rows = []; // by axis: {row, range, number, lock, strip, track, current}
let view = "mean";
let gesture = true; // whether the next movement begins a step that can be undone
let moves = 0; // counts the movements, so that an answer to an older one is recognised
let origin = ""; // where the place came from, in words
const locked = new Map(); // model -> labels of the axes that stay
const histories = new Map(); // model -> earlier places

const ofModel = (map, begin) => map.get(place.model) || map.set(place.model, begin()).get(place.model);
const history = () => ofModel(histories, () => []);
const locks = () => ofModel(locked, () => new Set());
const snapshot = () => JSON.stringify(place);
const remember = () => {
  const past = history();
  if (past.at(-1) !== snapshot()) past.push(snapshot());
  if (past.length > UNDO) past.shift();
  find(".undo").disabled = false;
};

// --- points of the space

const point = (at) => {
  const z = [...place.base];
  place.axes.forEach(({ direction, index }, a) => {
    if (direction) direction.forEach((d, i) => { z[i] += at[a] * d; });
    else z[index] += at[a];
  });
  return z;
};
const step = ({ low, high }) => (high - low) / STEPS;
const ends = (a) => ["low", "high"].map((end) => point(place.at.map((x, other) => (other === a ? place.axes[a][end] : x))));

// --- pictures

const unpack = ({ pictures, channels }) =>
  ({ levels: unpackBytes(pictures), channels, width: canvas.width, height: canvas.height });
const paint = (pictures, index) => {
  paintPicture(canvas, pictures, { index, colors: view === "scale" ? MAGMA : undefined });
  for (const { current } of rows) current.getContext("2d").drawImage(canvas, 0, 0);
};
const complaint = find(".problem"), usual = find(".reading");
const complain = (text, row) => {
  showText(complaint, text);
  if (row) row.append(complaint);
  else usual.before(complaint);
};
const request = async (name, question) => {
  const answer = await ask(name, question);
  // What was typed wrongly stays said, though the server could answer what was asked before.
  if (answer.error || complaint.nextElementSibling === usual) complain(answer.error);
  return answer.error ? null : answer;
};

// The pictures along a slider's whole range, asked for when the pointer comes near it.
const lines = new Map(); // what they depend on -> pictures, or the promise of them
const lineOf = (a) => JSON.stringify([place.model, place.base, place.axes[a], place.at.map((x, other) => (other === a ? 0 : x)), view]);
const fetchLine = (a) => {
  const key = lineOf(a);
  const known = lines.get(key);
  if (known) return known;
  const count = view === "scale" && place.channels === 3 ? COARSE : STEPS + 1;
  const coming = request("lines", { model: place.model, ends: [ends(a)], count, view }).then((answer) => {
    if (!answer) {
      lines.delete(key);
      return null;
    }
    const pictures = { ...unpack(answer), count };
    lines.set(key, pictures);
    return pictures;
  });
  lines.set(key, coming);
  if (lines.size > LINES) lines.delete(lines.keys().next().value);
  return coming;
};
const scrub = (a) => {
  const { low } = place.axes[a], spot = (place.at[a] - low) / step(place.axes[a]), nearest = Math.round(spot);
  if (Math.abs(spot - nearest) > 1e-6) return; // typed, between two pictures: the server is asked when the pointer rests
  const line = fetchLine(a), move = moves;
  const put = (pictures) => paint(pictures, Math.round((nearest / STEPS) * (pictures.count - 1)));
  if (!(line instanceof Promise)) {
    put(line);
    return;
  }
  line.then((pictures) => { if (pictures && move === moves) put(pictures); });
};

// --- what follows when the pointer rests

let resting = null;
const rest = (wait = REST) => {
  clearTimeout(resting);
  resting = setTimeout(settle, wait);
};
// Whatever changes out of sight is asked for when it comes into sight.
let visible = false, stale = false;
new IntersectionObserver((entries) => {
  visible = entries.at(-1).isIntersecting;
  if (visible && stale) rest(0);
}).observe(element);
const isWide = () => place.axes.some(({ direction }) => direction);
const keepInAddress = () => {
  // What is edited is a picture of its own, whose code a link need not say.
  const code = encodePoint([...(isWide() && props.random ? place.base : []), ...place.at]);
  setFields("walk", { [props.field]: !place.home || code === place.home ? "" : code });
};
const settle = async () => {
  if (props.value !== taken) { // another place was given meanwhile, and its watcher has not run yet
    receive();
    return;
  }
  taken = props.value = snapshot();
  keepInAddress();
  stale = !visible;
  if (stale) return;
  const move = moves, z = point(place.at), asked = view;
  showStrips(move, place.axes.map((_, a) => a).filter((a) => !place.axes[a].folded || inSight.has(a)));
  const answer = await request("look", { model: place.model, z, view: asked });
  if (!answer || move !== moves || asked !== view) return;
  paint(unpack(answer), 0);
  find(".reading").innerHTML = answer.reading;
  if (origin) find(".reading").append(make("p", "origin", origin));
  canvas.setAttribute("aria-label", "Decoded where the sliders stand");
};
// What each of some sliders does from end to end; ends to four digits, of which the eye sees two.
const showStrips = async (move, axes) => {
  if (!axes.length) return;
  const short = axes.map((a) => ends(a).map((z) => z.map((x) => Number(x.toFixed(4)))));
  const answer = await request("lines", { model: place.model, ends: short, count: THUMBS, view: "mean" });
  if (!answer || move !== moves) return;
  const pictures = unpack(answer);
  axes.forEach((a, nth) => {
    for (let i = 0; i < THUMBS; i++) {
      paintPicture(rows[a].strip, pictures, { index: nth * THUMBS + i, left: i * canvas.width });
    }
  });
};
// Folded sliders can be many: they get strips when they come into sight.
const inSight = new Set();
const watcher = new IntersectionObserver((entries) => {
  const come = [];
  for (const { target, isIntersecting } of entries) {
    const a = Number(target.dataset.axis);
    if (isIntersecting) come.push(a);
    if (isIntersecting) inSight.add(a);
    else inSight.delete(a);
  }
  showStrips(moves, come);
});

// --- moving

const show = (a) => {
  const { range, number } = rows[a];
  range.value = place.at[a];
  range.setAttribute("aria-valuetext", formatNumber(place.at[a], 2));
  const { low, high } = place.axes[a];
  rows[a].track.style.setProperty("--at", clamp((place.at[a] - low) / (high - low), 0, 1));
  if (document.activeElement !== number) number.value = place.at[a].toFixed(2);
};
const showAll = () => {
  moves += 1;
  for (const a of rows.keys()) show(a);
};
const move = (a, value) => {
  complain("");
  if (gesture) remember();
  gesture = false;
  const { low, high } = place.axes[a];
  place.at[a] = clamp(value, low, high);
  moves += 1;
  origin = "";
  show(a);
  scrub(a);
  rest();
};
const goTo = (at, words = "", base = place.base) => {
  remember();
  place.base = base;
  place.at = place.at.map((x, a) => (locks().has(place.axes[a].label) ? x : at[a]));
  origin = words;
  showAll();
  rest(0);
};

// --- building

const makeInput = (a, type, note) => {
  const { label, low, high } = place.axes[a];
  const input = Object.assign(make("input"), { type, min: low, max: high, step: type === "range" ? step(place.axes[a]) : "any" });
  input.setAttribute("aria-label", label + note);
  return input;
};
const setLock = (a, on) => {
  const { row, range, number, lock } = rows[a], { label } = place.axes[a];
  if (on) locks().add(label);
  else locks().delete(label);
  row.classList.toggle("locked", on);
  range.disabled = number.disabled = on;
  lock.setAttribute("aria-pressed", on);
  lock.title = on ? `Let ${label} move again` : `Lock ${label}: Random and Reset leave it`;
};
const build = () => {
  rows = [];
  watcher.disconnect();
  inSight.clear();
  resize(canvas, place.width, place.height);
  find(".order").textContent = place.caption;
  showTaking(place.model);
  find(".scale .high").textContent = `${props.spread} ${place.channels === 3 ? "levels" : "grey levels"}`;
  const [used, folded] = [find(".controls > .rows"), find(".folded .rows")];
  used.replaceChildren();
  folded.replaceChildren();
  place.axes.forEach((axis, a) => {
    const strip = Object.assign(make("canvas"), { width: THUMBS * canvas.width, height: canvas.height });
    const range = makeInput(a, "range", ""), number = makeInput(a, "number", ", exactly"), lock = make("button", "lock");
    const current = Object.assign(make("canvas", "current"), { width: canvas.width, height: canvas.height });
    const track = make("div", "track", strip, current, range);
    const row = make("div", "row", make("label", "", axis.label), track, number, lock);
    row.title = axis.note;
    lock.setAttribute("aria-label", `Lock ${axis.label}`);
    lock.innerHTML = LOCK;
    range.addEventListener("pointerenter", () => fetchLine(a));
    range.addEventListener("focus", () => fetchLine(a));
    range.addEventListener("pointerdown", () => {
      gesture = true;
      fetchLine(a);
    });
    range.addEventListener("keydown", (event) => { if (!event.repeat) gesture = true; });
    range.addEventListener("input", () => move(a, range.valueAsNumber));
    range.addEventListener("dblclick", () => {
      gesture = true;
      move(a, 0);
    });
    number.addEventListener("change", () => {
      const typed = number.valueAsNumber, { label: name, low, high } = place.axes[a];
      gesture = true;
      if (typed >= low && typed <= high) move(a, typed);
      else complain(`${name} must be a number from ${low} to ${high}.`, row);
      number.value = place.at[a].toFixed(2);
    });
    lock.addEventListener("click", () => setLock(a, !locks().has(axis.label)));
    (axis.folded ? folded : used).append(row);
    row.dataset.axis = a;
    if (axis.folded) watcher.observe(row);
    rows[a] = { row, range, number, lock, strip, track, current };
    setLock(a, locks().has(axis.label));
  });
  for (const bank of [used, folded]) {
    const { length } = bank.children;
    bank.style.setProperty("--lines", length < COLUMNS_FROM ? Math.max(1, length) : Math.ceil(length / 2));
  }
  element.classList.toggle("named", place.axes.some(({ label }) => label.length > LONG));
  find(".folded").hidden = !folded.children.length;
  find(".folded summary").textContent = place.fold;
};
const hasSameAxes = (a, b) => a && a.model === b.model && JSON.stringify(a.axes) === JSON.stringify(b.axes);
const receive = () => {
  taken = props.value;
  if (!taken) return;
  const { origin: words, ...next } = JSON.parse(taken);
  if (place && JSON.stringify(next) === snapshot()) return;
  const before = place;
  if (before && before.model === next.model) {
    // Another picture's sliders have another past; and what is set from elsewhere holds no slider fast.
    if (props.random || String(before.base) === String(next.base)) remember();
    else histories.clear();
    locked.delete(next.model);
  }
  place = next;
  element.inert = false;
  if (hasSameAxes(before, next)) for (const a of rows.keys()) setLock(a, locks().has(place.axes[a].label));
  else build();
  find(".undo").disabled = history().length === 0;
  origin = words || "";
  showAll();
  rest(0);
  if (!before && props.random) receivePicture("walk", (picture) => trigger("carried", picture)); // not before it has a place
};

find(".random").addEventListener("click", async () => {
  const seed = Math.floor(Math.random() * 10000);
  const answer = await request("prior", { model: place.model, seed });
  const words = locks().size
    ? `Random numbers with seed ${seed}, except the locked sliders: no draw from the prior.`
    : `Drawn from the prior with seed ${seed}.`;
  if (answer) goTo(answer.at, words, answer.base);
});
find(".reset").addEventListener("click", () => goTo(place.at.map(() => 0)));
find(".undo").addEventListener("click", () => {
  const before = JSON.parse(history().pop()), rebuilt = !hasSameAxes(place, before);
  place = before;
  if (rebuilt) build();
  find(".undo").disabled = history().length === 0;
  origin = "";
  showAll();
  rest(0);
});
const views = findAll("[data-view]");
const choose = (chosen) => {
  view = chosen;
  for (const button of views) button.setAttribute("aria-checked", button.dataset.view === view);
  find(".scale").classList.toggle("on", view === "scale");
  find(".take").hidden = view === "scale"; // the spread is no picture to take anywhere
  moves += 1;
  if (place) rest(0);
};
for (const button of views) {
  button.addEventListener("click", () => {
    choose(button.dataset.view);
    if (props.random) setFields("walk", { shown: view === "mean" ? "" : view });
  });
}
wireTaking(() => ({ canvas, channels: place.channels, model: place.model }));
choose("mean");
if (props.random) onArrive("walk", ({ shown }) => choose(views.some((button) => button.dataset.view === shown) ? shown : "mean"));
element.inert = true; // until it is known where the sliders stand
watch("value", receive);
receive();
