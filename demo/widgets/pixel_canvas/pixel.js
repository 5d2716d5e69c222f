// Where one pixel came from: its distribution, and the pixels it hangs on. The server computes them when asked.
const TOPS = [0.05, 0.2, 1]; // scales of the histogram; the lowest that holds all
const PATIENCE = 250; // milliseconds between questions while the playback runs

let pointed = null, picked = null; // a pixel under the pointer; one that was clicked or tapped
let asked = "", askedAt = 0;
let tied = false; // whether the influences are wanted
let ties = null; // what is known of them: of which run and pixel, how strong

for (const name of props.labels) {
  const option = document.createElement("option");
  option.value = name;
  option.textContent = name === "any" ? "any class" : "class " + name;
  find("select").append(option);
}

const called = (label) => (label === "any" ? "any class" : "class " + label);
const probability = (p) => (p > 0.9995 ? "over 0.999" : p < 0.00005 ? "under 0.0001" : String(Number(p.toPrecision(3))));
const times = (ratio) => number(ratio, ratio < 10 ? 1 : 0) + " times";

const mostSurprising = (count) => {
  let most = 0;
  for (let i = 1; i < count; i++) if (run.logProb[i] < run.logProb[most]) most = i;
  return most;
};

// The pixel that is looked at, if any: under the pointer, else picked, else where the playback is.
const focus = () => {
  const count = shown();
  for (const index of [pointed, picked]) if (index !== null && index < count) return index;
  if (!count) return null;
  return ended() ? mostSurprising(count) : count - 1;
};

const influences = () => (tied && ties && ties.run === run.id && ties.index === focus() ? ties : null);

const question = (index) => ({
  values: Array.from(run.values), index, label: run.label, temperature: run.temperature, other: find("select").value || null, run: run.id,
});

// One question at a time; of those that come meanwhile only the last is asked.
const asker = (name, done) => {
  let busy = false, next = null;
  const ask = async (what) => {
    if (busy) {
      next = what;
      return;
    }
    busy = true;
    let answer;
    try {
      answer = await server[name](what);
    } catch {
      answer = { error: "The server did not answer. Point at the pixel again." };
    }
    busy = false;
    if (run.id === what.run) {
      if (answer.error) problem(answer.error);
      else done(what, answer);
    }
    if (next) {
      const last = next;
      next = null;
      ask(last);
    }
  };
  return ask;
};

const problem = (text) => {
  asked = "";
  find(".answer").textContent = text;
};

const bars = (p, up, from = 0) => p.map((share, i) => (share > 0 ? "M" + (i + from) + " 0V" + up * Math.sqrt(share) + "H" + (i + from + 1) + "V0z" : "")).join("");

const clearPixel = () => {
  asked = "";
  for (const path of element.querySelectorAll(".histogram path")) path.setAttribute("d", "");
  for (const part of [".entropy", ".answer", ".reach", ".chart .top"]) find(part).textContent = "";
  find(".title").textContent = "Point at a pixel, or step, to see what it was drawn from.";
  find(".histogram").setAttribute("aria-label", "No pixel chosen yet");
  find(".pointer").hidden = true;
};

