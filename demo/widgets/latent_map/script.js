// --- what the hand does

let hand = null; // the pointer that draws or drags
let draft = []; // what it draws, until that is long enough to take the place of the path that is there
marks.addEventListener("pointerdown", (event) => {
  if (!ground || event.button !== 0) return;
  hand = event.pointerId;
  marks.setPointerCapture(hand);
  marks.focus({ preventScroll: true });
  if (tool === "look") { go(pointAt(event)); return; }
  draft = [pointAt(event)];
});
marks.addEventListener("pointermove", (event) => {
  if (!ground) return;
  if (tool === "look") { go(pointAt(event)); return; }
  if (event.pointerId !== hand) return;
  for (const part of event.getCoalescedEvents?.() ?? []) draft.push(pointAt(part));
  draft.push(pointAt(event));
  if (line !== draft) {
    if (length(draft) < DENSE * ground.span) return; // a click is no path
    clear();
    line = draft;
  }
  go(line.at(-1));
});
for (const end of ["pointerup", "pointercancel"]) {
  marks.addEventListener(end, (event) => {
    if (event.pointerId !== hand) return;
    hand = null;
    if (tool === "path" && line === draft) finish();
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
  marks.style.touchAction = tool === "look" ? "pan-y" : "none"; // a finger that looks may still scroll the page
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
