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
