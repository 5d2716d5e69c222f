// The ways from A to B: strips of pictures, scrubbed, played and saved.
import { ask, clamp, download, find, formatNumber, gifAddress, make, paintPicture, showText, unpackBytes } from "../common.js";
import { onArrive, setFields } from "../shell.js";
import { showTaking, wireTaking } from "../taking.js";

const WAYS = {
  straight: "Latent space, straight line",
  spherical: "Latent space, around the sphere",
  fade: "Plain cross-fade of the pixels",
};
const ZOOM = 4, GAP = 2; // of the downloaded sheet: screen pixels per pixel, pixels between pictures
const BETWEEN = "#606060"; // the colour between pictures
const SECONDS = 2.5; // of the animation, from A to B
const scrubber = find(".scrub input"), large = find(".large");

let value = null; // the ways, see StripValue in __init__.py
const frames = {}; // way -> levels of all its pictures
let at = 0;
let chosen = "straight"; // the way that is shown large
let playing = 0; // handle of the next animation frame, while the animation runs
let asked = ""; // a place on the way that a link asks for

const makeCanvas = () => {
  const canvas = make("canvas");
  canvas.setAttribute("role", "img");
  return canvas;
};
const strips = {}; // way -> its canvases, its name and the mark on its strip
const choose = (way) => {
  chosen = way;
  for (const [one, { name }] of Object.entries(strips)) name.setAttribute("aria-checked", one === chosen);
  if (value) goTo(at);
};
const middle = () => Math.floor(value.count / 2); // where the ways differ most
const keepInAddress = () => setFields("walk", { way: chosen === "straight" ? "" : chosen, at: at === middle() ? "" : at });
for (const [way, title] of Object.entries(WAYS)) {
  const now = makeCanvas(), canvas = makeCanvas(), mark = make("span", "mark"), name = make("button", "name", title);
  const strip = make("div", "pictures", canvas, mark), figure = make("figure", way, now);
  name.setAttribute("role", "radio");
  for (const one of [name, figure]) one.addEventListener("click", () => {
    choose(way);
    keepInAddress();
  });
  find(".strips").append(make("div", "strip", name, figure, strip));
  strips[way] = { now, canvas, mark, name };
  const scrub = (event) => {
    const box = canvas.getBoundingClientRect();
    const share = clamp((event.clientX - box.left) / box.width, 0, 1);
    const count = stepCount();
    // The middle of each picture is its place on the way.
    goTo(Math.round(clamp((share * count - 0.5) / (count - 1), 0, 1) * (value.count - 1)));
    keepInAddress();
  };
  strip.style.touchAction = "pan-y";
  strip.addEventListener("pointerdown", (event) => {
    strip.setPointerCapture(event.pointerId);
    play(false);
    scrub(event);
  });
  strip.addEventListener("pointermove", (event) => { if (event.buttons) scrub(event); });
}

const stepCount = () => Math.floor((value.count - 1) / value.every) + 1;
const paint = (canvas, way, index, left = 0) => {
  const { width, height, channels } = value;
  paintPicture(canvas, { levels: frames[way], width, height, channels }, { index, left });
};
const goTo = (index) => {
  const { count, norms, typical } = value;
  at = index;
  scrubber.value = at;
  const percent = Math.round((100 * at) / (count - 1)), steps = stepCount();
  scrubber.setAttribute("aria-valuetext", `${percent} % of the way`);
  paint(large, chosen, at);
  large.setAttribute("aria-label", `${WAYS[chosen]}, ${percent} % of the way from A to B`);
  for (const [way, { now, mark }] of Object.entries(strips)) {
    paint(now, way, at);
    now.setAttribute("aria-label", `${WAYS[way]}, ${percent} % of the way`);
    mark.style.left = `${(100 * (0.5 + ((steps - 1) * at) / (count - 1))) / steps}%`;
  }
  const [straight, spherical] = [norms.straight[at], norms.spherical[at]].map((norm) => formatNumber(norm, 2));
  find(".reading").textContent = `${percent} % of the way · distance from the centre |z|: straight ${straight}, ` +
    `around the sphere ${spherical} (half of all random points lie within ${formatNumber(typical, 1)})`;
};
const visit = () => goTo(/^\d+$/.test(asked) ? Math.min(Number(asked), value.count - 1) : middle());
const receive = () => {
  if (!props.value) return;
  const begins = !value;
  value = JSON.parse(props.value);
  [large.width, large.height] = [value.width, value.height];
  showTaking(value.model);
  for (const [way, { now, canvas }] of Object.entries(strips)) {
    frames[way] = unpackBytes(value.frames[way]);
    const steps = stepCount();
    [now.width, now.height] = [value.width, value.height];
    [canvas.width, canvas.height] = [steps * (value.width + GAP) - GAP, value.height];
    const context = canvas.getContext("2d");
    context.fillStyle = BETWEEN;
    context.fillRect(0, 0, canvas.width, canvas.height);
    for (let i = 0; i < steps; i++) paint(canvas, way, i * value.every, i * (value.width + GAP));
    canvas.setAttribute("aria-label", `${WAYS[way]}: ${steps} pictures from A to B`);
  }
  scrubber.max = value.count - 1;
  if (begins) visit();
  else goTo(Math.min(at, value.count - 1));
  setFields("walk", { za: value.codes[0], zb: value.codes[1] });
  element.inert = false;
};

// The animation goes from A to B and back, until the user takes hold of it.
const play = (on) => {
  cancelAnimationFrame(playing);
  playing = 0;
  find(".play").textContent = on ? "Pause" : "Play";
  if (!on) return;
  const last = value.count - 1, begin = performance.now() - (1000 * SECONDS * at) / last;
  const next = (now) => {
    const place = (Math.max(0, now - begin) / (1000 * SECONDS)) % 2;
    const frame = Math.round(last * (place < 1 ? place : 2 - place));
    if (frame !== at) goTo(frame);
    playing = requestAnimationFrame(next);
  };
  playing = requestAnimationFrame(next);
};

find(".play").addEventListener("click", () => {
  play(!playing);
  keepInAddress();
});
scrubber.addEventListener("input", () => {
  play(false);
  goTo(Number(scrubber.value));
  keepInAddress();
});
wireTaking(() => {
  play(false);
  return { canvas: large, channels: value.channels, model: value.model };
});
find(".save").addEventListener("click", () => {
  const canvases = Object.values(strips).map(({ canvas }) => canvas);
  const sheet = make("canvas");
  sheet.width = canvases[0].width * ZOOM;
  sheet.height = (canvases.length * (canvases[0].height + GAP) - GAP) * ZOOM;
  const context = sheet.getContext("2d");
  context.imageSmoothingEnabled = false;
  context.fillStyle = BETWEEN;
  context.fillRect(0, 0, sheet.width, sheet.height);
  canvases.forEach((strip, row) => {
    const top = row * (strip.height + GAP) * ZOOM;
    context.drawImage(strip, 0, top, strip.width * ZOOM, strip.height * ZOOM);
  });
  download("from-a-to-b.png", sheet.toDataURL());
});
find(".gif").addEventListener("click", async ({ currentTarget: button }) => {
  button.disabled = true;
  const { gif, error } = await ask("animate", { model: value.model, ends: value.ends });
  showText(find(".problem"), error);
  if (gif) download("from-a-to-b.gif", gifAddress(gif));
  button.disabled = false;
});
choose(chosen);
onArrive("walk", ({ way, at: frame }) => {
  asked = frame;
  play(false);
  choose(Object.hasOwn(strips, way) ? way : "straight");
  if (value) visit();
});
element.inert = true; // until there are pictures
watch("value", receive);
receive();
