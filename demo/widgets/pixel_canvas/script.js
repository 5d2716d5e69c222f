// Buffers the pixels of a run as they come from the model, and plays them back at a pace that a person can see.
const SECONDS = { slow: 12, normal: 4 }; // that a whole picture takes
const ICONS = { Pause: "M6 5h4v14H6zM14 5h4v14h-4z", Resume: "M7 4l13 8-13 8z", Replay: "M12 5V1L6 6l6 5V7a5 5 0 1 1-5 5H5a7 7 0 1 0 7-7z" };
const EACH = 4; // on a sheet the curves of all pictures are drawn from every fourth pixel

let run = null; // what is drawn: pictures, pixels by raster index, and how many are there without a gap
let runs = 0; // how many there have been
let chosen = null; // the picture of a sheet that is looked at more closely; null for all
let at = 0; // place of the playback, in pixels; a fraction while it moves
let playing = false;
let blank = false; // an empty sheet lies over the picture, to be drawn on
let speed = matchMedia("(prefers-reduced-motion: reduce)").matches ? "fast" : "normal";
let last = 0, frame = 0; // time of the last animation frame, and the next one's handle

const current = () => (run.count === 1 ? 0 : chosen);
const shown = () => (blank ? 0 : Math.min(Math.floor(at), run.ready));
// Of the pixel in hand, the channels that are there: red, then red and green. Of grey there is nothing in between.
const part = () => (blank ? 0 : Math.min(run.channels - 1, Math.floor((Math.min(at, run.ready) - shown()) * run.channels + 1e-6)));
const ended = () => (run.done || run.stopped) && at >= run.end;

// --- what comes from the server

const SAME = ["model", "label", "seed", "temperature", "pictures", "size", "given"];

// The same picture once more: what is known of it need not be forgotten.
const again = (number) => {
  run.number = number;
  run.over = false;
  if (speed !== "fast") at = run.first;
  play();
};

const given = (start) => start && { values: Uint8Array.from(start.values), keep: Uint8Array.from(start.keep) };

const begin = (message) => {
  const { channels, height, width, levels, model, labels, pictures, label, seed, temperature, classes, subject, live } = message;
  const size = height * width, count = labels.length, from = given(message.start);
  const next = { model, label, seed, temperature, pictures, size, given: JSON.stringify(message.start) };
  if (run && !run.stopped && run.done && !live && SAME.every((name) => run[name] === next[name])) {
    blank = false;
    return again(message.run);
  }
  // A hand is moving: stay at this place, so that the picture changes under it.
  const stay = live && run && run.size === size && !blank && !run.stopped;
  if (run && (run.width !== width || run.size !== size || run.channels !== channels || run.levels !== levels)) forget(); // of no use to this model
  if (!run || run.count !== count) chosen = null;
  blank = false;
  run = {
    ...next, id: ++runs, live, number: live ? run?.number : message.run, count, channels, height, width, levels, labels, classes, subject, start: from,
    first: from ? Math.max(0, from.keep.indexOf(0)) : 0, // where the model's own part begins
    ready: 0, end: size, done: null, stopped: false, over: false, slow: false, known: new Uint8Array(size),
    sheet: labels.map(() => ({ values: new Uint8Array(size * channels), logProb: new Float64Array(size), entropy: new Float64Array(size), sums: new Float64Array(size + 1) })),
  };
  if (!stay) {
    at = live ? size : run.first;
    pointed = picked = hovered = null;
    clearPixel();
  }
  chartsFor(channels);
  if (!live) adopt(message.asked);
  if (run.given === JSON.stringify(told(start))) laid = null;
  canvas.style.aspectRatio = (({ width, height }) => width + " / " + height)(places(cellOf(CELL)));
  find(".address").hidden = true;
  fill(find(".compare select"), classes.filter((name) => name !== label).map((name) => [name, called(name)]));
  fill(find(".rivals select"), props.models.filter((other) => other.name !== model && other.levels === levels && String(other.classes) === String(classes)).map(({ name, title }) => [name, title]));
  cards();
  play();
  say("Drawing");
};

