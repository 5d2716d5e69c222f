// Buffers the pixels of a run as they come from the model, and plays them back at a pace that a person can see.
const find = (selector) => element.querySelector(selector);
const CELL = 20, ZOOM = 10; // screen pixels a pixel: on the canvas, in the download
const SECONDS = { slow: 12, normal: 4, fast: 0 }; // that a whole picture takes
const ICONS = { Pause: "M6 5h4v14H6zM14 5h4v14h-4z", Resume: "M7 4l13 8-13 8z", Replay: "M12 5V1L6 6l6 5V7a5 5 0 1 1-5 5H5a7 7 0 1 0 7-7z" };
const MARK = "#22d3ee";

const canvas = find("canvas");
let run = null; // what is drawn: pixels by raster index, and how many are there without a gap
let at = 0; // place of the playback, in pixels; a fraction while it moves
let playing = false;
let speed = matchMedia("(prefers-reduced-motion: reduce)").matches ? "fast" : "normal";
let view = "picture";
let last = 0, frame = 0; // time of the last animation frame, and the next one's handle

const anchors = props.colors.map((hex) => [1, 3, 5].map((i) => parseInt(hex.slice(i, i + 2), 16)));
find(".ramp").style.background = "linear-gradient(to right," + props.colors.join(",") + ")";
const magma = (share) => {
  const place = Math.min(Math.max(share, 0), 1) * (anchors.length - 1);
  const low = Math.min(Math.floor(place), anchors.length - 2);
  return anchors[low].map((c, i) => Math.round(c + (place - low) * (anchors[low + 1][i] - c)));
};
const number = (value, digits) =>
  value.toLocaleString("en-US", { minimumFractionDigits: digits, maximumFractionDigits: digits }).replace("-", "−");

const shown = () => Math.min(Math.floor(at), run.ready);
const ended = () => (run.done || run.stopped) && at >= run.end;
const blind = () => Math.log(run.levels); // nats of surprise when guessing blindly

// --- what comes from the server

const begin = (message) => {
  const { height, width, levels, label, seed, temperature } = message;
  const size = height * width;
  // The same noise at another temperature: stay at this place, so that the picture changes under the hand.
  const stay = run && !run.stopped && run.size === size && run.label === label && run.seed === seed && run.temperature !== temperature;
  if (!stay) at = 0;
  run = {
    id: message.run, height, width, size, levels, label, seed, temperature, ready: 0, end: size, done: null, stopped: false,
    over: false, slow: false, values: new Uint8Array(size), logProb: new Float64Array(size), known: new Uint8Array(size),
    sums: new Float64Array(size + 1),
  };
  canvas.width = width * CELL;
  canvas.height = height * CELL;
  canvas.style.aspectRatio = width + " / " + height;
  for (const most of element.querySelectorAll(".most")) most.textContent = number(blind(), 1);
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
    run.known[index] = 1;
  });
  for (; run.ready < run.size && run.known[run.ready]; run.ready++) {
    run.sums[run.ready + 1] = run.sums[run.ready] + run.logProb[run.ready];
  }
  if (message.done) run.done = message.done;
  trace();
  show();
};

// --- what is seen

const paint = (context, cell) => {
  context.clearRect(0, 0, run.width * cell, run.height * cell);
  for (let i = 0; i < shown(); i++) {
    const grey = run.values[i];
    const color = view === "picture" ? [grey, grey, grey] : magma(-run.logProb[i] / blind());
    context.fillStyle = "rgb(" + color.join(" ") + ")";
    context.fillRect((i % run.width) * cell, Math.floor(i / run.width) * cell, cell, cell);
  }
};

