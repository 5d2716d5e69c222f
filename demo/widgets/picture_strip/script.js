const WAYS = {
  straight: "Latent space, straight line",
  spherical: "Latent space, around the sphere",
  fade: "Plain cross-fade of the pixels",
};
const ZOOM = 4, GAP = 2; // of the downloaded sheet: screen pixels a pixel, pixels between pictures
const find = (selector) => element.querySelector(selector);
const scrubber = find(".scrub input");
const name = "way-" + Math.random().toString(36).slice(2);

let frames = {}; // way -> levels of all its pictures
let chosen = "straight"; // the latent way that is shown large
let at = 0;

const films = {};
for (const [way, title] of Object.entries(WAYS)) {
  const strip = document.createElement("div");
  strip.className = "strip";
  const film = document.createElement("div");
  film.className = "film";
  const canvas = document.createElement("canvas");
  canvas.setAttribute("role", "img");
  const mark = document.createElement("span");
  mark.className = "mark";
  film.append(canvas, mark);
  const caption = document.createElement(way === "fade" ? "span" : "label");
  caption.className = "name";
  if (way !== "fade") {
    const radio = document.createElement("input");
    Object.assign(radio, { type: "radio", name, value: way, checked: way === chosen });
    radio.addEventListener("change", () => choose(way));
    caption.append(radio);
    films[way] = { canvas, mark, radio };
  } else films[way] = { canvas, mark };
  caption.append(title);
  strip.append(caption, film);
  find(".strips").append(strip);
  const scrub = (event) => {
    const box = canvas.getBoundingClientRect();
    const share = Math.min(1, Math.max(0, (event.clientX - box.left) / box.width));
    const count = shownSteps();
    // The middle of each picture is its place on the way.
    go(Math.round(Math.min(1, Math.max(0, (share * count - 0.5) / (count - 1))) * (props.value.count - 1)));
  };
  film.style.touchAction = "pan-y";
  film.addEventListener("pointerdown", (event) => {
    film.setPointerCapture(event.pointerId);
    if (way !== "fade") choose(way);
    scrub(event);
  });
  film.addEventListener("pointermove", (event) => { if (event.buttons) scrub(event); });
}

const shownSteps = () => Math.floor((props.value.count - 1) / props.value.every) + 1;
const paint = (context, way, index, left, top) => {
  const { width, height } = props.value;
  const image = context.createImageData(width, height);
  const levels = frames[way].subarray(index * width * height, (index + 1) * width * height);
  levels.forEach((level, i) => image.data.set([level, level, level, 255], 4 * i));
  context.putImageData(image, left, top);
};
const paintLarge = (selector, way, alt) => {
  const canvas = find(selector + " canvas");
  canvas.width = props.value.width;
  canvas.height = props.value.height;
  paint(canvas.getContext("2d"), way, at, 0, 0);
  canvas.setAttribute("aria-label", alt);
};
const go = (index) => {
  const { count, norms, typical } = props.value;
  at = index;
  scrubber.value = at;
  const percent = Math.round((100 * at) / (count - 1));
  scrubber.setAttribute("aria-valuetext", percent + " % of the way");
  paintLarge(".latent", chosen, "Decoded mean, " + percent + " % of the way from A to B");
  paintLarge(".pixels", "fade", "Cross-fade of A and B, " + percent + " % B");
  find(".latent figcaption").textContent = WAYS[chosen];
  const steps = shownSteps();
  const place = (100 * (0.5 + ((steps - 1) * at) / (count - 1))) / steps;
  for (const { mark } of Object.values(films)) mark.style.left = place + "%";
  find(".reading").textContent = percent + " % of the way · distance from the centre |z|: straight " +
    norms.straight[at].toFixed(2) + ", around the sphere " + norms.spherical[at].toFixed(2) + " (typical " +
    typical.toFixed(1) + ")";
};
const choose = (way) => {
  chosen = way;
  films[way].radio.checked = true;
  go(at);
};
const receive = () => {
  const value = props.value;
  if (!value) return;
  for (const way of Object.keys(WAYS)) {
    frames[way] = Uint8Array.from(atob(value.frames[way]), (c) => c.charCodeAt(0));
    const { canvas } = films[way];
    const steps = shownSteps();
    canvas.width = steps * (value.width + GAP) - GAP;
    canvas.height = value.height;
    const context = canvas.getContext("2d");
    context.fillStyle = "#606060";
    context.fillRect(0, 0, canvas.width, canvas.height);
    for (let i = 0; i < steps; i++) paint(context, way, i * value.every, i * (value.width + GAP), 0);
    canvas.setAttribute("aria-label", WAYS[way] + ": " + steps + " pictures from A to B");
  }
  scrubber.max = value.count - 1;
  go(Math.min(at, value.count - 1));
};

scrubber.addEventListener("input", () => go(Number(scrubber.value)));
find(".save").addEventListener("click", () => {
  const strips = Object.keys(WAYS).map((way) => films[way].canvas);
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
  sheet.toBlob((blob) => {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(blob);
    link.download = "from-a-to-b.png";
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10000);
  });
});
watch("value", receive);
at = props.value ? Math.floor(props.value.count / 2) : 0; // the middle, where the ways differ most
receive();
