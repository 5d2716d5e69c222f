// Draws a map of surprise in magma, or of a comparison in blue, white and orange, the outline of the picture over it, and
// a frame around the pixel that is pointed at, whose predicted distribution is fetched.
const canvas = element.querySelector(".field");
const chart = element.querySelector(".predicted");
const reading = element.querySelector(".reading");
const bar = element.querySelector(".bar");
const modes = [...element.querySelectorAll(".modes button")];
const context = canvas.getContext("2d");
const CELL = 16; // canvas pixels a picture's pixel
const INK = 128; // greys from here on are inside the outline
const TINTS = ["#d64545", "#2f9e62", "#3a74d8"]; // red, green and blue of a photograph

const ramp = (colors) => colors.split(",").map((color) => [1, 3, 5].map((i) => parseInt(color.slice(i, i + 2), 16)));
const MAGMA = ramp(props.colors);
const DIVERGING = ramp(props.diverging);

let maps = null; // the value, read
let mode = "surprise";
let chosen = null; // index of the pixel that is pointed at
let asking = false; // one question at a time; the last pixel pointed at is asked for next
const known = new Map(); // answers, by pixel

function mixed(anchors, share) {
  const at = Math.min(Math.max(share, 0), 1) * (anchors.length - 1);
  const low = Math.min(Math.floor(at), anchors.length - 2);
  return `rgb(${anchors[low].map((value, i) => Math.round(value + (at - low) * (anchors[low + 1][i] - value))).join(" ")})`;
}

function number(value, digits = 2) {
  const text = Math.abs(value).toLocaleString("en-US", { minimumFractionDigits: digits, maximumFractionDigits: digits });
  return value < 0 ? `−${text}` : text;
}

// The grey of a pixel; of a photograph's, its mean.
function grey(index) {
  const { channels, pixels } = maps;
  let sum = 0;
  for (let c = 0; c < channels; c++) sum += pixels[c * (pixels.length / channels) + index];
  return sum / channels;
}

function outline() {
  const { height, width } = maps;
  const inside = (row, column) => row >= 0 && column >= 0 && row < height && column < width && grey(row * width + column) >= INK;
  context.beginPath();
  for (let row = 0; row <= height; row++) {
    for (let column = 0; column <= width; column++) {
      if (inside(row, column) !== inside(row, column - 1)) {
        context.moveTo(column * CELL, row * CELL);
        context.lineTo(column * CELL, (row + 1) * CELL);
      }
      if (inside(row, column) !== inside(row - 1, column)) {
        context.moveTo(column * CELL, row * CELL);
        context.lineTo((column + 1) * CELL, row * CELL);
      }
    }
  }
  context.strokeStyle = mode === "surprise" ? "rgb(255 255 255 / 65%)" : "rgb(30 30 40 / 60%)";
  context.lineWidth = 1.5;
  context.stroke();
}

function draw() {
  if (!maps) return;
  const { height, width } = maps;
  if (canvas.width !== width * CELL || canvas.height !== height * CELL) {
    canvas.width = width * CELL;
    canvas.height = height * CELL;
  }
  const values = maps[mode];
  const most = Math.max(...values.map(Math.abs), 1e-6);
  values.forEach((nats, i) => {
    // Orange is what the background model finds likelier: unusual for the model's own kind.
    context.fillStyle = mode === "surprise" ? mixed(MAGMA, nats / most) : mixed(DIVERGING, 0.5 - nats / most / 2);
    context.fillRect((i % width) * CELL, Math.floor(i / width) * CELL, CELL, CELL);
  });
  outline();
  if (chosen !== null) {
    context.strokeStyle = mode === "surprise" ? "#22d3ee" : "#0f766e";
    context.lineWidth = 3;
    context.strokeRect((chosen % width) * CELL, Math.floor(chosen / width) * CELL, CELL, CELL);
  }
}

function tell() {
  if (!maps) return;
  if (chosen === null) {
    reading.textContent = "Point at a pixel, or walk with the arrow keys: what did the model expect there?";
    return;
  }
  const { width, channels, pixels, surprise, expected, ratio } = maps;
  const [row, column] = [Math.floor(chosen / width) + 1, (chosen % width) + 1];
  const p = Math.exp(-surprise[chosen]);
  const chance = p >= 0.001 ? number(p, 3) : p.toExponential(1);
  const size = pixels.length / channels;
  const value = channels === 1 ? `grey ${pixels[chosen]}` : `red ${pixels[chosen]}, green ${pixels[size + chosen]}, blue ${pixels[2 * size + chosen]}`;
  const against =
    ratio[chosen] >= 0
      ? `${number(Math.exp(Math.min(ratio[chosen], 20)), 1)} times likelier than to the background model`
      : `${number(Math.exp(Math.min(-ratio[chosen], 20)), 1)} times less likely than to the background model`;
  reading.textContent =
    `Row ${row}, column ${column}: ${value}, surprise ${number(surprise[chosen])} nats (p = ${chance}), ` +
    `expected ${number(expected[chosen])}; ${against}.`;
}

