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
  if (current() === null) return null; // on a sheet of pictures no pixel is looked at
  const count = shown();
  for (const index of [pointed, picked]) if (index !== null && index < count) return index;
  if (part()) return count;
  if (!count) return null;
  return ended() ? mostSurprising(count) : count - 1;
};

const influences = () => (view === "depends" && ties && ties.run === run.id && ties.index === focus() ? ties : null);

const question = (index) => ({
  model: run.model, values: Array.from(run.sheet[current()].values), index, label: run.labels[current()], temperature: run.temperature,
  other: find(".compare select").value || null, rival: find(".rivals select").value || null, run: run.id, part: index === shown() ? part() : 0, picture: current(),
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

// One histogram a channel.
const charts = () => [...element.querySelectorAll(".chart")];
const chartsFor = (count) => {
  while (charts().length > count) charts().at(-1).remove();
  while (charts().length < count) find(".charts").append(charts()[0].cloneNode(true));
  charts().forEach((chart, c) => { chart.dataset.channel = count > 1 ? NAMES[c] : "grey"; });
};

const clearPixel = () => {
  asked = "";
  for (const path of element.querySelectorAll(".histogram path")) path.setAttribute("d", "");
  for (const part of element.querySelectorAll(".pixel .entropy, .answer, .chart .top")) part.textContent = "";
  find(".title").textContent = "Point at a pixel, or step, to see what it was drawn from.";
  for (const chart of charts()) {
    chart.querySelector(".histogram").setAttribute("aria-label", "No pixel chosen yet");
    chart.querySelector(".pointer").hidden = true;
  }
};

// Where on a histogram a value is.
const point = (chart, value) => { chart.querySelector(".pointer").style.left = (100 * (value + 0.5)) / run.levels + "%"; };

// The histogram of a channel, given the channels before it, up to a probability.
const explainedChannel = (chart, channel, { index, other }, answer, top) => {
  const color = valuesOf(run.sheet[current()].values, index), value = color[channel], p = answer.p[value], high = Math.sqrt(top);
  const inChart = (selector) => chart.querySelector(selector);
  inChart(".histogram").setAttribute("viewBox", "0 " + -high + " " + run.levels + " " + high * (answer.other ? 2 : 1));
  inChart(".own").setAttribute("d", bars(answer.p, -1));
  inChart(".other").setAttribute("d", answer.other ? bars(answer.other.p, 1) : "");
  inChart(".mark").setAttribute("d", bars([p], -1, value));
  inChart(".tempered").setAttribute("d", answer.drawn_from ? "M" + answer.drawn_from.map((share, i) => i + 0.5 + " " + -Math.sqrt(share)).join("L") : "");
  inChart(".pointer").hidden = false;
  point(chart, value);
  const of = colored() ? "levels of " + NAMES[channel] : "greys";
  inChart(".histogram").setAttribute("aria-label", "Probabilities of " + run.levels + " " + of + " for " + placeOf(index) + "; drawn: " + value + ", " + probability(p));
  if (!colored()) {
    inChart(".top").textContent = "p = " + top + " at the top, square-root heights" + (answer.other ? "; below: " + called(other) : "");
    return;
  }
  inChart(".top").textContent = colorName(color).split(", ")[channel] + ": " + probability(p) + ", surprise " + number(-answer.log_prob, 2) + ", entropy " + number(answer.entropy, 2) + " nats";
  const [from, to] = [0, 255].map((level) => "rgb(" + onScreen(color, 0, channel).map((now, c) => (c === channel ? level : now)).join(" ") + ")");
  inChart(".greys").style.background = "linear-gradient(to right," + from + "," + to + ")"; // what it would have become
};

// What another label makes of a pixel. One colour of sixteen million has a probability that says little by itself.
const compared = (index, channels) => {
  const value = run.sheet[current()].values[index], [{ p, other }] = channels;
  if (!colored()) return " has " + probability(other.p[value]) + likelier(p[value], other.p[value]);
  const nats = channels.reduce((sum, { log_prob, other }) => sum + other.log_prob - log_prob, 0);
  return " is" + likelier(1, Math.exp(nats)).slice(1);
};

const explained = (what, answer) => {
  const { index, label, other, temperature } = what, channels = answer.channels ?? [answer];
  const all = channels.flatMap(({ p, other, drawn_from }) => [...p, ...(other?.p ?? []), ...(drawn_from ?? [])]);
  const top = TOPS.find((height) => height >= Math.max(...all)) ?? 1;
  charts().forEach((chart, c) => {
    chart.style.visibility = what.part && c >= what.part ? "hidden" : ""; // not drawn yet
    explainedChannel(chart, c, what, channels[c], top);
  });
  find(".title").textContent = "What " + placeOf(index) + " was drawn from, given the pixels before it" + (colored() ? " and its channels before" : "");
  const entropy = channels.reduce((sum, one) => sum + one.entropy, 0), choices = Math.exp(entropy);
  const fair = choices < 1.05 ? "all but certain." : "as undecided as a fair choice among " + number(choices, choices < 10 ? 1 : 0) + " " + shade() + "s.";
  const scale = colored() ? " Heights: p = " + top + " at the top, square roots" + (other ? "; below: " + called(other) : "") + "." : "";
  find(".pixel .entropy").textContent = (what.part ? "" : (colored() ? "Together: entropy " : "Entropy ") + number(entropy, 2) + " nats: " + fair)
    + scale + (temperature === 1 ? "" : " Line: at temperature " + temperature + ", as drawn.");
  find(".answer").textContent = other && !what.part ? "As " + called(other) + " instead of " + called(label) + ", this " + shade() + compared(index, channels) : "";
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
  const picture = run.sheet[current()], nats = -picture.logProb[index], color = valuesOf(picture.values, index);
  const begun = index === shown() ? part() : 0; // channels of a pixel in hand
  const given = run.start?.keep[index] ? " · given" : "";
  const chosen = picked === null && pointed === null && ended() ? (colored() ? " · most surprising" : " · the most surprising pixel") : "";
  const about = given + chosen, chances = "surprise " + number(nats, 2) + ", entropy " + number(picture.entropy[index], 2) + " nats";
  find(".caption").textContent = placeOf(index) + " · " + colorName(begun ? color.slice(0, begun) : color) + (colored() ? "" : about) + "\n"
    + (begun ? "next its " + NAMES[begun] + ", given " + NAMES.slice(0, begun).join(" and ") : colored() ? chances + about : probability(Math.exp(-nats)) + " · " + chances);
  if (stroke) return; // first the picture, then the questions about it
  const key = [run.id, current(), index, begun, find(".compare select").value, view === "depends" && find(".rivals select").value + "*"].join();
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
