// What the players of drawings share: buttons, keys and speeds.
import { clamp, find } from "./common.js";

const SECONDS = { slow: 12, normal: 4 }; // that a whole drawing takes
const ICONS = {
  Pause: "M6 5h4v14H6zM14 5h4v14h-4z",
  Resume: "M7 4l13 8-13 8z",
  Replay: "M12 5V1L6 6l6 5V7a5 5 0 1 1-5 5H5a7 7 0 1 0 7-7z",
};
const STEPS = {
  start: ["To the start", "Home", "M5 5h3v14H5zM20 5v14L9 12z"],
  back: ["One {unit} back", "left arrow", "M14.5 5L8 12l6.5 7 1.5-1.5L11 12l5-5.5z"],
  on: ["One {unit} forward", "right arrow", "M9.5 5L8 6.5l5 5.5-5 5.5L9.5 19l6.5-7z"],
  end: ["To the end", "End", "M16 5h3v14h-3zM4 5v14l11-7z"],
};

/** Where the keys lead. */
export const KEYS = { Home: "start", ArrowLeft: "back", ArrowRight: "on", End: "end", PageUp: "up", PageDown: "down" };

/** The speed to begin with. */
export const firstSpeed = () => (matchMedia("(prefers-reduced-motion: reduce)").matches ? "fast" : "normal");

const icon = (path) => `<svg viewBox="0 0 24 24" aria-hidden="true"><path d="${path}"/></svg>`;

const stepButton = (go, unit) => {
  const [words, key, path] = STEPS[go], name = words.replace("{unit}", unit);
  return `<button type="button" class="step" data-go="${go}" aria-label="${name}" title="${name} (${key})">${icon(path)}</button>`;
};

/**
 * Fills the place of the buttons.
 * @param {string} unit what one step is called
 * @param {string} where what has to have the focus, for the space bar
 */
export const buildTransport = (unit, where) => {
  find(".transport").innerHTML = `${stepButton("start", unit)}${stepButton("back", unit)}
    <button type="button" class="play" title="Space, when ${where} has the focus">${icon("")}<span>Pause</span></button>
    ${stepButton("on", unit)}${stepButton("end", unit)}
    <button type="button" class="stop" title="Stop, and keep the ${unit}s so far">${icon("M6 6h12v12H6z")}<span>Stop</span></button>
    <select class="speed" aria-label="Speed"><option value="single">1 ${unit}/s</option><option value="slow">slow</option>
      <option value="normal">normal</option><option value="fast">full speed</option></select>`;
};

/** Shows on the play button what it would do. */
export const showPlay = (name, isReady) => {
  find(".play span").textContent = name;
  find(".play path").setAttribute("d", ICONS[name]);
  find(".play").disabled = !isReady;
};

/** The place after some more seconds, of a drawing of so many steps; it may lie beyond the end. */
export const placeAfter = (at, seconds, speed, size) =>
  speed === "fast" ? Infinity : at + seconds * (speed === "single" ? 1 : size / SECONDS[speed]);

/** Lets a pointer choose a place along a bar, as a share of its width. */
export const wireScrubber = (bar, goToShare) => {
  const scrub = (event) => {
    const box = bar.getBoundingClientRect();
    goToShare(clamp((event.clientX - box.left) / box.width, 0, 1));
  };
  bar.addEventListener("pointerdown", (event) => {
    bar.setPointerCapture(event.pointerId);
    scrub(event);
  });
  bar.addEventListener("pointermove", (event) => { if (event.buttons) scrub(event); });
};
