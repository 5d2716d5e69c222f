const WAYS = {
  straight: "Latent space, straight line",
  spherical: "Latent space, around the sphere",
  fade: "Plain cross-fade of the pixels",
};
const ZOOM = 4, GAP = 2; // of the downloaded sheet: screen pixels a pixel, pixels between pictures
const SECONDS = 2.5; // of the film, from A to B
const find = (selector) => element.querySelector(selector);
const make = (tag, className, ...children) => {
  const made = document.createElement(tag);
  made.className = className;
  made.append(...children);
  return made;
};
const picture = () => {
  const canvas = make("canvas", "");
  canvas.setAttribute("role", "img");
  return canvas;
};
const scrubber = find(".scrub input");

let value = null; // the ways
let frames = {}; // way -> levels of all its pictures
let at = 0;
let playing = 0; // the frame that was asked for of the browser, while the film runs

const films = {};
for (const [way, title] of Object.entries(WAYS)) {
  const large = picture(), canvas = picture(), mark = make("span", "mark"), film = make("div", "film", canvas, mark);
  find(".stage").append(make("figure", way, make("figcaption", "", title), large));
  find(".strips").append(make("div", "strip", make("span", "name", title), film));
  films[way] = { large, canvas, mark };
  const scrub = (event) => {
    const box = canvas.getBoundingClientRect();
    const share = Math.min(1, Math.max(0, (event.clientX - box.left) / box.width));
    const count = shownSteps();
    // The middle of each picture is its place on the way.
    go(Math.round(Math.min(1, Math.max(0, (share * count - 0.5) / (count - 1))) * (value.count - 1)));
  };
  film.style.touchAction = "pan-y";
  film.addEventListener("pointerdown", (event) => {
    film.setPointerCapture(event.pointerId);
    play(false);
    scrub(event);
  });
  film.addEventListener("pointermove", (event) => { if (event.buttons) scrub(event); });
}

const shownSteps = () => Math.floor((value.count - 1) / value.every) + 1;
const paint = (canvas, way, index, left) => {
  const { width, height, channels } = value, context = canvas.getContext("2d");
  const image = context.createImageData(width, height), size = width * height;
  const levels = frames[way].subarray(index * size * channels, (index + 1) * size * channels);
  for (let i = 0; i < size; i++) {
    for (let c = 0; c < 3; c++) image.data[4 * i + c] = levels[channels * i + (channels === 3 ? c : 0)];
    image.data[4 * i + 3] = 255;
  }
  context.putImageData(image, left, 0);
};
const go = (index) => {
  const { count, norms, typical } = value;
  at = index;
  scrubber.value = at;
  const percent = Math.round((100 * at) / (count - 1)), steps = shownSteps();
  scrubber.setAttribute("aria-valuetext", percent + " % of the way");
  for (const [way, { large, mark }] of Object.entries(films)) {
    paint(large, way, at, 0);
    large.setAttribute("aria-label", WAYS[way] + ", " + percent + " % of the way from A to B");
    mark.style.left = (100 * (0.5 + ((steps - 1) * at) / (count - 1))) / steps + "%";
  }
  find(".reading").textContent = percent + " % of the way · distance from the centre |z|: straight " +
    norms.straight[at].toFixed(2) + ", around the sphere " + norms.spherical[at].toFixed(2) + " (typical " +
    typical.toFixed(1) + ")";
};
const receive = () => {
  if (!props.value) return;
  value = JSON.parse(props.value);
  for (const [way, { large, canvas }] of Object.entries(films)) {
    frames[way] = Uint8Array.from(atob(value.frames[way]), (c) => c.charCodeAt(0));
    const steps = shownSteps();
    [large.width, large.height] = [value.width, value.height];
    [canvas.width, canvas.height] = [steps * (value.width + GAP) - GAP, value.height];
    const context = canvas.getContext("2d");
    context.fillStyle = "#606060";
    context.fillRect(0, 0, canvas.width, canvas.height);
    for (let i = 0; i < steps; i++) paint(canvas, way, i * value.every, i * (value.width + GAP));
    canvas.setAttribute("aria-label", WAYS[way] + ": " + steps + " pictures from A to B");
  }
  scrubber.max = value.count - 1;
  go(Math.min(at, value.count - 1));
};

// The film goes from A to B and back, until somebody takes hold of it.
const play = (on) => {
  cancelAnimationFrame(playing);
  playing = 0;
  find(".play").textContent = on ? "Pause" : "Play";
  if (!on) return;
  const last = value.count - 1, begin = performance.now() - (1000 * SECONDS * at) / last;
  const next = (now) => {
    const place = (Math.max(0, now - begin) / (1000 * SECONDS)) % 2;
    const frame = Math.round(last * (place < 1 ? place : 2 - place));
    if (frame !== at) go(frame);
    playing = requestAnimationFrame(next);
  };
  playing = requestAnimationFrame(next);
};
const download = (name, address) => {
  const link = document.createElement("a");
  link.href = address;
  link.download = name;
  link.click();
};

find(".play").addEventListener("click", () => play(!playing));
scrubber.addEventListener("input", () => { play(false); go(Number(scrubber.value)); });
find(".save").addEventListener("click", () => {
  const strips = Object.values(films).map(({ canvas }) => canvas);
  const sheet = document.createElement("canvas");
  sheet.width = strips[0].width * ZOOM;
  sheet.height = (strips.length * (strips[0].height + GAP) - GAP) * ZOOM;
  const context = sheet.getContext("2d");
  context.imageSmoothingEnabled = false;
  context.fillStyle = "#606060";
  context.fillRect(0, 0, sheet.width, sheet.height);
  strips.forEach((strip, row) => {
    const top = row * (strip.height + GAP) * ZOOM;
    context.drawImage(strip, 0, top, strip.width * ZOOM, strip.height * ZOOM);
  });
  download("from-a-to-b.png", sheet.toDataURL());
});
find(".gif").addEventListener("click", async ({ currentTarget: button }) => {
  const problem = find(".problem");
  button.disabled = true;
  try {
    const { film, error } = await server.filmed({ model: value.model, ends: value.ends });
    problem.textContent = error || "";
    if (film) download("from-a-to-b.gif", "data:image/gif;base64," + film);
  } catch {
    problem.textContent = "The server did not answer; try again.";
  }
  problem.hidden = !problem.textContent;
  button.disabled = false;
});
watch("value", receive);
receive();
if (value) go(Math.floor(value.count / 2)); // the middle, where the ways differ most
