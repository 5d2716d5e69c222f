const RINGS = [1, 2, 3]; // standard deviations of the prior
const REST = 120; // milliseconds without a movement after which the server is asked for the exact picture
const SIDE = 17; // pictures along an edge of the backdrop
const DIM = 0.42; // of the backdrop, so that the dots stay readable
const LONGEST = 64; // pictures of a path
const DENSE = 0.012; // of the map's edge, between pictures of a path
const MINE = "#22d3ee";
const find = (selector) => element.querySelector(selector);
const picture = find(".picture"), context = picture.getContext("2d");
const land = find(".land"), marks = find(".marks"), size = picture.width;
const colors = props.colors.split(","), names = props.classes.split(",");

let ground = null; // where the map lies, and the dots on it
let sprite = null, count = 0; // decoded pictures of count x count points
let here = null; // the point that is shown
let moves = 0;
let tool = "look", faded = new Set(), edge = 0, ratio = 1;
let value = {};

const bytes = (text) => Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
const ask = async (name, sent) => {
  try {
    const answer = await server[name]({ model: props.model, ...sent });
    problem(answer.error);
    return answer.error ? null : answer;
  } catch {
    problem("The server did not answer; try again.");
    return null;
  }
};
const problem = (words) => {
  find(".problem").hidden = !words;
  find(".problem").textContent = words || "";
};
const paint = (canvas, levels, nth = 0) => {
  const target = canvas.getContext("2d"), image = target.createImageData(size, size);
  for (let i = 0; i < size * size; i++) {
    image.data.fill(levels[nth * size * size + i], 4 * i, 4 * i + 3);
    image.data[4 * i + 3] = 255;
  }
  target.putImageData(image, 0, 0);
};
const signed = (number) => number.toFixed(2).replace("-", "−");
const tell = (z) => {
  find(".place").textContent = "z = (" + signed(z[0]) + ", " + signed(z[1]) + ")";
};

// --- from the latent space to the map and back

const across = (z1) => ((z1 - ground.low[0]) / ground.span) * edge;
const down = (z2) => edge - ((z2 - ground.low[1]) / ground.span) * edge;
const within = (z) => z.map((x, i) => Math.min(ground.low[i] + ground.span, Math.max(ground.low[i], x)));
const pointAt = (event) => {
  const box = marks.getBoundingClientRect();
  const x = (event.clientX - box.left) / box.width, y = (event.clientY - box.top) / box.height;
  return within([ground.low[0] + x * ground.span, ground.low[1] + (1 - y) * ground.span]);
};
