const RINGS = [1, 2, 3]; // standard deviations of the prior
const REST = 120; // milliseconds without a movement after which the server is asked for the exact picture
const SIDE = 17; // pictures along an edge of the backdrop
const DIM = 0.42; // of the backdrop, so that the dots stay readable
const LONGEST = 64; // pictures of a path
const DENSE = 0.012; // of the map's edge, between pictures of a path
const MINE = "#22d3ee";
const find = (selector) => element.querySelector(selector);
const picture = find(".picture"), context = picture.getContext("2d");
const land = find(".land"), marks = find(".marks"), size = picture.width;
const colors = props.colors.split(","), names = props.classes.split(",");

let ground = null; // where the map lies, and the dots on it
let sprite = null, count = 0; // decoded pictures of count x count points
let here = null; // the point that is shown
let moves = 0;
let tool = "look", faded = new Set(), edge = 0, ratio = 1;
let value = {};

const bytes = (text) => Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
const ask = async (name, sent) => {
  try {
    const answer = await server[name]({ model: props.model, ...sent });
    problem(answer.error);
    return answer.error ? null : answer;
  } catch {
    problem("The server did not answer; try again.");
    return null;
  }
};
const problem = (words) => {
  find(".problem").hidden = !words;
  find(".problem").textContent = words || "";
};
const paint = (canvas, levels, nth = 0) => {
  const target = canvas.getContext("2d"), image = target.createImageData(size, size);
  for (let i = 0; i < size * size; i++) {
    image.data.fill(levels[nth * size * size + i], 4 * i, 4 * i + 3);
    image.data[4 * i + 3] = 255;
  }
  target.putImageData(image, 0, 0);
};
const signed = (number) => number.toFixed(2).replace("-", "−");
const tell = (z) => {
  find(".place").textContent = "z = (" + signed(z[0]) + ", " + signed(z[1]) + ")";
};

// --- from the latent space to the map and back

const across = (z1) => ((z1 - ground.low[0]) / ground.span) * edge;
const down = (z2) => edge - ((z2 - ground.low[1]) / ground.span) * edge;
const within = (z) => z.map((x, i) => Math.min(ground.low[i] + ground.span, Math.max(ground.low[i], x)));
const pointAt = (event) => {
  const box = marks.getBoundingClientRect();
  const x = (event.clientX - box.left) / box.width, y = (event.clientY - box.top) / box.height;
  return within([ground.low[0] + x * ground.span, ground.low[1] + (1 - y) * ground.span]);
};

// --- what stays while the pointer moves: backdrop, rings, scale, dots, marks

const written = (brush, words, x, y) => {
  brush.strokeStyle = "#05070c";
  brush.lineWidth = 3;
  brush.strokeText(words, x, y);
  brush.fillStyle = "#e8edf4";
  brush.fillText(words, x, y);
};
const drawBackdrop = (brush) => {
  if (!sprite || find(".backdrop").getAttribute("aria-pressed") !== "true") return;
  const every = count / SIDE, cell = edge / SIDE, first = Math.floor(every / 2);
  brush.globalAlpha = DIM;
  for (let row = 0; row < SIDE; row++) {
    for (let column = 0; column < SIDE; column++) {
      const [x, y] = [column, row].map((place) => (first + place * every) * size);
      brush.drawImage(sprite, x, y, size, size, column * cell, row * cell, cell, cell);
    }
  }
  brush.globalAlpha = 1;
};
const drawScale = (brush) => {
  brush.strokeStyle = "#e8edf4";
  brush.setLineDash([5, 4]);
  brush.lineWidth = 1.2;
  const unit = edge / ground.span;
  for (const radius of RINGS) {
    brush.beginPath();
    brush.arc(across(0), down(0), radius * unit, 0, 2 * Math.PI);
    brush.stroke();
  }
  brush.setLineDash([]);
  brush.textAlign = "center";
  brush.textBaseline = "middle";
  // Where the rings lie so close that their names would cover them, only the outermost has one.
  const named = unit > 24 ? RINGS : RINGS.slice(-1);
  for (const radius of named) written(brush, radius + "σ", across(0), down(radius) - (unit > 24 ? 0 : 9));
  const step = [1, 2, 5, 10, 20, 50, 100, 200, 500].find((by) => ground.span / by <= 10) || 1000;
  for (let axis = 0; axis < 2; axis++) {
    const low = ground.low[axis], last = low + ground.span;
    for (let tick = Math.ceil(low / step) * step; tick <= last; tick += step) {
      const words = String(tick).replace("-", "−"), at = axis ? down(tick) : across(tick);
      if (at < 20 || at > edge - 34) continue; // the corners belong to the axes' names
      brush.fillStyle = "#e8edf4";
      if (axis) brush.fillRect(0, at, 5, 1); else brush.fillRect(at, edge - 5, 1, 5);
      brush.textAlign = axis ? "left" : "center";
      written(brush, words, axis ? 8 : at, axis ? at : edge - 13);
    }
  }
  brush.textAlign = "right";
  written(brush, "z1", edge - 8, edge - 13);
  brush.textAlign = "left";
  written(brush, "z2", 8, 12);
};
const drawDots = (brush, radius) => {
  const { places, labels } = ground;
  for (const on of [false, true]) { // the faded ones lie below
    brush.globalAlpha = on ? 0.85 : 0.1;
    colors.forEach((color, label) => {
      if (faded.has(label) === on) return;
      brush.fillStyle = color;
      brush.beginPath();
      for (let i = 0; i < labels.length; i++) {
        if (labels[i] !== label) continue;
        const x = places[2 * i] * edge, y = (1 - places[2 * i + 1]) * edge;
        brush.moveTo(x + radius, y);
        brush.arc(x, y, radius, 0, 2 * Math.PI);
      }
      brush.fill();
    });
  }
  brush.globalAlpha = 1;
};

