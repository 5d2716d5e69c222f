// One picture, as it is or in magma.
import { find, gradient, paintPicture, palette, resize, unpackBytes } from "../common.js";

const MAGMA = palette(props.magma);
find("figcaption").textContent = props.title;
find(".ramp").style.background = gradient(props.magma);

/** @typedef {{pixels: string, width: number, height: number, channels: number, map: "plain" | "magma", alt: string,
 *   low?: string, high?: string}} PictureValue */

const draw = () => {
  /** @type {PictureValue | null} */
  const value = props.value;
  if (!value?.pixels) return;
  const canvas = find("canvas"), { width, height, channels, map, alt, low, high } = value;
  resize(canvas, width, height);
  const colors = map === "magma" ? MAGMA : undefined;
  paintPicture(canvas, { levels: unpackBytes(value.pixels), width, height, channels }, { colors });
  canvas.setAttribute("aria-label", alt);
  find(".scale").hidden = map !== "magma";
  find(".low").textContent = low || "";
  find(".high").textContent = high || "";
};
watch("value", draw);
draw();
