// Draws a map of surprise in magma, or of a comparison in blue, white and orange, the outline of the picture over it, and
// a frame around the pixel that is pointed at, whose predicted distribution is fetched.
import { ask, clamp, colorScale, find, findAll, formatNumber, gradient, press, resize } from "../common.js";
import { carry, tr } from "../shell.js";

const canvas = find(".field");
const chart = find(".predicted");
const modes = findAll(".modes button");
const context = canvas.getContext("2d");
const CELL = 16; // canvas pixels per pixel of the picture
const INK = 128; // greys from here on are inside the outline
const TINTS = ["#d64545", "#2f9e62", "#3a74d8"]; // red, green and blue of a photograph

const MAGMA = colorScale(props.magma);
const DIVERGING = colorScale(props.diverging);

let maps = null; // the value, see HeatMapValue in __init__.py
let mode = "surprise";
let chosen = null; // index of the pixel that is pointed at
let asking = false; // one question at a time; the last pixel pointed at is asked for next
const known = new Map(); // answers, by pixel

// The grey of a pixel; of a photograph's, its mean.
function grey(index) {
  const { channels, pixels } = maps;
  let sum = 0;
  for (let c = 0; c < channels; c++) sum += pixels[c * (pixels.length / channels) + index];
  return sum / channels;
}

function drawOutline() {
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
  resize(canvas, width * CELL, height * CELL);
  const values = maps[mode];
  const most = Math.max(...values.map(Math.abs), 1e-6);
  values.forEach((nats, i) => {
    // Orange is what the background model finds likelier: unusual for the model's own kind.
    const color = mode === "surprise" ? MAGMA(nats / most) : DIVERGING(0.5 - nats / most / 2);
    context.fillStyle = `rgb(${color.join(" ")})`;
    context.fillRect((i % width) * CELL, Math.floor(i / width) * CELL, CELL, CELL);
  });
  drawOutline();
  if (chosen !== null) {
    context.strokeStyle = mode === "surprise" ? "#22d3ee" : "#0f766e";
    context.lineWidth = 3;
    context.strokeRect((chosen % width) * CELL, Math.floor(chosen / width) * CELL, CELL, CELL);
  }
}

function describe() {
  if (!maps) return;
  const reading = find(".reading");
  reading.hidden = chosen === null;
  find(".total").hidden = chosen !== null;
  if (chosen === null) return;
  const { width, channels, pixels, surprise, expected, ratio } = maps;
  const [row, column] = [Math.floor(chosen / width) + 1, (chosen % width) + 1];
  const p = Math.exp(-surprise[chosen]);
  const chance = p >= 0.001 ? formatNumber(p, 3) : p.toExponential(1);
  const size = pixels.length / channels;
  const value = channels === 1 ? `grey ${pixels[chosen]}` : `red ${pixels[chosen]}, green ${pixels[size + chosen]}, blue ${pixels[2 * size + chosen]}`;
  const against =
    ratio[chosen] >= 0
      ? `${formatNumber(Math.exp(Math.min(ratio[chosen], 20)), 1)} times likelier than to the background model`
      : `${formatNumber(Math.exp(Math.min(-ratio[chosen], 20)), 1)} times less likely than to the background model`;
  reading.textContent =
    `Row ${row}, column ${column}: ${value}, surprise ${formatNumber(surprise[chosen], 2)} nats (p = ${chance}), ` +
    `expected ${formatNumber(expected[chosen], 2)}; ${against}.`;
}

// The distribution that was predicted for the pixel, and what was there.
function drawChart(p) {
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
  pen.font = "16px system-ui, sans-serif";
  pen.textAlign = "left";
  pen.fillText("0", 0, height - 4);
  pen.textAlign = "center";
  pen.fillText(tr("what the model expected here · ▼ what was there"), width / 2, height - 4);
  pen.textAlign = "right";
  pen.fillText("255", width, height - 4);
  chart.hidden = false;
  chart.classList.toggle("high", chosen >= maps.pixels.length / channels / 2); // away from the pixel that it is about
  const best = p.indexOf(most) % 256;
  chart.setAttribute("aria-label", `Predicted distribution: level ${best} was likeliest, with p = ${formatNumber(most, 3)}.`);
}