const outlined = (brush, color, width) => {
  for (const [style, extra] of [["#05070c", 2.5], [color, 0]]) {
    brush.strokeStyle = style;
    brush.lineWidth = width + extra;
    brush.stroke();
  }
};
// The visitor's picture at its place, with one and two standard deviations of the posterior around it. These are often
// smaller than a dot: then a lens shows them.
const drawMine = (brush) => {
  const { mean, std, pixels } = value.mine, unit = edge / ground.span;
  const place = within(mean), x = across(place[0]), y = down(place[1]), radii = (std || [0, 0]).map((s) => s * unit);
  const small = 2 * Math.max(...radii) < 26, thumb = 40, radius = std && small ? 42 : 0;
  const spare = document.createElement("canvas");
  [spare.width, spare.height] = [size, size];
  paint(spare, bytes(pixels));
  brush.imageSmoothingEnabled = false;
  const ellipses = (cx, cy, zoom) => {
    for (const sigma of [1, 2]) {
      brush.beginPath();
      brush.ellipse(cx, cy, sigma * radii[0] * zoom, sigma * radii[1] * zoom, 0, 0, 2 * Math.PI);
      outlined(brush, MINE, 1.6);
    }
  };
  const pictured = (cx, cy) => {
    brush.drawImage(spare, cx - thumb / 2, cy - thumb / 2, thumb, thumb);
    brush.beginPath();
    brush.rect(cx - thumb / 2, cy - thumb / 2, thumb, thumb);
    outlined(brush, MINE, 1.6);
  };
  if (!small) {
    pictured(x, y);
    ellipses(x, y, 1);
  } else {
    const side = x < edge / 2 ? 1 : -1, half = radius + thumb / 2 + 4;
    const clamp = (at, room) => Math.min(edge - room, Math.max(room, at));
    const lensX = clamp(x + side * 84, half + 4), lensY = clamp(y - 64, (radius || thumb / 2) + 4);
    brush.beginPath();
    brush.moveTo(x, y);
    brush.lineTo(lensX, lensY);
    outlined(brush, MINE, 1.2);
    if (radius) {
      const zoom = (radius - 10) / (2 * Math.max(...radii));
      brush.save();
      brush.beginPath();
      brush.arc(lensX, lensY, radius, 0, 2 * Math.PI);
      brush.fillStyle = "#05070c";
      brush.fill();
      brush.clip();
      brush.translate(lensX - x * zoom, lensY - y * zoom);
      brush.scale(zoom, zoom);
      drawDots(brush, 2.2 / zoom);
      brush.restore();
      ellipses(lensX, lensY, zoom);
      brush.beginPath();
      brush.arc(lensX, lensY, radius, 0, 2 * Math.PI);
      outlined(brush, "#e8edf4", 1.2);
      ellipses(x, y, 1);
      brush.textAlign = "center";
      written(brush, "×" + Math.round(zoom) + ", 1σ and 2σ", lensX, lensY + radius - 9);
      pictured(lensX + side * (radius + 2), lensY - radius / 2);
    } else {
      pictured(lensX, lensY);
      brush.beginPath();
      brush.arc(x, y, 3.5, 0, 2 * Math.PI);
      outlined(brush, MINE, 1.6);
    }
  }
};
const drawDraws = (brush) => {
  brush.textAlign = "center";
  brush.font = "600 11px system-ui, sans-serif";
  value.draws.z.forEach((z, nth) => {
    const [x, y] = [across(z[0]), down(z[1])];
    brush.beginPath();
    brush.arc(x, y, 8, 0, 2 * Math.PI);
    brush.fillStyle = "#fff";
    brush.fill();
    outlined(brush, "#05070c", 1);
    brush.fillStyle = "#05070c";
    brush.fillText(nth + 1, x, y + 0.5);
  });
};
const scaled = (canvas) => {
  const brush = canvas.getContext("2d");
  brush.setTransform(ratio, 0, 0, ratio, 0, 0);
  brush.clearRect(0, 0, edge, edge);
  brush.font = "12px system-ui, sans-serif";
  return brush;
};
const drawLand = () => {
  if (!ground || !edge) return;
  const brush = scaled(land);
  brush.imageSmoothingEnabled = true;
  drawBackdrop(brush);
  drawDots(brush, Math.max(1.2, edge / 320));
  drawScale(brush);
  if (value.mine) drawMine(brush);
  if (value.draws) drawDraws(brush);
};

