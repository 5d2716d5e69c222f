// What is erased by hand: with the pointer, or with the arrow keys and Space.
import { clamp, find } from "../common.js";
import { about, announce, chosen, state } from "./state.js";

const RADIUS = 2.2; // of the brush, in pixels of the picture
const canvas = find(".start canvas");

/** Pixels that are erased as they stand in the address: a bit each, in URL-safe base64. */
export const encodeErased = () => {
  if (!state.erased.size) return "";
  const { width, height } = about(), bytes = new Uint8Array(Math.ceil((width * height) / 8));
  for (const i of state.erased) bytes[i >> 3] |= 1 << (i & 7);
  return btoa(String.fromCharCode(...bytes)).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
};

/** The pixels of such a code; nothing of what is none. */
export const decodeErased = (code) => {
  const { width, height } = about();
  try {
    const text = atob(code.replaceAll("-", "+").replaceAll("_", "/"));
    if (code && text.length !== Math.ceil((width * height) / 8)) return null;
    const found = Array.from({ length: width * height }, (_, i) => i).filter((i) => (text.charCodeAt(i >> 3) >> (i & 7)) & 1);
    return new Set(found);
  } catch {
    return null;
  }
};

const dab = ([x, y]) => {
  const { width, height } = about();
  for (let row = 0; row < height; row++) {
    for (let column = 0; column < width; column++) {
      if (Math.hypot(column + 0.5 - x, row + 0.5 - y) <= RADIUS) state.erased.add(row * width + column);
    }
  }
};

const place = (event) => {
  const box = canvas.getBoundingClientRect(), { width, height } = about();
  return [((event.clientX - box.left) / box.width) * width, ((event.clientY - box.top) / box.height) * height];
};

const MOVES = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

/** Lets the user erase. @param {(isDone: boolean) => void} changed is told of each change, and when a stroke is done */
export const wireEraser = (changed) => {
  let last = null;
  const isOn = () => chosen.mode === "part" && chosen.keep === "paint";
  canvas.addEventListener("pointerdown", (event) => {
    if (!isOn() || event.button !== 0) return;
    event.preventDefault();
    canvas.setPointerCapture(event.pointerId);
    last = place(event);
    dab(last);
    changed(false);
  });
  canvas.addEventListener("pointermove", (event) => {
    if (!last) return;
    const to = place(event), steps = Math.max(1, Math.ceil(2 * Math.hypot(to[0] - last[0], to[1] - last[1])));
    for (let i = 1; i <= steps; i++) dab(last.map((from, axis) => from + ((to[axis] - from) * i) / steps));
    last = to;
    changed(false);
  });
  for (const end of ["pointerup", "pointercancel"]) {
    canvas.addEventListener(end, () => {
      if (!last) return;
      last = null;
      changed(true);
    });
  }
  canvas.addEventListener("keydown", (event) => {
    const by = MOVES[event.key], { width, height } = about();
    if (!isOn() || !(by || event.key === " ")) return;
    event.preventDefault();
    state.brush ??= [Math.floor(width / 2), Math.floor(height / 2)];
    if (by) state.brush = [clamp(state.brush[0] + by[0], 0, width - 1), clamp(state.brush[1] + by[1], 0, height - 1)];
    else dab(state.brush.map((at) => at + 0.5));
    announce(by ? `Row ${state.brush[1] + 1}, column ${state.brush[0] + 1}` : "Erased");
    changed(!by);
  });
  canvas.addEventListener("blur", () => {
    state.brush = null;
    changed(false);
  });
};