const receive = () => take(props.value && JSON.parse(props.value));

// The server numbers its drawings, and a lower number comes too late. What is drawn under a hand has no place in that
// order: it goes on from the drawing that is there, and the next of the server's own takes its place.
const take = (message) => {
  if (!message) return;
  if (!message.live && run && (run.live ? message.run <= run.number : message.run < run.number)) return;
  if (message.live || !run || message.run > run.number) begin(message);
  if (run.stopped) return;
  run.sheet.forEach((picture, which) => {
    picture.values.set(message.values[which], message.index * run.channels);
    picture.logProb.set(message.log_prob[which], message.index);
    picture.entropy.set(message.entropy[which], message.index);
  });
  run.known.fill(1, message.index, message.index + message.log_prob[0].length);
  while (run.ready < run.size && run.known[run.ready]) run.ready++;
  for (const { sums, logProb } of run.sheet) for (let i = 0; i < run.ready; i++) sums[i + 1] = sums[i] + logProb[i];
  if (message.done) run.done = { ...message.done, seconds: message.seconds };
  trace();
  show();
};

// --- what is said

const lowest = (count) => Math.min(-1, ...looked().map(({ sums }) => sums[count]));
const looked = () => (current() === null ? run.sheet : [run.sheet[current()]]);

const trace = () => {
  const bottom = lowest(run.ready), step = current() === null ? EACH : 1;
  const lines = looked().map(({ sums }) => {
    const points = [];
    for (let i = 0; i <= run.ready; i += step) points.push(i + "," + (100 * sums[i]) / bottom);
    return '<polyline points="' + points.join(" ") + '"/>';
  });
  for (const svg of element.querySelectorAll(".plot svg")) {
    svg.setAttribute("viewBox", "0 0 " + run.size + " 100");
    svg.innerHTML = lines.join("");
  }
  find(".bottom").textContent = number(bottom, 0);
};

const unit = () => (colored() ? "bits per colour value" : "bits per pixel");
const bitsOf = (nats) => -nats / (run.size * run.channels * Math.LN2);

const share = ({ share, of, usual }, bits) => {
  if (!share) return "Real " + run.subject[1] + " take " + number(usual, 2) + " " + unit() + " on average, this one " + number(bits, 2);
  const part = share[current()], among = number(of, 0) + " real " + run.subject[1];
  if (part <= 0) return "Less likely than every one of " + among;
  if (part >= 1) return "More likely than every one of " + among;
  const percent = 100 * part;
  return "More likely than " + number(percent, percent > 10 && percent < 99 ? 0 : 1) + " % of " + among;
};

const state = () => {
  if (blank) return "empty sheet";
  if (ended()) return run.stopped ? "stopped" : "complete";
  if (!playing) return "paused";
  if (run.over) return "replaying";
  return at >= run.ready ? "waiting for the model" : "drawing";
};

const wholeLabel = () => (run.count > 1 && new Set(run.labels).size > 1 ? run.pictures : called(run.label) + (run.count > 1 ? ", " + run.count + " pictures" : ""));

const tell = (count) => {
  const whole = count === run.size && run.done, progress = count + " of " + run.size + " pixels" + (part() ? " and " + NAMES.slice(0, part()).join(" and ") + " of the next" : "");
  find(".status").textContent = state() + ": " + progress + " · " + wholeLabel() + ", seed " + run.seed + ", temperature " + run.temperature;
  const bottom = lowest(run.ready), sums = looked().map((picture) => picture.sums[count]);
  if (current() === null) tellSheet(whole, sums);
  else tellPicture(whole, sums[0]);
  find(".time").textContent = run.done && !run.stopped ? "Drawn in " + number(run.done.seconds, 2) + " s, " + (run.slow ? "shown slowly." : "shown as it came.") : "";
  canvas.setAttribute("aria-busy", String(Boolean(stroke || laid)));
  canvas.setAttribute("aria-label", SEEN[view] + (current() === null ? run.count + " × " : "") + run.subject[0] + ", " + progress + " drawn");
  find(".seen").style.clipPath = "inset(-4px " + (100 - (100 * count) / run.size) + "% -4px 0)";
  const head = find(".head"), plot = find(".plot");
  head.style.left = (100 * count) / run.size + "%";
  head.style.top = (100 * Math.min(...sums)) / bottom + "%";
  plot.setAttribute("aria-valuemax", String(run.size));
  plot.setAttribute("aria-valuenow", String(count));
  plot.setAttribute("aria-valuetext", progress + ", log p so far " + number(Math.min(...sums), 1) + " nats");
};

