// What the widgets share. Each widget runs a copy of it, joined with its own modules to the body of one function, whose
// arguments are element, props, server, trigger and watch.

// --- elements

export const find = (selector) => element.querySelector(selector);
export const findAll = (selector) => [...element.querySelectorAll(selector)];

/** A new element with a class and children, which are elements or text. */
export const make = (tag, className = "", ...children) => {
  const node = document.createElement(tag);
  if (className) node.className = className;
  if (tag === "button") node.type = "button";
  node.append(...children);
  return node;
};

/** Marks those of some buttons that are pressed. */
export const press = (buttons, isPressed) => {
  for (const button of buttons) button.setAttribute("aria-pressed", String(Boolean(isPressed(button))));
};

/** Shows a text in an element, or hides the element when there is none. */
export const showText = (node, text) => {
  node.hidden = !text;
  node.textContent = text || "";
};

// --- numbers

export const clamp = (value, low, high) => Math.min(high, Math.max(low, value));

const formats = new Map(); // by the number of digits: to make one takes longer than all that it formats

const formatOf = (digits) => {
  const options = { minimumFractionDigits: digits, maximumFractionDigits: digits };
  if (!formats.has(digits)) formats.set(digits, new Intl.NumberFormat("en-US", options));
  return formats.get(digits);
};

/** A number with so many digits, a true minus, commas between thousands, and no minus before a zero; a dash for none. */
export const formatNumber = (value, digits) =>
  Number.isFinite(value)
    ? formatOf(digits)
        .format(Number(value.toFixed(digits)) || 0)
        .replace("-", "−")
    : "–";

// --- colours

/** From a share, 0 to 1, to the colour there on a scale of evenly spaced colours: [red, green, blue]. */
export const colorScale = (colors) => {
  const anchors = colors.map((hex) => [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16)));
  return (share) => {
    const place = clamp(share, 0, 1) * (anchors.length - 1);
    const low = Math.min(Math.floor(place), anchors.length - 2);
    return anchors[low].map((value, c) => Math.round(value + (place - low) * (anchors[low + 1][c] - value)));
  };
};

/** The colours of 256 levels. */
export const palette = (colors) => {
  const scale = colorScale(colors);
  return Array.from({ length: 256 }, (_, level) => scale(level / 255));
};

export const gradient = (colors) => `linear-gradient(to right,${colors.join(",")})`;

// --- pictures

/** Bytes as base64. */
export const packBytes = (bytes) => btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(""));
/** The bytes that are written in base64. */
export const unpackBytes = (text) => Uint8Array.from(atob(text), (character) => character.charCodeAt(0));

/** Gives a canvas a size; setting it, even to the same, would empty the canvas. */
export const resize = (canvas, width, height) => {
  if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
};

/**
 * Paints one of many pictures into a canvas.
 * @param {HTMLCanvasElement} canvas
 * @param {{levels: Uint8Array, width: number, height: number, channels: number}} pictures all their levels, row by row,
 *   the channels of a pixel together
 * @param {{index?: number, left?: number, colors?: number[][]}} where which picture, how far from the left edge, and
 *   the colours of levels, if they are not greys
 */
export const paintPicture = (canvas, { levels, width, height, channels }, { index = 0, left = 0, colors } = {}) => {
  const context = canvas.getContext("2d");
  const image = context.createImageData(width, height);
  for (let i = 0; i < width * height; i++) {
    const first = (index * width * height + i) * channels;
    for (let c = 0; c < 3; c++) {
      const level = levels[first + (channels === 3 ? c : 0)];
      image.data[4 * i + c] = colors ? colors[level][c] : level;
    }
    image.data[4 * i + 3] = 255;
  }
  context.putImageData(image, left, 0);
};

/** The picture on a canvas, as other tabs take it: {pixels, height, width, channels}. */
export const readPicture = (canvas, channels) => {
  const { width, height } = canvas, { data } = canvas.getContext("2d").getImageData(0, 0, width, height);
  return { pixels: [...data].filter((_, i) => i % 4 < channels), height, width, channels };
};

// --- files

export const download = (name, address) => Object.assign(make("a"), { href: address, download: name }).click();

export const downloadBlob = (name, blob) => {
  const address = URL.createObjectURL(blob);
  download(name, address);
  setTimeout(() => URL.revokeObjectURL(address), 10_000);
};

export const gifAddress = (base64) => `data:image/gif;base64,${base64}`;

// --- the server

const NO_ANSWER = "The server did not answer; try again.";

/** What the server answers; an answer with an error when there is none. */
export const ask = async (name, question) => {
  try {
    return (await server[name](question)) ?? { error: NO_ANSWER };
  } catch {
    return { error: NO_ANSWER };
  }
};
