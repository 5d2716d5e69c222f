// The canvas: buttons and keys. The pixels of a run are buffered as they come from the model (run.js), and played back at
// a pace that a person can see (playback.js).
import { find, findAll } from "../common.js";
import { copyLink } from "../shell.js";
import "./controls.js";
import { saveAnimation, savePicture } from "./export.js";
import { goTo, lookCloser, show, stop, toggle } from "./playback.js";
import { receive } from "./run.js";
import { part, run, state, visibleCount } from "./state.js";

const PLACES = {
  start: () => 0,
  back: () => visibleCount() - (part() ? 0 : 1),
  on: () => visibleCount() + 1,
  end: () => run.ready,
  up: () => visibleCount() - run.width,
  down: () => visibleCount() + run.width,
};
const CHANNEL = { back: -1, on: 1 }; // with Shift, and in grey the same as without
const KEYS = { Home: "start", ArrowLeft: "back", ArrowRight: "on", End: "end", PageUp: "up", PageDown: "down" };

const scrub = (event) => {
  const box = find(".plot").getBoundingClientRect();
  goTo(Math.round(((event.clientX - box.left) / box.width) * (run?.size ?? 0)));
};

find(".play").addEventListener("click", toggle);
find(".stop").addEventListener("click", stop);
find(".save").addEventListener("click", savePicture);
find(".animation").addEventListener("click", saveAnimation);
find(".link").addEventListener("click", copyLink);
for (const button of findAll("[data-go]")) {
  button.addEventListener("click", () => run && goTo(PLACES[button.dataset.go]()));
}
for (const kind of ["speed", "view"]) {
  for (const button of findAll(`[data-${kind}]`)) {
    button.addEventListener("click", () => {
      state[kind] = button.dataset[kind];
      show();
    });
  }
}
find(".plot").addEventListener("pointerdown", (event) => {
  find(".plot").setPointerCapture(event.pointerId);
  scrub(event);
});
find(".plot").addEventListener("pointermove", (event) => { if (event.buttons) scrub(event); });
element.addEventListener("keydown", (event) => {
  const { target, key } = event;
  if (!run || event.ctrlKey || event.altKey || event.metaKey || target.closest("select, input")) return;
  if (key === " " && !target.closest("button")) toggle();
  else if (key === "Escape" && run.count > 1 && state.chosen !== null) lookCloser(null);
  else if (event.shiftKey && KEYS[key] in CHANNEL) goTo(visibleCount() + (part() + CHANNEL[KEYS[key]]) / run.channels);
  else if (key in KEYS) goTo(PLACES[KEYS[key]]());
  else return;
  event.preventDefault();
});

watch("value", receive);
receive();
show();
