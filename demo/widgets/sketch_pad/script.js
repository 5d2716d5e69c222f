// The pad's value is a PNG data URL, "" when nothing is drawn. The history holds values, so that undo gives back
// exactly what was there before, a picture set from Python included.
import { find, make, paintPicture } from "../common.js";
import { fieldOf, receivePicture, setFields } from "../shell.js";

const canvas = find("canvas");
const hint = find(".hint");
const undoButton = find(".undo");
const clearButton = find(".clear");
const context = canvas.getContext("2d", { willReadFrequently: true });
const SIDE = canvas.width;
const PEN = SIDE / 12; // a drawn digit, fitted into 20x20, gets strokes about as thick as MNIST's
const STEPS_BACK = 50;
const PAUSE = 150; // milliseconds between two reports of a pen that moves
const LONGEST = 7000; // characters of a picture in the page's address; some servers take no more than 8,000

let shown = "";
let arrived = false; // whether there has been a picture
const history = [];
let unkept = null; // what the address has yet to hold, once it is painted
let pen = null; // the pointer that is drawing, and where it was

function blank() {
  context.fillStyle = "#000";
  context.fillRect(0, 0, SIDE, SIDE);
}

function isBlank() {
  const { data } = context.getImageData(0, 0, SIDE, SIDE);
  for (let i = 0; i < data.length; i += 4) if (data[i]) return false;
  return true;
}

function refresh() {
  hint.style.display = shown || pen ? "none" : "";
  undoButton.disabled = !history.length;
  clearButton.disabled = !shown;
  const state = shown ? "holds a picture" : "empty: draw with mouse, finger or pen";
  canvas.setAttribute("aria-label", `Drawing area, ${state}; Ctrl+Z undoes the last change`);
}

function paint(url) {
  if (!url) {
    blank();
    return;
  }
  const picture = new Image();
  picture.onload = () => {
    if (shown !== url || pen) return; // stale: something newer is shown, or being drawn
    const scale = SIDE / Math.max(picture.width, picture.height);
    const [width, height] = [picture.width * scale, picture.height * scale];
    blank();
    context.imageSmoothingEnabled = scale < 1; // small pictures keep their crisp pixels
    context.drawImage(picture, (SIDE - width) / 2, (SIDE - height) / 2, width, height);
    if (unkept === url) keepInAddress();
  };
  picture.src = url;
}

function remember() {
  history.push(shown);
  if (history.length > STEPS_BACK) history.shift();
}

function report(url, event = "input", data = undefined, unpainted = event !== "input") {
  shown = url;
  arrived = true;
  refresh();
  props.value = url;
  unkept = url;
  if (!url || !unpainted) keepInAddress();
  trigger(event, data);
}

// What is drawn, as greys: the address holds them packed. A picture in colour is too long for one.
async function keepInAddress() {
  const url = unkept;
  unkept = null;
  if (!props.tab || url === null) return;
  const { data } = context.getImageData(0, 0, SIDE, SIDE);
  const isGrey = data.every((level, i) => i % 4 === 3 || level === data[i - (i % 4)]);
  let code = "";
  if (url && isGrey) {
    const packed = new Blob([data.filter((_, i) => i % 4 === 0)]).stream().pipeThrough(new CompressionStream("deflate-raw"));
    const bytes = new Uint8Array(await new Response(packed).arrayBuffer());
    code = btoa(String.fromCharCode(...bytes)).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
  }
  if (shown === url) setFields(props.tab, { [fieldOf(props, "picture")]: code.length > LONGEST ? "" : code });
}

// A picture of another tab: levels row by row, the channels of a pixel together.
function take(picture) {
  const { pixels, ...about } = picture, { width, height, channels } = about;
  const small = Object.assign(make("canvas"), { width, height });
  paintPicture(small, { levels: pixels, width, height, channels });
  remember();
  report(small.toDataURL("image/png"), "carry", about);
  paint(shown);
}

function undo() {
  if (!history.length || pen) return;
  report(history.pop(), "input", undefined, true);
  paint(shown);
}

function clear() {
  if (!shown || pen) return;
  remember();
  report("");
  paint("");
}

function place(event) {
  const box = canvas.getBoundingClientRect();
  return [((event.clientX - box.left) / box.width) * SIDE, ((event.clientY - box.top) / box.height) * SIDE];
}

// A quadratic curve from midpoint to midpoint, bent by the point between: smooth however few points the pointer gives.
function stroke(point) {
  const middle = [(pen.last[0] + point[0]) / 2, (pen.last[1] + point[1]) / 2];
  context.beginPath();
  context.moveTo(...pen.middle);
  context.quadraticCurveTo(...pen.last, ...middle);
  context.stroke();
  pen.middle = middle;
  pen.last = point;
}

// What is drawn so far, for those who follow the pen; the history knows whole strokes only.
function reportLive() {
  if (!props.live || performance.now() - pen.told < PAUSE) return;
  pen.told = performance.now();
  shown = props.value = canvas.toDataURL("image/png");
  trigger("input");
}

function finish(event) {
  if (!pen || event.pointerId !== pen.id) return;
  context.beginPath();
  context.moveTo(...pen.middle);
  context.lineTo(...pen.last);
  context.stroke();
  const url = isBlank() ? "" : canvas.toDataURL("image/png"), { before } = pen;
  pen = null;
  if (url !== before) {
    shown = before;
    remember();
    report(url);
  } else {
    refresh();
  }
}

canvas.addEventListener("pointerdown", (event) => {
  if (pen || event.button !== 0) return;
  event.preventDefault();
  canvas.focus({ preventScroll: true });
  canvas.setPointerCapture(event.pointerId);
  const point = place(event);
  pen = { id: event.pointerId, last: point, middle: point, before: shown, told: performance.now() };
  Object.assign(context, { strokeStyle: "#fff", lineWidth: PEN, lineCap: "round", lineJoin: "round" });
  refresh();
  context.fillStyle = "#fff"; // a dot, even when the pointer does not move
  context.beginPath();
  context.arc(...point, PEN / 2, 0, 2 * Math.PI);
  context.fill();
});

canvas.addEventListener("pointermove", (event) => {
  if (!pen || event.pointerId !== pen.id) return;
  const events = event.getCoalescedEvents?.() ?? [];
  for (const part of events.length ? events : [event]) stroke(place(part));
  reportLive();
});

for (const end of ["pointerup", "pointercancel", "lostpointercapture"]) canvas.addEventListener(end, finish);

undoButton.addEventListener("click", undo);
clearButton.addEventListener("click", clear);
element.addEventListener("keydown", (event) => {
  if ((event.ctrlKey || event.metaKey) && !event.shiftKey && event.key.toLowerCase() === "z") {
    event.preventDefault();
    undo();
  }
});

// Not before there is a first picture, which would replace one that came from another tab.
let isOpen = false;
function openToOthers() {
  if (isOpen || !props.tab) return;
  isOpen = true;
  receivePicture(props.view ? `${props.tab}-${props.view}` : props.tab, take);
}

function receive() {
  const url = props.value || "";
  if (url !== shown) accept(url);
  openToOthers();
}

function accept(url) {
  if (arrived) remember(); // the first picture is no change of the user's: there is nothing to take back
  arrived = true;
  shown = url;
  refresh();
  paint(url);
}

blank();
shown = props.value || "";
arrived = Boolean(shown);
paint(shown);
refresh();
if (shown) openToOthers();
watch("value", receive);