const tellPicture = (whole, sum) => {
  const label = run.labels[current()], bits = bitsOf(sum);
  find(".what").textContent = (label === "any" ? "log p(x)" : "log p(x | " + label + ")") + (whole ? "" : " so far");
  find(".number").textContent = number(sum, 1) + " nats";
  find(".bits").textContent = whole ? number(bits, 2) + " " + unit() : "";
  const untold = run.done?.log_prob[current()] ?? 0;
  const any = label === "any" ? "" : "Without being told the class: log p(x) = " + number(untold, 1) + " nats. ";
  find(".meaning").textContent = whole ? any + share(run.done, bitsOf(untold)) + "." : "";
};

const tellSheet = (whole, sums) => {
  find(".what").textContent = "log p(x) of " + run.count + " pictures" + (whole ? "" : " so far");
  find(".number").textContent = number(Math.min(...sums), 0) + " to " + number(Math.max(...sums), 0);
  find(".bits").textContent = whole ? "nats; one curve for each picture" : "nats";
  find(".meaning").textContent = run.start ? "One start, " + run.count + " endings." : "Click a picture to look closer.";
};

// What is said of a sheet under the pointer.
const overSheet = () => {
  const which = hovered === null ? null : run.sheet[hovered], label = run.labels[hovered];
  return which ? (label === "any" ? "picture " + (hovered + 1) : called(label)) + " · log p " + number(which.sums[shown()], 1) + " nats\nClick to look closer" : "Click a picture to look closer";
};

const SEEN = { picture: "", surprise: "surprise map of a ", entropy: "entropy map of a ", depends: "what one pixel depends on in a " };

const say = (text) => { find(".live").textContent = text; };

const buttons = () => {
  const name = run && ended() ? "Replay" : playing || !run ? "Pause" : "Resume";
  find(".play span").textContent = name;
  find(".play path").setAttribute("d", ICONS[name]);
  find(".play").disabled = !run || !run.ready || blank;
  find(".stop").disabled = !run || run.over;
  find(".save").disabled = !run || !shown();
  find(".film").disabled = find(".link").disabled = !run?.done || run.stopped;
  for (const kind of ["speed", "view", "tool", "card"]) {
    const value = { speed, view, tool, card: String(chosen ?? "all") }[kind];
    for (const button of element.querySelectorAll("[data-" + kind + "]")) button.setAttribute("aria-pressed", String(button.dataset[kind] === value));
  }
  editing();
};

const show = () => {
  if (run) {
    const index = focus();
    paint(canvas, cellOf(CELL));
    if (index !== null && !stroke) frameOf(canvas.getContext("2d"), index, CELL);
    tell(shown());
    look();
    if (ended() && !run.over) {
      run.over = true;
      say("Complete: " + find(".number").textContent);
    }
    if (ended()) playing = false;
  }
  legend();
  find(".pixel").hidden = Boolean(run && (blank || current() === null)); // many pictures, or none
  buttons();
  if (playing && !frame) frame = requestAnimationFrame(step);
};

// --- a sheet of pictures, and one of them

const cards = () => {
  const names = run.count === 1 ? [] : ["all", ...run.labels.map((label, i) => (new Set(run.labels).size > 1 ? label : String(i + 1)))];
  find(".closer").hidden = !names.length;
  find(".closer .choice").replaceChildren(...names.map((name, i) => {
    const button = Object.assign(document.createElement("button"), { type: "button", textContent: name });
    button.dataset.card = i ? String(i - 1) : "all";
    button.addEventListener("click", () => closer(i ? i - 1 : null));
    return button;
  }));
};

