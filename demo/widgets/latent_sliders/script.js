const rows = element.querySelector(".rows");
const button = (name) => element.querySelector("." + name);
const limit = props.limit;
const KEPT = 100; // steps that can be undone
const UNUSED = 0.1; // of the strongest influence: such a dimension hardly shows

const histories = new Map(); // model -> earlier points
let shown = null; // what the sliders show: {model, z, influence}
let sliders = []; // by true index: {range, number}
let gesture = true; // whether the next movement begins a step that can be undone

const plain = (value) => JSON.parse(JSON.stringify(value));
const history = () => {
  if (!histories.has(shown.model)) histories.set(shown.model, []);
  return histories.get(shown.model);
};
const remember = () => {
  const past = history();
  past.push([...shown.z]);
  if (past.length > KEPT) past.shift();
  button("undo").disabled = false;
};

const show = (index) => {
  const { range, number } = sliders[index];
  const z = shown.z[index];
  const at = 50 + (50 * z) / limit;
  range.value = z;
  range.style.setProperty("--from", Math.min(50, at) + "%");
  range.style.setProperty("--to", Math.max(50, at) + "%");
  if (document.activeElement !== number) number.value = z.toFixed(2);
};
const send = () => {
  props.value = plain(shown);
  trigger("input");
};
const move = (index, z) => {
  if (gesture) remember();
  gesture = false;
  shown.z[index] = Math.min(limit, Math.max(-limit, z));
  show(index);
  send();
};
const place = (z) => {
  shown.z = z;
  sliders.forEach((_, index) => show(index));
  send();
};

const input = (type, index, note) => {
  const made = document.createElement("input");
  Object.assign(made, { type, min: -limit, max: limit, step: 0.05 });
  made.setAttribute("aria-label", "z" + (index + 1) + note);
  return made;
};
const row = (index, strongest) => {
  const effect = shown.influence[index];
  const unused = effect < UNUSED * strongest;
  const made = document.createElement("div");
  made.className = unused ? "row unused" : "row";
  made.title = "From -2 to 2 it changes a pixel by about " + effect.toFixed(1) + " grey levels" +
    (unused ? ": the model hardly uses it" : "") + ". Double-click: back to 0";
  const label = document.createElement("label");
  label.textContent = "z" + (index + 1);
  const range = input("range", index, "");
  const number = input("number", index, ", exactly");
  range.addEventListener("pointerdown", () => { gesture = true; });
  range.addEventListener("keydown", (event) => { if (!event.repeat) gesture = true; });
  range.addEventListener("input", () => move(index, Number(range.value)));
  range.addEventListener("dblclick", () => { gesture = true; move(index, 0); });
  number.addEventListener("change", () => {
    const z = number.valueAsNumber;
    gesture = true;
    if (Number.isFinite(z)) move(index, z);
    number.value = shown.z[index].toFixed(2);
  });
  made.append(label, range, number);
  rows.append(made);
  sliders[index] = { range, number };
};
const build = () => {
  rows.replaceChildren();
  sliders = [];
  const order = shown.influence.map((_, index) => index).sort((a, b) => shown.influence[b] - shown.influence[a]);
  order.forEach((index) => row(index, shown.influence[order[0]]));
};

const receive = () => {
  const next = plain(props.value);
  if (shown && JSON.stringify(next) === JSON.stringify(shown)) return;
  const same = shown && shown.model === next.model;
  if (same) remember();
  shown = next;
  if (!same) build();
  button("undo").disabled = history().length === 0;
  sliders.forEach((_, index) => show(index));
};

button("random").addEventListener("click", () => trigger("random"));
button("reset").addEventListener("click", () => { remember(); place(shown.z.map(() => 0)); });
button("undo").addEventListener("click", () => {
  const z = history().pop();
  button("undo").disabled = history().length === 0;
  if (z) place(z);
});
watch("value", receive);
receive();