// --- what moves: the place that is shown, and the path

let line = []; // where a path leads, as the hand drew it
let path = [], film = null; // equally far apart, and the pictures there
let frame = 0, playing = 0;

const drawMarks = () => {
  if (!ground || !edge) return;
  const brush = scaled(marks);
  if (line.length) {
    brush.lineJoin = brush.lineCap = "round";
    brush.beginPath();
    line.forEach((z, nth) => brush[nth ? "lineTo" : "moveTo"](across(z[0]), down(z[1])));
    if (line.length === 1) brush.lineTo(across(line[0][0]), down(line[0][1]));
    outlined(brush, "#fff", 2.5);
  }
  if (!here) return;
  brush.beginPath();
  brush.arc(across(here[0]), down(here[1]), 8, 0, 2 * Math.PI);
  outlined(brush, "#fff", 2);
};
const show = (z, tile = null) => {
  here = z;
  if (tile) context.drawImage(sprite, tile[0] * size, tile[1] * size, size, size, 0, 0, size, size);
  tell(z);
  drawMarks();
};
// The picture of the nearest point of the grid, at once, and its coordinates; the exact one when the hand rests.
const go = (z) => {
  moves += 1;
  play(false);
  if (sprite) {
    const cell = ground.span / count;
    const [i, j] = z.map((x, axis) => Math.min(count - 1, Math.floor((x - ground.low[axis]) / cell)));
    show([ground.low[0] + (i + 0.5) * cell, ground.low[1] + (j + 0.5) * cell], [i, count - 1 - j]);
  }
  rest(z);
};
let resting = null;
const rest = (z, wait = REST) => {
  clearTimeout(resting);
  resting = setTimeout(() => settle(z), wait);
};
const settle = async (z) => {
  const move = moves, answer = await ask("look", { z });
  if (!answer || move !== moves) return;
  paint(picture, bytes(answer.pictures));
  show(z);
  find(".reading").innerHTML = answer.reading;
  picture.setAttribute("aria-label", "Decoded at " + find(".place").textContent);
};

// --- the path and its film