const trace = () => {
  const lowest = Math.min(-1, run.sums[run.ready]);
  const points = [];
  for (let i = 0; i <= run.ready; i++) points.push(i + "," + (100 * run.sums[i]) / lowest);
  find(".curve svg").setAttribute("viewBox", "0 0 " + run.size + " 100");
  find("polyline").setAttribute("points", points.join(" "));
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
  const sum = run.sums[count];
  const label = run.label === "any" ? "any class" : "class " + run.label;
  find(".status").textContent = state() + ": " + count + " of " + run.size + " pixels · " + label + ", seed " + run.seed + ", temperature " + run.temperature;
  find(".what").textContent = density + (whole ? "" : " so far");
  find(".number").textContent = number(sum, 1) + " nats";
  find(".bits").textContent = whole ? number(-sum / (run.size * Math.LN2), 2) + " bits per pixel" : "";
  const untold = run.label === "any" ? "" : "Without being told the class: log p(x) = " + number(run.done?.log_prob ?? 0, 1) + " nats. ";
  find(".meaning").textContent = whole ? untold + share(run.done) + "." : "";
  find(".time").textContent = run.done && !run.stopped ? "Drawn in " + number(run.done.seconds, 2) + " s, " + (run.slow ? "shown slowly." : "shown as it came.") : "";
  canvas.setAttribute("aria-label", (view === "surprise" ? "surprise map of a " : "") + props.subject + ", " + count + " of " + run.size + " pixels drawn");
  find(".plot svg").style.clipPath = "inset(-4px " + (100 - (100 * count) / run.size) + "% -4px 0)";
  const head = find(".head");
  head.style.left = (100 * count) / run.size + "%";
  head.style.top = (100 * sum) / Math.min(-1, run.sums[run.ready]) + "%";
};

const say = (text) => { find(".live").textContent = text; };

const buttons = () => {
  const name = run && ended() ? "Replay" : playing || !run ? "Pause" : "Resume";
  find(".play span").textContent = name;
  find(".play path").setAttribute("d", ICONS[name]);
  find(".play").disabled = !run || !run.ready;
  find(".stop").disabled = !run || run.over;
  find(".save").disabled = !run || !shown();
  find(".legend").hidden = view !== "surprise";
  for (const kind of ["speed", "view"]) {
    for (const button of element.querySelectorAll("[data-" + kind + "]")) {
      button.setAttribute("aria-pressed", String(button.dataset[kind] === (kind === "speed" ? speed : view)));
    }
  }
};

const show = () => {
  if (run) {
    const context = canvas.getContext("2d");
    const count = shown();
    paint(context, CELL);
    if (!ended() && count < run.size) {
      context.strokeStyle = MARK;
      context.lineWidth = 4;
      context.strokeRect((count % run.width) * CELL, Math.floor(count / run.width) * CELL, CELL, CELL);
    }
    tell(count);
    if (playing && ended()) {
      playing = false;
      run.over = true;
      say("Complete: " + find(".number").textContent);
    }
  }
  buttons();
  if (playing && !frame) frame = requestAnimationFrame(step);
};

// --- playback

const step = (now) => {
  frame = 0;
  if (!playing) return;
  const seconds = Math.min(Math.max(now - last, 0), 100) / 1000; // a hidden tab does not jump when it is back
  last = now;
  const target = speed === "fast" ? run.size : at + (seconds * run.size) / SECONDS[speed];
  if (speed !== "fast" && at < run.end) run.slow = true;
  at = Math.max(at, Math.min(target, run.ready)); // never ahead of the model
  show();
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
    play();
  }
  say(playing ? "Playing" : "Paused");
  show();
};

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

const save = () => {
  const copy = document.createElement("canvas");
  copy.width = run.width * ZOOM;
  copy.height = run.height * ZOOM;
  paint(copy.getContext("2d"), ZOOM);
  const parts = ["pixelcnn", run.label, "seed" + run.seed, "t" + run.temperature, ...(view === "surprise" ? [view] : [])];
  copy.toBlob((blob) => {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(blob);
    link.download = parts.join("-").replace(/[^\w.-]/g, "_") + ".png";
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 1000);
  });
};

find(".play").addEventListener("click", toggle);
find(".stop").addEventListener("click", stop);
find(".save").addEventListener("click", save);
for (const button of element.querySelectorAll("[data-speed]")) {
  button.addEventListener("click", () => { speed = button.dataset.speed; show(); });
}
for (const button of element.querySelectorAll("[data-view]")) {
  button.addEventListener("click", () => { view = button.dataset.view; show(); });
}
canvas.addEventListener("keydown", (event) => {
  if (event.key !== " ") return;
  event.preventDefault();
  toggle();
});

watch("value", receive);
receive();
show();
