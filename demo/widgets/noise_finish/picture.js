// The pictures: what the model begins with, and what it makes of it.
import { find, findAll, formatNumber, make, paintPicture, press, resize, unpackBytes } from "../common.js";
import { RESULTS, about, chosen, given, mask, state } from "./state.js";

const start = find(".start canvas"), ENLARGED = 4; // pixels of the canvas per pixel of the picture, for the brush's frame
const piece = document.createElement("canvas");

const paint = (canvas, levels, index = 0) => {
  const { width, height, channels } = about();
  resize(canvas, width, height);
  if (levels) paintPicture(canvas, { levels, width, height, channels }, { index });
  else canvas.getContext("2d").clearRect(0, 0, width, height);
};

// What is kept of the picture; what is not is left open.
const paintKept = (levels) => {
  const { width, height } = about(), context = start.getContext("2d");
  paint(piece, levels);
  const image = piece.getContext("2d").getImageData(0, 0, width, height);
  mask().forEach((isKept, i) => { image.data[4 * i + 3] = isKept ? 255 : 0; });
  piece.getContext("2d").putImageData(image, 0, 0);
  resize(start, ENLARGED * width, ENLARGED * height);
  context.imageSmoothingEnabled = false;
  context.clearRect(0, 0, start.width, start.height);
  context.drawImage(piece, 0, 0, start.width, start.height);
  if (!state.brush) return;
  context.strokeStyle = "#e07b1a";
  context.lineWidth = 2;
  context.beginPath();
  context.arc(...state.brush.map((at) => ENLARGED * (at + 0.5)), ENLARGED * 2.2, 0, 2 * Math.PI);
  context.stroke();
};

/** Paints what the model begins with: the picture under its noise, as it was answered; or what is kept. */
export const paintStart = () => {
  const picture = given();
  if (!picture) paint(start, null);
  else if (chosen.mode === "part") paintKept(unpackBytes(picture));
  else paint(start, unpackBytes(state.result?.question.name === "redraw" ? state.result.start : picture));
};

const cards = Array.from({ length: RESULTS }, (_, index) => {
  const canvas = make("canvas"), caption = make("span", "caption"), button = make("button", "", canvas, caption);
  button.dataset.index = index;
  return button;
});
find(".results").append(...cards);

export const resultCanvas = () => cards[state.looked].querySelector("canvas");

const readText = (name, sure) => `${name} (${sure > 0.995 ? "over 99 %" : `${formatNumber(100 * sure, 0)} %`})`;

/** Shows what was made, and which of it is looked at. */
export const showResults = () => {
  const { result } = state, levels = result && unpackBytes(result.pictures);
  cards.forEach((card, index) => {
    paint(card.querySelector("canvas"), levels, index);
    card.querySelector(".caption").textContent = result?.reads ? readText(result.reads[index], result.sure[index]) : "";
    card.setAttribute("aria-label", result?.reads ? `Result ${index + 1}, read as ${result.reads[index]}` : `Result ${index + 1}`);
    card.disabled = !result;
  });
  press(cards, (card) => result && Number(card.dataset.index) === state.looked);
  for (const button of findAll(".take button")) button.disabled = !result;
};