// The distribution that was predicted for the pixel, and what was there.
function chartOf(p) {
  const pen = chart.getContext("2d");
  const { width, height } = chart;
  const { channels, pixels } = maps;
  const size = pixels.length / channels;
  const style = getComputedStyle(element);
  const [ink, faint] = ["--body-text-color", "--body-text-color-subdued"].map((name) => style.getPropertyValue(name));
  const floor = height - 20;
  const most = Math.max(...p);
  pen.clearRect(0, 0, width, height);
  for (let c = 0; c < channels; c++) {
    pen.fillStyle = channels === 1 ? faint : TINTS[c];
    pen.globalAlpha = channels === 1 ? 1 : 0.6;
    for (let level = 0; level < 256; level++) {
      const tall = (p[c * 256 + level] / most) * (floor - 18);
      if (tall > 0) pen.fillRect(level * 2, floor - Math.max(tall, 0.6), 2, Math.max(tall, 0.6));
    }
    pen.globalAlpha = 1;
    const at = pixels[c * size + chosen] * 2 + 1;
    pen.strokeStyle = pen.fillStyle = channels === 1 ? "#e07b1a" : TINTS[c];
    pen.beginPath();
    pen.moveTo(at, floor);
    pen.lineTo(at, 14);
    pen.lineWidth = 2;
    pen.stroke();
    pen.beginPath();
    pen.moveTo(at - 6, 4);
    pen.lineTo(at + 6, 4);
    pen.lineTo(at, 14);
    pen.fill();
  }
  pen.fillStyle = ink;
  pen.font = "15px system-ui, sans-serif";
  pen.textAlign = "left";
  pen.fillText("0", 0, height - 4);
  pen.textAlign = "center";
  pen.fillText("what the model expected here · ▼ what was there", width / 2, height - 4);
  pen.textAlign = "right";
  pen.fillText("255", width, height - 4);
  chart.hidden = false;
  const best = p.indexOf(most) % 256;
  chart.setAttribute("aria-label", `Predicted distribution: level ${best} was likeliest, with p = ${number(most, 3)}.`);
}

async function ask() {
  if (asking || chosen === null || !maps) return;
  const [about, index] = [maps, chosen];
  if (known.has(index)) return chartOf(known.get(index));
  asking = true;
  let answer = null;
  try {
    answer = await server.predicted({ domain: about.domain, pixels: about.pixels, index });
  } catch (error) {
    answer = null; // the numbers of the pixel are there all the same
  }
  asking = false;
  if (about === maps && answer?.p) known.set(index, answer.p);
  if (about === maps && index === chosen && answer?.p) chartOf(answer.p);
  else if (about !== maps || index !== chosen) ask();
}

function choose(index) {
  if (index === chosen) return;
  chosen = index;
  draw();
  tell();
  if (chosen === null) chart.hidden = true;
  ask();
}

function scale() {
  if (!maps) return;
  const most = Math.max(...maps[mode].map(Math.abs));
  const [low, high] = element.querySelectorAll(".low, .high");
  const colors = mode === "surprise" ? props.colors : props.diverging.split(",").reverse().join(",");
  bar.style.background = `linear-gradient(to right, ${colors})`;
  low.textContent = mode === "surprise" ? "0" : `background likelier, ${number(-most, 1)}`;
  high.textContent = mode === "surprise" ? `${number(most)} nats` : `+${number(most, 1)} nats`;
  element.querySelector(".total").textContent = mode === "surprise" ? maps.total : maps.against;
  canvas.setAttribute("aria-label", maps.alt);
}

function show() {
  if (!props.value) return;
  maps = JSON.parse(props.value);
  known.clear();
  chosen = null;
  chart.hidden = true;
  draw();
  tell();
  scale();
}

modes.forEach((button) =>
  button.addEventListener("click", () => {
    mode = button.dataset.mode;
    modes.forEach((other) => other.setAttribute("aria-pressed", String(other === button)));
    draw();
    scale();
  }),
);

function under(event) {
  const { height, width } = maps;
  const box = canvas.getBoundingClientRect();
  const row = Math.floor(((event.clientY - box.top) / box.height) * height);
  const column = Math.floor(((event.clientX - box.left) / box.width) * width);
  return Math.min(Math.max(row, 0), height - 1) * width + Math.min(Math.max(column, 0), width - 1);
}

for (const kind of ["pointermove", "pointerdown"]) {
  canvas.addEventListener(kind, (event) => maps && choose(under(event)));
}

const STEPS = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] };
canvas.addEventListener("keydown", (event) => {
  const step = STEPS[event.key];
  if (!step || !maps) return;
  event.preventDefault();
  const { height, width } = maps;
  const from = chosen ?? Math.floor(height / 2) * width + Math.floor(width / 2);
  const row = Math.min(Math.max(Math.floor(from / width) + step[0], 0), height - 1);
  const column = Math.min(Math.max((from % width) + step[1], 0), width - 1);
  choose(row * width + column);
});

watch("value", show);
show();
