// The buttons that take a picture to other tabs: to be judged, and to be drawn on where that tab has a model of such pictures.
import { find, readPicture } from "./common.js";
import { carry } from "./shell.js";

/** Wires the buttons; read says what is to be taken, {canvas, channels, model}. */
export const wireTaking = (read) => {
  for (const tab of ["judge", "draw"]) {
    find(`.${tab}`).addEventListener("click", () => {
      const { canvas, channels, model } = read();
      carry(tab, { ...readPicture(canvas, channels), model, dataset: props.taken[model].dataset });
    });
  }
};

/** Offers what can be done with a model's pictures. */
export const showTaking = (model) => { find(".draw").hidden = !props.taken[model].draw; };
