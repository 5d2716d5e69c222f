// The canvas: buttons and keys. The pixels of a run are buffered as they come from the model (run.js), and played back at
// a pace that a person can see (playback.js).
import { find, findAll } from "../common.js";
import { KEYS, wireScrubber } from "../player.js";
import { carry, onArrive, receivePicture, setFields } from "../shell.js";
import "./controls.js";
import { carriedPicture, saveAnimation, savePicture } from "./export.js";
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

find(".play").addEventListener("click", toggle);
find(".stop").addEventListener("click", stop);
find(".save").addEventListener("click", savePicture);
find(".animation").addEventListener("click", saveAnimation);
for (const tab of ["judge", "walk"]) {
  find(`.${tab}`).addEventListener("click", () => carry(tab, carriedPicture()));
}
receivePicture("draw", (picture) => trigger("bring", picture));
for (const button of findAll("[data-go]")) {
  button.addEventListener("click", () => run && goTo(PLACES[button.dataset.go]()));
}
find(".speed").addEventListener("change", ({ target }) => {
  state.speed = target.value;
  show();
});
for (const button of findAll("[data-view]")) {
  button.addEventListener("click", () => {
    state.view = button.dataset.view;
    setFields("draw", { look: state.view === "picture" ? "" : state.view });
    show();
  });
}
find(".rivals select").addEventListener("change", ({ target }) => setFields("draw", { beside: target.value }));
onArrive("draw", ({ look, beside, pixel }) => {
  state.view = findAll("[data-view]").some((button) => button.dataset.view === look) ? look : "picture";
  state.wish = { beside, pixel };
  if (!state.blank) state.tool = "look"; // what was in the hand would change the picture that a link shows
  show();
});
wireScrubber(find(".plot"), (share) => goTo(Math.round(share * (run?.size ?? 0))));
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
