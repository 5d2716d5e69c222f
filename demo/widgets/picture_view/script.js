const canvas = element.querySelector("canvas");
const scale = element.querySelector(".scale");
element.querySelector("figcaption").textContent = props.title;

const anchors = props.magma.map((hex) => [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16)));
const colour = (level) => {
  const place = (level / 255) * (anchors.length - 1);
  const low = Math.min(Math.floor(place), anchors.length - 2);
  return anchors[low].map((c, i) => c + (place - low) * (anchors[low + 1][i] - c));
};
const magma = Array.from({ length: 256 }, (_, level) => colour(level));
element.querySelector(".ramp").style.background = "linear-gradient(90deg," + props.magma.join(",") + ")";

const draw = () => {
  const value = props.value;
  if (!value || !value.pixels) return;
  const levels = Uint8Array.from(atob(value.pixels), (c) => c.charCodeAt(0));
  if (canvas.width !== value.width || canvas.height !== value.height) {
    canvas.width = value.width;
    canvas.height = value.height;
  }
  const context = canvas.getContext("2d");
  const image = context.createImageData(value.width, value.height);
  const { channels } = value;
  for (let i = 0; i < value.width * value.height; i++) {
    const own = levels.subarray(channels * i, channels * (i + 1));
    const [r, g, b] = value.map === "magma" ? magma[own[0]] : channels === 3 ? own : [own[0], own[0], own[0]];
    image.data.set([r, g, b, 255], 4 * i);
  }
  context.putImageData(image, 0, 0);
  canvas.setAttribute("aria-label", value.alt);
  scale.hidden = value.map !== "magma";
  scale.querySelector(".low").textContent = value.low || "";
  scale.querySelector(".high").textContent = value.high || "";
};
watch("value", draw);
draw();
