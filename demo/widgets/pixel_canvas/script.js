// Buffers the pixels of a run as they come from the model, and plays them back at a pace that a person can see.
const SECONDS = { slow: 12, normal: 4 }; // that a whole picture takes
const ICONS = { Pause: "M6 5h4v14H6zM14 5h4v14h-4z", Resume: "M7 4l13 8-13 8z", Replay: "M12 5V1L6 6l6 5V7a5 5 0 1 1-5 5H5a7 7 0 1 0 7-7z" };

let run = null; // what is drawn: pixels by raster index, and how many are there without a gap
let at = 0; // place of the playback, in pixels; a fraction while it moves
let playing = false;
let speed = matchMedia("(prefers-reduced-motion: reduce)").matches ? "fast" : "normal";
let last = 0, frame = 0; // time of the last animation frame, and the next one's handle

const shown = () => Math.min(Math.floor(at), run.ready);
const ended = () => (run.done || run.stopped) && at >= run.end;

// --- what comes from the server

// The same picture once more: what is known of it need not be forgotten.
const again = (id) => {
  run.id = id;
  run.over = false;
  if (speed !== "fast") at = 0;
  play();
};

const begin = (message) => {
  const { height, width, levels, label, seed, temperature } = message;
  const size = height * width;
  const noise = run && !run.stopped && run.size === size && run.label === label && run.seed === seed;
  if (noise && run.done && run.temperature === temperature) return again(message.run);
  // The same noise at another temperature: stay at this place, so that the picture changes under the hand.
  const stay = noise && run.temperature !== temperature;
  if (!stay) {
    at = 0;
    pointed = picked = null;
    clearPixel();
  }
  run = {
    id: message.run, height, width, size, levels, label, seed, temperature, ready: 0, end: size, done: null, stopped: false,
    over: false, slow: false, values: new Uint8Array(size), logProb: new Float64Array(size), entropy: new Float64Array(size),
    known: new Uint8Array(size), sums: new Float64Array(size + 1),
  };
  canvas.width = width * CELL;
  canvas.height = height * CELL;
  canvas.style.aspectRatio = width + " / " + height;
  find(".address").hidden = true;
  for (const option of find("select").options) option.disabled = option.value === label;
  if (find("select").value === label) find("select").value = "";
  play();
  say("Drawing");
};

const receive = () => {
  const message = props.value;
  if (!message || (run && message.run < run.id)) return;
  if (!run || message.run > run.id) begin(message);
  if (run.stopped) return;
  message.values.forEach((value, i) => {
    const index = message.index + i;
    run.values[index] = value;
    run.logProb[index] = message.log_prob[i];
    run.entropy[index] = message.entropy[i];
    run.known[index] = 1;
  });
  while (run.ready < run.size && run.known[run.ready]) run.ready++;
  for (let i = 0; i < run.ready; i++) run.sums[i + 1] = run.sums[i] + run.logProb[i];
  if (message.done) run.done = message.done;
  trace();
  show();
};

// --- what is said

const trace = () => {
  const lowest = Math.min(-1, run.sums[run.ready]);
  const points = [];
  for (let i = 0; i <= run.ready; i++) points.push(i + "," + (100 * run.sums[i]) / lowest);
  for (const svg of element.querySelectorAll(".plot svg")) {
    svg.setAttribute("viewBox", "0 0 " + run.size + " 100");
    svg.firstElementChild.setAttribute("points", points.join(" "));
  }
  find(".bottom").textContent = number(lowest, 0);
};

const share = ({ share, of }) => {
  const among = number(of, 0) + " real digits";
  if (share <= 0) return "Less likely than every one of " + among;
  if (share >= 1) return "More likely than every one of " + among;
  const percent = 100 * share;
  return "More likely than " + number(percent, percent > 10 && percent < 99 ? 0 : 1) + " % of " + among;
};

const state = () => {
  if (ended()) return run.stopped ? "stopped" : "complete";
  if (!playing) return "paused";
  if (run.over) return "replaying";
  return at >= run.ready ? "waiting for the model" : "drawing";
};