const explained = ({ index, label, other, temperature }, answer) => {
  const value = run.values[index], p = answer.p[value];
  const all = [...answer.p, ...(answer.other?.p ?? []), ...(answer.drawn_from ?? [])];
  const top = TOPS.find((height) => height >= Math.max(...all)) ?? 1;
  const high = Math.sqrt(top);
  find(".histogram").setAttribute("viewBox", "0 " + -high + " " + run.levels + " " + high * (answer.other ? 2 : 1));
  find(".own").setAttribute("d", bars(answer.p, -1));
  find(".other").setAttribute("d", answer.other ? bars(answer.other.p, 1) : "");
  find(".mark").setAttribute("d", bars([p], -1, value));
  find(".tempered").setAttribute("d", answer.drawn_from ? "M" + answer.drawn_from.map((share, i) => i + 0.5 + " " + -Math.sqrt(share)).join("L") : "");
  find(".chart .top").textContent = "p = " + top + " at the top; heights are square roots" + (answer.other ? "; below: as " + called(other) : "");
  find(".pointer").hidden = false;
  find(".pointer").style.left = (100 * (value + 0.5)) / run.levels + "%";
  const place = "row " + (Math.floor(index / run.width) + 1) + ", column " + ((index % run.width) + 1);
  find(".title").textContent = "What " + place + " was drawn from, given the pixels before it";
  find(".histogram").setAttribute("aria-label", "Probabilities of " + run.levels + " greys for " + place + "; drawn: " + value + ", p = " + probability(p));
  const choices = Math.exp(answer.entropy);
  find(".entropy").textContent = "Entropy " + number(answer.entropy, 2) + " nats: as undecided as a fair choice among "
    + number(choices, choices < 10 ? 1 : 0) + " greys." + (temperature === 1 ? "" : " Line: at temperature " + temperature + ", which the dice used.");
  const q = answer.other?.p[value];
  find(".answer").textContent = answer.other ? "As " + called(other) + " instead of " + called(label) + ", this grey has p = " + probability(q)
    + (p > 0 && q > 0 ? ": " + (q > p ? times(q / p) + " more" : times(p / q) + " less") + " likely." : ".") : "";
};

const reached = ({ index, run: id }, { strength }) => {
  const most = Math.max(...strength, 0);
  const where = strength.indexOf(most), seen = strength.filter((nats) => nats > 0).length;
  ties = { run: id, index, strength, most: most || 1 };
  find(".reach").textContent = seen
    ? "It sees " + seen + " of the " + index + " pixels before it; most of all row " + (Math.floor(where / run.width) + 1) + ", column " + ((where % run.width) + 1) + "."
    : "No pixel before it is within the model's sight.";
  show();
};

const askExplain = asker("explain", explained), askDepends = asker("depends", reached);

// Told of every change of what is shown: asks about the pixel that is looked at, unless it has.
const look = () => {
  const index = focus();
  if (index === null) {
    find(".caption").textContent = "Nothing drawn yet";
    return;
  }
  const nats = -run.logProb[index];
  const chosen = picked === null && pointed === null && ended() ? "most surprising: row " : "row ";
  find(".caption").textContent = chosen + (Math.floor(index / run.width) + 1) + ", column " + ((index % run.width) + 1) + " · value " + run.values[index]
    + " · p = " + probability(Math.exp(-nats)) + " · surprise " + number(nats, 2) + " nats · entropy " + number(run.entropy[index], 2);
  const key = [run.id, index, find("select").value, tied].join();
  const free = playing && pointed === null && picked === null;
  if (key === asked || (free && performance.now() - askedAt < PATIENCE)) return;
  asked = key;
  askedAt = performance.now();
  askExplain(question(index));
  if (tied) askDepends(question(index));
  else find(".reach").textContent = "";
};

const pixelAt = (event) => {
  const box = canvas.getBoundingClientRect();
  const x = Math.floor(((event.clientX - box.left - canvas.clientLeft) / canvas.clientWidth) * run.width);
  const y = Math.floor(((event.clientY - box.top - canvas.clientTop) / canvas.clientHeight) * run.height);
  const inside = x >= 0 && y >= 0 && x < run.width && y < run.height && y * run.width + x < shown();
  return inside ? y * run.width + x : null;
};

const tie = (on) => {
  tied = on;
  if (tied) view = "picture";
  find(".depends").setAttribute("aria-pressed", String(tied));
  if (run) show();
};

canvas.addEventListener("pointermove", (event) => {
  const index = run && event.pointerType !== "touch" ? pixelAt(event) : null; // a finger taps, or scrolls the page
  if (index === pointed) return;
  pointed = index;
  show();
});
canvas.addEventListener("pointerleave", () => {
  pointed = null;
  show();
});
canvas.addEventListener("click", (event) => {
  const index = run ? pixelAt(event) : null;
  if (index === null) return;
  picked = picked === index ? null : index;
  show();
});
find("select").addEventListener("change", () => { if (run) look(); });
find(".depends").addEventListener("click", () => tie(!tied));