const length = (points) => {
  let sum = 0;
  for (let i = 1; i < points.length; i++) sum += Math.hypot(...points[i].map((x, axis) => x - points[i - 1][axis]));
  return sum;
};
const equidistant = (points) => {
  const whole = length(points);
  const pictures = Math.max(2, Math.min(LONGEST, Math.ceil(whole / (DENSE * ground.span)) + 1));
  const step = whole / (pictures - 1), along = [points[0]];
  let walked = 0;
  for (let i = 1; i < points.length; i++) {
    const [a, b] = [points[i - 1], points[i]], part = length([a, b]);
    while (along.length < pictures - 1 && along.length * step <= walked + part) {
      const share = part ? (along.length * step - walked) / part : 0;
      along.push(a.map((x, axis) => x + share * (b[axis] - x)));
    }
    walked += part;
  }
  while (along.length < pictures) along.push(points.at(-1));
  return along;
};
const calm = matchMedia("(prefers-reduced-motion: reduce)");
const finish = async () => {
  if (length(line) < DENSE * ground.span) return; // a click is no path
  const points = equidistant(line), drawn = line;
  const answer = await ask("line", { points });
  if (!answer || drawn !== line) return;
  [path, film, frame] = [points, bytes(answer.pictures), 0];
  find(".film").hidden = false;
  find(".reading").textContent = "The film of your path: " + path.length + " pictures, " + signed(length(line)) +
    " long in latent space.";
  project(0);
  play(!calm.matches);
};
const project = (nth) => {
  frame = nth;
  moves += 1;
  clearTimeout(resting);
  paint(picture, film, nth);
  show(path[nth]);
};
// There and back, until somebody takes hold of it.
const play = (on) => {
  if (!on && !playing) return;
  cancelAnimationFrame(playing);
  playing = 0;
  find(".play").textContent = on ? "Pause" : "Play";
  if (!on || !film) return;
  const last = path.length - 1;
  let place = frame, before = null;
  const next = (now) => {
    if (before !== null) place = (place + ((now - before) / 1000) * Number(find(".film input").value)) % (2 * last);
    before = now;
    const nth = Math.round(place <= last ? place : 2 * last - place);
    if (nth !== frame) project(nth);
    playing = requestAnimationFrame(next);
  };
  playing = requestAnimationFrame(next);
};
const clear = () => {
  play(false);
  [line, path, film] = [[], [], null];
  find(".film").hidden = true;
  drawMarks();
  if (here) rest(here, 0);
};

// --- what the hand does

let hand = null; // the pointer that draws or drags
marks.addEventListener("pointerdown", (event) => {
  if (!ground || event.button !== 0) return;
  hand = event.pointerId;
  marks.setPointerCapture(hand);
  marks.focus({ preventScroll: true });
  if (tool === "look") { go(pointAt(event)); return; }
  clear();
  line = [pointAt(event)];
  go(line[0]);
});
marks.addEventListener("pointermove", (event) => {
  if (!ground) return;
  if (tool === "look") { go(pointAt(event)); return; }
  if (event.pointerId !== hand) return;
  for (const part of event.getCoalescedEvents?.() ?? []) line.push(pointAt(part));
  line.push(pointAt(event));
  go(line.at(-1));
});
for (const end of ["pointerup", "pointercancel"]) {
  marks.addEventListener(end, (event) => {
    if (event.pointerId !== hand) return;
    hand = null;
    if (tool === "path") finish();
  });
}
marks.addEventListener("keydown", (event) => {
  const by = { ArrowRight: [1, 0], ArrowLeft: [-1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] }[event.key];
  if (!ground || !here || event.ctrlKey || event.metaKey || event.altKey) return;
  if (by) {
    const step = (ground.span / ground.grids.at(-1)) * (event.shiftKey ? 5 : 1);
    go(within(here.map((x, axis) => x + by[axis] * step)));
  } else if (event.key === "Home") {
    go([0, 0]);
  } else if (event.key === "Enter" && tool === "path") {
    line = [...line, here]; // a corner of the path
    drawMarks();
    finish();
  } else if (event.key === "Escape" && line.length) {
    clear();
  } else return;
  event.preventDefault();
});
const describe = () => {
  const how = tool === "look" ? "Move over it, or use the arrow keys, with Shift for larger steps; Home leads to the centre"
    : "Drag a line, or set its corners with Enter after moving with the arrow keys; Escape takes it away";
  marks.setAttribute("aria-label", "Map of the latent space of " + props.model + ". " + how);
};
const tools = [...element.querySelectorAll(".tools button")];
tools.forEach((button) => button.addEventListener("click", () => {
  tool = button.dataset.tool;
  tools.forEach((other) => other.setAttribute("aria-pressed", other === button));
  describe();
}));
find(".head").hidden = !props.title;
find(".backdrop").addEventListener("click", ({ currentTarget: button }) => {
  button.setAttribute("aria-pressed", button.getAttribute("aria-pressed") !== "true");
  drawLand();
});
find(".play").addEventListener("click", () => play(!playing));
find(".ends").addEventListener("click", () => trigger("ends", { points: [line[0], line.at(-1)] }));
find(".clear").addEventListener("click", clear);
find(".gif").addEventListener("click", async ({ currentTarget: button }) => {
  button.disabled = true;
  const milliseconds = Math.round(1000 / Number(find(".film input").value));
  const answer = await ask("film", { points: path, milliseconds });
  if (answer) {
    const link = document.createElement("a");
    link.href = "data:image/gif;base64," + answer.film;
    link.download = props.model + "-path.gif";
    link.click();
  }
  button.disabled = false;
});

// --- the legend