async function predict() {
  if (asking || chosen === null || !maps) return;
  const [about, index] = [maps, chosen];
  if (known.has(index)) {
    drawChart(known.get(index));
    return;
  }
  asking = true;
  const { p } = await ask("predict", { dataset: about.dataset, pixels: about.pixels, index });
  asking = false; // without an answer the numbers of the pixel are there all the same
  if (about === maps && p) known.set(index, p);
  if (about === maps && index === chosen && p) drawChart(p);
  else if (about !== maps || index !== chosen) predict();
}

function choose(index) {
  if (index === chosen) return;
  chosen = index;
  draw();
  describe();
  if (chosen === null) chart.hidden = true;
  predict();
}

function drawScale() {
  if (!maps) return;
  const most = Math.max(...maps[mode].map(Math.abs));
  const [low, high] = findAll(".low, .high");
  find(".ramp").style.background = gradient(mode === "surprise" ? props.magma : [...props.diverging].reverse());
  low.textContent = mode === "surprise" ? "0" : formatNumber(-most, 1);
  high.textContent = mode === "surprise" ? `${formatNumber(most, 2)} nats` : `+${formatNumber(most, 1)} nats`;
  find(".total").textContent = mode === "surprise" ? maps.total : maps.against;
  canvas.setAttribute("aria-label", maps.alt);
}

function show() {
  element.classList.toggle("nothing", !props.value);
  if (!props.value) {
    maps = chosen = null;
    chart.hidden = true;
    context.clearRect(0, 0, canvas.width, canvas.height);
    for (const node of findAll(".low, .high, .total, .reading")) node.textContent = "";
    canvas.setAttribute("aria-label", "Surprise map, empty");
    return;
  }
  maps = JSON.parse(props.value);
  known.clear();
  chosen = null;
  chart.hidden = true;
  draw();
  describe();
  drawScale();
}

for (const button of modes) {
  button.addEventListener("click", () => {
    mode = button.dataset.mode;
    press(modes, (other) => other === button);
    draw();
    drawScale();
  });
}

function pixelAt(event) {
  const { height, width } = maps;
  const box = canvas.getBoundingClientRect();
  const row = Math.floor(((event.clientY - box.top) / box.height) * height);
  const column = Math.floor(((event.clientX - box.left) / box.width) * width);
  return clamp(row, 0, height - 1) * width + clamp(column, 0, width - 1);
}

for (const kind of ["pointermove", "pointerdown"]) {
  canvas.addEventListener(kind, (event) => maps && choose(pixelAt(event)));
}

const STEPS = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] };
canvas.addEventListener("keydown", (event) => {
  const step = STEPS[event.key];
  if (!step || !maps) return;
  event.preventDefault();
  const { height, width } = maps;
  const from = chosen ?? Math.floor(height / 2) * width + Math.floor(width / 2);
  const row = clamp(Math.floor(from / width) + step[0], 0, height - 1);
  const column = clamp((from % width) + step[1], 0, width - 1);
  choose(row * width + column);
});

for (const button of findAll(".carry button")) {
  button.addEventListener("click", () => {
    if (!maps) return;
    const { height, width, channels, dataset } = maps, size = height * width;
    const pixels = Array.from({ length: maps.pixels.length }, (_, i) => maps.pixels[(i % channels) * size + Math.floor(i / channels)]);
    carry(button.dataset.tab, { pixels, height, width, channels, dataset });
  });
}
window.addEventListener("shell:language", () => { if (chosen !== null && known.has(chosen)) drawChart(known.get(chosen)); });

watch("value", show);
show();
