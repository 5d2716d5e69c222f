// Where one pixel came from: its distribution, and the pixels it hangs on. The server computes them when asked.
const TOPS = [0.05, 0.2, 1]; // scales of the histogram; the lowest that holds all
const PATIENCE = 250; // milliseconds between questions while the playback runs

let pointed = null, picked = null, hovered = null; // a pixel under the pointer; one that was clicked or tapped; a picture under the pointer
let asked = "", askedAt = 0;
let ties = null; // the last influences: on which pixel of which run, how strong

const fill = (select, options) => {
  const before = select.value;
  while (select.options.length > 1) select.options[1].remove();
  for (const [value, text] of options) select.append(Object.assign(document.createElement("option"), { value, textContent: text }));
  select.value = options.some(([value]) => value === before) ? before : "";
};

const called = (label) => (label === "any" ? "any class" : "class " + label);
const modelCalled = (name) => props.models.find((model) => model.name === name)?.title ?? name;
const placeOf = (index) => "row " + (Math.floor(index / run.width) + 1) + ", column " + ((index % run.width) + 1);
const probability = (p) => (p > 0.9995 ? "p > 0.999" : p < 0.00005 ? "p < 0.0001" : "p = " + Number(p.toPrecision(3)));
const times = (ratio) => number(ratio, ratio < 10 ? 1 : 0) + " times";
const likelier = (p, q) => (p > 0 && q > 0 && q < 1.05 * p && p < 1.05 * q ? ": about as likely."
  : q > p ? (p > 0 ? ": " + times(q / p) + " as likely." : ".")
  : q > 0 ? ": " + times(p / q) + " less likely." : ".");

const mostSurprising = (count) => {
  const { logProb } = run.sheet[current()];
  let most = 0;
  for (let i = 1; i < count; i++) if (logProb[i] < logProb[most]) most = i;
  return most;
};

// The pixel that is looked at, if any: under the pointer, else picked, else where the playback is.
const focus = () => {
  const count = current() === null ? 0 : shown(); // on a sheet of pictures no pixel is looked at
  for (const index of [pointed, picked]) if (index !== null && index < count) return index;
  if (!count) return null;
  return ended() ? mostSurprising(count) : count - 1;
};

const influences = () => (view === "depends" && ties && ties.run === run.id && ties.index === focus() ? ties : null);

const question = (index) => ({
  model: run.model, values: Array.from(run.sheet[current()].values), index, label: run.labels[current()], temperature: run.temperature,
  other: find(".compare select").value || null, rival: find(".rivals select").value || null, run: run.id, picture: current(),
});