const tell = (count) => {
  const whole = count === run.size && run.done;
  const density = run.label === "any" ? "log p(x)" : "log p(x | " + run.label + ")";
  const sum = run.sums[count], progress = count + " of " + run.size + " pixels";
  find(".status").textContent = state() + ": " + progress + " · " + called(run.label) + ", seed " + run.seed + ", temperature " + run.temperature;
  find(".what").textContent = density + (whole ? "" : " so far");
  find(".number").textContent = number(sum, 1) + " nats";
  find(".bits").textContent = whole ? number(-sum / (run.size * Math.LN2), 2) + " bits per pixel" : "";
  const untold = run.label === "any" ? "" : "Without being told the class: log p(x) = " + number(run.done?.log_prob ?? 0, 1) + " nats. ";
  find(".meaning").textContent = whole ? untold + share(run.done) + "." : "";
  find(".time").textContent = run.done && !run.stopped ? "Drawn in " + number(run.done.seconds, 2) + " s, " + (run.slow ? "shown slowly." : "shown as it came.") : "";
  canvas.setAttribute("aria-label", SEEN[view] + props.subject + ", " + progress + " drawn");
  find(".seen").style.clipPath = "inset(-4px " + (100 - (100 * count) / run.size) + "% -4px 0)";
  const head = find(".head"), plot = find(".plot");
  head.style.left = (100 * count) / run.size + "%";
  head.style.top = (100 * sum) / Math.min(-1, run.sums[run.ready]) + "%";
  plot.setAttribute("aria-valuemax", String(run.size));
  plot.setAttribute("aria-valuenow", String(count));
  plot.setAttribute("aria-valuetext", progress + ", log p so far " + number(sum, 1) + " nats");
};

const SEEN = { picture: "", surprise: "surprise map of a ", entropy: "entropy map of a ", depends: "what one pixel depends on in a " };

const say = (text) => { find(".live").textContent = text; };

const buttons = () => {
  const name = run && ended() ? "Replay" : playing || !run ? "Pause" : "Resume";
  find(".play span").textContent = name;
  find(".play path").setAttribute("d", ICONS[name]);
  find(".play").disabled = !run || !run.ready;
  find(".stop").disabled = !run || run.over;
  find(".save").disabled = !run || !shown();
  find(".film").disabled = find(".link").disabled = !run?.done || run.stopped;
  for (const kind of ["speed", "view"]) {
    for (const button of element.querySelectorAll("[data-" + kind + "]")) {
      button.setAttribute("aria-pressed", String(button.dataset[kind] === (kind === "speed" ? speed : view)));
    }
  }
};

const show = () => {
  if (run) {
    const context = canvas.getContext("2d"), index = focus();
    paint(context, CELL);
    if (index !== null) frameOf(context, index, CELL);
    tell(shown());
    look();
    if (ended() && !run.over) {
      run.over = true;
      say("Complete: " + find(".number").textContent);
    }
    if (ended()) playing = false;
  }
  legend();
  buttons();
  if (playing && !frame) frame = requestAnimationFrame(step);
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
  const before = shown();
  at = Math.max(at, Math.min(target, run.ready)); // never ahead of the model
  if (shown() !== before || ended()) show();
  else frame = requestAnimationFrame(step);
};

const play = () => {
  playing = true;
  last = performance.now();
};

const toggle = () => {
  if (!run) return;
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
  if (!run) return;
  playing = false;
  picked = pointed = null;
  at = Math.min(Math.max(place, 0), run.ready);
  show();
};

const PLACES = { start: () => 0, back: () => shown() - 1, on: () => shown() + 1, end: () => run.ready, up: () => shown() - run.width, down: () => shown() + run.width };
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
  else if (event.key in KEYS) goTo(PLACES[KEYS[event.key]]());
  else return;
  event.preventDefault();
});

watch("value", receive);
receive();
show();
