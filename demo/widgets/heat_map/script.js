// Draws surprise in magma, the outline of the picture over it, and a frame around the pixel that is pointed at.
const canvas = element.querySelector("canvas");
const reading = element.querySelector(".reading");
const context = canvas.getContext("2d");
const CELL = 16; // canvas pixels a picture's pixel
const INK = 128; // greys from here on are inside the outline

const anchors = props.colors.map((color) => [1, 3, 5].map((i) => parseInt(color.slice(i, i + 2), 16)));
element.querySelector(".bar").style.background = `linear-gradient(to right, ${props.colors.join(", ")})`;

let chosen = null; // index of the pixel that is pointed at

function magma(share) {
  const at = Math.min(Math.max(share, 0), 1) * (anchors.length - 1);
  const low = Math.min(Math.floor(at), anchors.length - 2);
  const mixed = anchors[low].map((value, i) => Math.round(value + (at - low) * (anchors[low + 1][i] - value)));
  return `rgb(${mixed.join(" ")})`;
}

function number(value, digits = 2) {
  return value.toLocaleString("en-US", { minimumFractionDigits: digits, maximumFractionDigits: digits });
}

function outline({ height, width, pixels }) {
  const inside = (row, column) => row >= 0 && column >= 0 && row < height && column < width && pixels[row * width + column] >= INK;
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
  context.strokeStyle = "rgb(255 255 255 / 65%)";
  context.lineWidth = 1.5;
  context.stroke();
}

function draw() {
  const value = props.value;
  if (!value) return;
  const { height, width, surprise } = value;
  if (canvas.width !== width * CELL || canvas.height !== height * CELL) {
    canvas.width = width * CELL;
    canvas.height = height * CELL;
  }
  const most = Math.max(...surprise, 1e-6);
  surprise.forEach((nats, i) => {
    context.fillStyle = magma(nats / most);
    context.fillRect((i % width) * CELL, Math.floor(i / width) * CELL, CELL, CELL);
  });
  outline(value);
  if (chosen !== null) {
    context.strokeStyle = "#22d3ee";
    context.lineWidth = 3;
    context.strokeRect((chosen % width) * CELL, Math.floor(chosen / width) * CELL, CELL, CELL);
  }
}

function tell() {
  const value = props.value;
  if (!value) return;
  const { width, pixels, surprise } = value;
  if (chosen === null) {
    reading.textContent = "Point at a pixel, or walk with the arrow keys.";
    return;
  }
  const [row, column] = [Math.floor(chosen / width) + 1, (chosen % width) + 1];
  const nats = surprise[chosen];
  const p = Math.exp(-nats);
  const chance = p >= 0.001 ? number(p, 3) : p.toExponential(1);
  reading.textContent = `Row ${row}, column ${column}: grey ${pixels[chosen]}, surprise ${number(nats)} nats (the model gave this grey p = ${chance}).`;
}

function choose(index) {
  if (index === chosen) return;
  chosen = index;
  draw();
  tell();
}

function show() {
  const value = props.value;
  if (!value) return;
  chosen = null;
  draw();
  tell();
  const most = Math.max(...value.surprise);
  element.querySelector(".high").textContent = `${number(most)} nats`;
  element.querySelector(".total").textContent = value.total;
  canvas.setAttribute("aria-label", value.alt);
}

function under(event) {
  const { height, width } = props.value;
  const box = canvas.getBoundingClientRect();
  const row = Math.floor(((event.clientY - box.top) / box.height) * height);
  const column = Math.floor(((event.clientX - box.left) / box.width) * width);
  return Math.min(Math.max(row, 0), height - 1) * width + Math.min(Math.max(column, 0), width - 1);
}

for (const kind of ["pointermove", "pointerdown"]) {
  canvas.addEventListener(kind, (event) => props.value && choose(under(event)));
}
canvas.addEventListener("pointerleave", (event) => event.pointerType === "mouse" && choose(null));

const STEPS = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] };
canvas.addEventListener("keydown", (event) => {
  const step = STEPS[event.key];
  if (!step || !props.value) return;
  event.preventDefault();
  const { height, width } = props.value;
  const from = chosen ?? Math.floor(height / 2) * width + Math.floor(width / 2);
  const row = Math.min(Math.max(Math.floor(from / width) + step[0], 0), height - 1);
  const column = Math.min(Math.max((from % width) + step[1], 0), width - 1);
  choose(row * width + column);
});

watch("value", show);
show();