// One question at a time; of those that come meanwhile only the last is asked.
const asker = (name, done, wanted = (what) => run.id === what.run && current() === what.picture) => {
  let busy = false, next = null;
  const ask = async (what) => {
    if (!wanted(what)) return;
    if (busy) {
      next = what;
      return;
    }
    busy = true;
    let answer;
    try {
      answer = await server[name](what);
    } catch {
      answer = { error: "The server did not answer; try again." };
    }
    busy = false;
    if (wanted(what)) {
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
  for (const part of [".pixel .entropy", ".answer", ".chart .top"]) find(part).textContent = "";
  find(".title").textContent = "Point at a pixel, or step, to see what it was drawn from.";
  find(".histogram").setAttribute("aria-label", "No pixel chosen yet");
  find(".pointer").hidden = true;
};

const explained = ({ index, label, other, temperature }, answer) => {
  const value = run.sheet[current()].values[index], p = answer.p[value];
  const all = [...answer.p, ...(answer.other?.p ?? []), ...(answer.drawn_from ?? [])];
  const top = TOPS.find((height) => height >= Math.max(...all)) ?? 1;
  const high = Math.sqrt(top);
  find(".histogram").setAttribute("viewBox", "0 " + -high + " " + run.levels + " " + high * (answer.other ? 2 : 1));
  find(".own").setAttribute("d", bars(answer.p, -1));
  find(".other").setAttribute("d", answer.other ? bars(answer.other.p, 1) : "");
  find(".mark").setAttribute("d", bars([p], -1, value));
  find(".tempered").setAttribute("d", answer.drawn_from ? "M" + answer.drawn_from.map((share, i) => i + 0.5 + " " + -Math.sqrt(share)).join("L") : "");
  find(".chart .top").textContent = "p = " + top + " at the top, square-root heights" + (answer.other ? "; below: " + called(other) : "");
  find(".pointer").hidden = false;
  find(".pointer").style.left = (100 * (value + 0.5)) / run.levels + "%";
  const place = placeOf(index);
  find(".title").textContent = "What " + place + " was drawn from, given the pixels before it";
  find(".histogram").setAttribute("aria-label", "Probabilities of " + run.levels + " greys for " + place + "; drawn: " + value + ", " + probability(p));
  const choices = Math.exp(answer.entropy);
  find(".pixel .entropy").textContent = "Entropy " + number(answer.entropy, 2) + " nats: "
    + (choices < 1.05 ? "all but certain." : "as undecided as a fair choice among " + number(choices, choices < 10 ? 1 : 0) + " greys.") + (temperature === 1 ? "" : " Line: at temperature " + temperature + ", as drawn.");
  const q = answer.other?.p[value];
  find(".answer").textContent = answer.other ? "As " + called(other) + " instead of " + called(label) + ", this grey has " + probability(q) + likelier(p, q) : "";
};

// How far a pixel sees, in rows and columns: what it does not see within that is its blind spot.
const reachOf = ({ index, strength }) => {
  const far = strength.map((nats, i) => (nats > 0 ? Math.max(Math.floor(index / run.width) - Math.floor(i / run.width), Math.abs((index % run.width) - (i % run.width))) : 0));
  return Math.max(0, ...far);
};

const within = (i, index, reach) => Math.floor(index / run.width) - Math.floor(i / run.width) <= reach && Math.abs((index % run.width) - (i % run.width)) <= reach;

const reached = ({ index, run: id, rival: name, model }, { strength, rival }) => {
  const most = Math.max(...strength, 0), reach = reachOf({ index, strength });
  const where = strength.indexOf(most), seen = strength.filter((nats) => nats > 0).length;
  // What only the other model sees: 2 in the blind spot, 1 out of reach.
  const missed = rival?.map((nats, i) => (nats > 0 && !(strength[i] > 0) ? 1 + within(i, index, reach) : 0));
  const count = (kind) => missed.filter((what) => what === kind).length;
  const says = (seen
    ? "The framed pixel sees " + seen + " of the " + index + " before it, most of all " + placeOf(where) + "."
    : "The framed pixel sees none before it.")
    + (missed ? " “" + modelCalled(name) + "” also sees " + count(2) + " in the blind spot of “" + modelCalled(model) + "” (orange) and " + count(1) + " out of its reach (brown)." : "");
  ties = { run: id, index, strength, missed, most: most || 1, says };
  show();
};

const askExplain = asker("explain", explained), askDepends = asker("depends", reached);

// Told of every change of what is shown: asks about the pixel that is looked at, unless it has.
const look = () => {
  const index = focus();
  if (index === null) {
    find(".caption").textContent = blank ? "An empty sheet: draw on it with the pen." : run.count > 1 && current() === null ? overSheet() : "Nothing drawn yet";
    return;
  }
  const picture = run.sheet[current()], nats = -picture.logProb[index];
  const given = run.start?.keep[index] ? " · given" : "";
  const chosen = picked === null && pointed === null && ended() ? " · the most surprising pixel" : "";
  find(".caption").textContent = placeOf(index) + " · value " + picture.values[index] + given + chosen + "\n"
    + probability(Math.exp(-nats)) + " · surprise " + number(nats, 2) + ", entropy " + number(picture.entropy[index], 2) + " nats";
  if (stroke) return; // first the picture, then the questions about it
  const key = [run.id, current(), index, find(".compare select").value, view === "depends" && find(".rivals select").value + "*"].join();
  const free = playing && !ended() && pointed === null && picked === null;
  if (key === asked || (free && performance.now() - askedAt < PATIENCE)) return;
  asked = key;
  askedAt = performance.now();
  askExplain(question(index));
  if (view === "depends") askDepends(question(index));
};

// The pixel of a picture under the pointer, if both are there.
const pixelAt = (event) => {
  const box = canvas.getBoundingClientRect(), cell = cellOf(CELL);
  const across = ((event.clientX - box.left - canvas.clientLeft) / canvas.clientWidth) * canvas.width;
  const down = ((event.clientY - box.top - canvas.clientTop) / canvas.clientHeight) * canvas.height;
  for (const { picture, x, y } of places(cell).list) {
    const [column, row] = [(across - x) / cell, (down - y) / cell];
    const inside = column >= 0 && row >= 0 && column < run.width && row < run.height;
    if (inside) return { picture, row, column, index: Math.floor(row) * run.width + Math.floor(column) };
  }
  return null;
};

canvas.addEventListener("pointermove", (event) => {
  if (stroke || !run) return;
  const under = event.pointerType !== "touch" ? pixelAt(event) : null; // a finger taps, or scrolls the page
  const index = under && under.index < shown() ? under.index : null, picture = under?.picture ?? null;
  if (index === pointed && picture === hovered) return;
  pointed = index;
  hovered = picture;
  show();
});
canvas.addEventListener("pointerleave", () => {
  pointed = hovered = null;
  show();
});
canvas.addEventListener("click", (event) => {
  const under = run ? pixelAt(event) : null;
  if (!under || worked) return; // a stroke ends in a click
  if (current() === null) closer(under.picture);
  else if (tool === "look" && under.index < shown()) picked = picked === under.index ? null : under.index;
  show();
});
for (const select of element.querySelectorAll("select")) select.addEventListener("change", () => { if (run) look(); });
