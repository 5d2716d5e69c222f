// The player: buttons, keys and what they lead to.
import { find, findAll, make, paintPicture, readPicture } from "../common.js";
import { KEYS, wireScrubber } from "../player.js";
import { carry, onArrive } from "../shell.js";
import { wireTaking } from "../taking.js";
import { saveAnimation, savePicture } from "./export.js";
import { frameAt, places } from "./picture.js";
import { goTo, lookCloser, show, stop, toggle } from "./playback.js";
import { estimate } from "./readings.js";
import { receive } from "./run.js";
import { current, end, picture, run, shownIndex, state } from "./state.js";

const LEAP = 10; // steps of the keys that go far
const PLACES = {
  start: () => 0,
  back: () => shownIndex() - 1,
  on: () => shownIndex() + 1,
  end,
  up: () => shownIndex() - LEAP,
  down: () => shownIndex() + LEAP,
};

find(".play").addEventListener("click", toggle);
find(".stop").addEventListener("click", stop);
find(".estimate").addEventListener("click", estimate);
for (const button of findAll("[data-go]")) {
  button.addEventListener("click", () => run && goTo(PLACES[button.dataset.go]()));
}
find(".speed").addEventListener("change", ({ target }) => {
  state.speed = target.value;
  show();
});
wireScrubber(find(".strip"), (share) => run && goTo(frameAt(share)));

find(".chart").addEventListener("click", ({ target }) => {
  const bar = target.closest("[data-step]");
  if (bar) goTo(Number(bar.dataset.step));
});

// A click on a picture of a sheet shows it alone, and a click on that one all.
picture.addEventListener("click", (event) => {
  if (!run || run.pictures === 1) return;
  if (current() !== null) {
    lookCloser(null);
    return;
  }
  const box = picture.getBoundingClientRect(), { width, height, list } = places();
  const x = ((event.clientX - box.left) / box.width) * width, y = ((event.clientY - box.top) / box.height) * height;
  const found = list.find((place) => x < place.x + run.width && y < place.y + run.height);
  if (found) lookCloser(found.index);
});

element.addEventListener("keydown", (event) => {
  const { target, key } = event;
  if (!run || event.ctrlKey || event.altKey || event.metaKey || target.closest("select, input")) return;
  if (key === " " && !target.closest("button")) toggle();
  else if (key === "Escape" && run.pictures > 1 && state.chosen !== null) lookCloser(null);
  else if (key in KEYS && !target.closest(".choice")) goTo(PLACES[KEYS[key]]());
  else return;
  event.preventDefault();
});

// The picture that is looked at, as it is at this moment, on a canvas of its own.
const finished = () => {
  const canvas = make("canvas"), { width, height, channels, model } = run;
  Object.assign(canvas, { width, height });
  paintPicture(canvas, { levels: run.frames[run.total - 1].images, width, height, channels }, { index: current() });
  return { canvas, channels, model };
};
wireTaking(finished);
find(".others").addEventListener("click", () => {
  const { canvas, channels, model } = finished();
  carry("noise", { ...readPicture(canvas, channels), model, dataset: props.taken[model].dataset }, "density");
});

find(".save").addEventListener("click", savePicture);
find(".animation").addEventListener("click", saveAnimation);

onArrive("noise", ({ at }) => { state.wish = /^\d{1,3}$/.test(at) ? at : ""; });
watch("value", receive);
receive();
show();