const closer = (which) => {
  chosen = which;
  pointed = picked = hovered = null;
  clearPixel();
  canvas.style.aspectRatio = (({ width, height }) => width + " / " + height)(places(cellOf(CELL)));
  trace();
  show();
};

// --- playback: the browser has the pixels, so no place in it asks the model again

const step = (now) => {
  frame = 0;
  if (!playing) return;
  const seconds = Math.min(Math.max(now - last, 0), 100) / 1000; // a hidden tab does not jump when it is back
  last = now;
  const pace = speed === "single" ? 1 : run.size / SECONDS[speed];
  const target = speed === "fast" ? run.size : at + seconds * pace;
  if (speed !== "fast" && at < run.end) run.slow = true;
  const place = () => shown() * run.channels + part(), before = place();
  at = Math.max(at, Math.min(target, run.ready)); // never ahead of the model
  if (place() !== before || ended()) show();
  else frame = requestAnimationFrame(step);
};

const play = () => {
  playing = true;
  last = performance.now();
};

const toggle = () => {
  if (!run || blank) return;
  if (playing) playing = false;
  else {
    if (ended()) at = 0;
    picked = null;
    play();
  }
  say(playing ? "Playing" : "Paused");
  show();
};

const goTo = (place) => {
  if (!run || blank) return;
  playing = false;
  picked = pointed = laid = null;
  at = Math.min(Math.max(place, 0), run.ready);
  show();
};

const PLACES = { start: () => 0, back: () => shown() - (part() ? 0 : 1), on: () => shown() + 1, end: () => run.ready, up: () => shown() - run.width, down: () => shown() + run.width };
const CHANNEL = { back: -1, on: 1 }; // with Shift, and in grey the same as without
const KEYS = { Home: "start", ArrowLeft: "back", ArrowRight: "on", End: "end", PageUp: "up", PageDown: "down" };

const stop = () => {
  if (!run || run.over) return;
  run.end = run.ready = at = shown();
  run.stopped = run.over = true;
  playing = false;
  trace();
  trigger("stop");
  say("Stopped: " + run.end + " of " + run.size + " pixels kept");
  show();
};

const scrub = (event) => {
  const box = find(".plot").getBoundingClientRect();
  goTo(Math.round(((event.clientX - box.left) / box.width) * (run?.size ?? 0)));
};

find(".play").addEventListener("click", toggle);
find(".stop").addEventListener("click", stop);
find(".save").addEventListener("click", save);
find(".film").addEventListener("click", film);
find(".link").addEventListener("click", copyLink);
for (const button of element.querySelectorAll("[data-go]")) {
  button.addEventListener("click", () => run && goTo(PLACES[button.dataset.go]()));
}
for (const button of element.querySelectorAll("[data-speed]")) {
  button.addEventListener("click", () => { speed = button.dataset.speed; show(); });
}
for (const button of element.querySelectorAll("[data-view]")) {
  button.addEventListener("click", () => { view = button.dataset.view; show(); });
}
find(".plot").addEventListener("pointerdown", (event) => {
  find(".plot").setPointerCapture(event.pointerId);
  scrub(event);
});
find(".plot").addEventListener("pointermove", (event) => { if (event.buttons) scrub(event); });
element.addEventListener("keydown", (event) => {
  const target = event.target;
  if (!run || event.ctrlKey || event.altKey || event.metaKey || target.closest("select, input")) return;
  if (event.key === " " && !target.closest("button")) toggle();
  else if (event.key === "Escape" && run.count > 1 && chosen !== null) closer(null);
  else if (event.shiftKey && KEYS[event.key] in CHANNEL) goTo(shown() + (part() + CHANNEL[KEYS[event.key]]) / run.channels);
  else if (event.key in KEYS) goTo(PLACES[KEYS[event.key]]());
  else return;
  event.preventDefault();
});

watch("value", receive);
receive();
show();