const legend = names.map((name, label) => {
  const button = document.createElement("button"), swatch = document.createElement("i");
  swatch.style.background = colors[label % colors.length];
  button.type = "button";
  button.append(swatch, name);
  button.addEventListener("click", () => {
    faded[faded.has(label) ? "delete" : "add"](label);
    showFaded();
  });
  return button;
});
const all = document.createElement("button");
all.type = "button";
all.addEventListener("click", () => {
  faded = new Set(faded.size ? [] : names.keys());
  showFaded();
});
const showFaded = () => {
  legend.forEach((button, label) => button.setAttribute("aria-pressed", !faded.has(label)));
  all.textContent = faded.size ? "all" : "none";
  all.title = faded.size ? "Show all classes" : "Fade all classes";
  drawLand();
};
find(".legend").append(...legend, all);
if (!props.paths) { // without tools there is no bar for a single button
  find(".legend").append(find(".backdrop"));
  find(".chart > .bar").hidden = true;
}

// --- from the server

const receive = () => {
  value = props.value ? JSON.parse(props.value) : {};
  const { mine, draws } = value;
  find(".mine").hidden = !mine;
  find(".draws").hidden = !draws;
  if (mine) {
    paint(find(".given"), bytes(mine.pixels));
    paint(find(".rebuilt"), bytes(mine.rebuilt));
    find(".mine .words").textContent = mine.words;
  }
  if (draws) {
    const levels = bytes(draws.pictures);
    find(".draws .words").textContent = draws.z.length + " draws of z from a standard normal, decoded:";
    find(".draws .pictures").replaceChildren(...draws.z.map((z, nth) => {
      const figure = document.createElement("figure"), canvas = document.createElement("canvas");
      const caption = document.createElement("figcaption");
      [canvas.width, canvas.height] = [size, size];
      canvas.setAttribute("role", "img");
      canvas.setAttribute("aria-label", "Decoded at z = (" + z.map(signed).join(", ") + ")");
      caption.textContent = nth + 1;
      paint(canvas, levels, nth);
      figure.append(canvas, caption);
      return figure;
    }));
    const counts = draws.shares.map((many, label) => [many, label]).filter(([many]) => many);
    find(".nearest").textContent = "Nearest real digit of " + draws.of.toLocaleString("en") + " draws:";
    find(".shares").setAttribute("aria-label", counts.map(([many, label]) => many + " are nearest to a " + names[label]).join(", "));
    find(".shares").replaceChildren(...counts.map(([many, label]) => {
      const part = document.createElement("span");
      part.style.cssText = "flex-grow:" + many + ";background:" + colors[label % colors.length];
      part.title = names[label] + ": " + many;
      part.textContent = many / draws.of >= 0.04 ? names[label] : "";
      return part;
    }));
  }
  drawLand();
};
const visit = () => { // the visitor's picture, as far as it lies on the map
  const z = within(value.mine ? value.mine.mean : [0, 0]);
  play(false);
  moves += 1;
  rest(z, 0);
};
const loaded = async (address) => {
  const image = new Image();
  image.src = address;
  await image.decode();
  const sheet = document.createElement("canvas");
  [sheet.width, sheet.height] = [image.width, image.height];
  sheet.getContext("2d", { willReadFrequently: true }).drawImage(image, 0, 0);
  return sheet;
};
let begun = false;
const begin = async () => {
  if (begun) return;
  begun = true;
  const answer = await ask("survey", {});
  if (!answer) { begun = false; return; }
  const dots = bytes(answer.dots).buffer;
  ground = { ...answer, places: Array.from(new Uint16Array(dots), (x) => x / 65535), labels: bytes(answer.labels) };
  find(".note").textContent = answer.words;
  drawLand();
  visit();
  for (const grid of ground.grids) {
    const tiles = await ask("tiles", { count: grid });
    if (!tiles) return;
    sprite = await loaded(tiles.sprite);
    count = grid;
    drawLand();
  }
  marks.removeAttribute("aria-busy");
};
new ResizeObserver(() => {
  const width = find(".map").clientWidth;
  if (!width) return; // on a tab that is not shown
  edge = width;
  ratio = Math.min(2, devicePixelRatio || 1);
  for (const canvas of [land, marks]) canvas.width = canvas.height = Math.round(edge * ratio);
  drawLand();
  drawMarks();
}).observe(find(".map"));
new IntersectionObserver((entries) => { if (entries.some((entry) => entry.isIntersecting)) begin(); }, { rootMargin: "300px" }).observe(marks);
watch("value", () => {
  receive();
  if (ground) visit();
});
describe();
receive();
showFaded();
