// What is said of the pictures.
import { find, findAll, formatNumber } from "../common.js";
import { word } from "../shell.js";
import { stroke } from "./edit.js";
import { atEnd, canvas, current, labelText, NAMES, part, run, state, visibleCount, visiblePictures } from "./state.js";

const EACH = 4; // on a sheet the curves of all pictures are drawn from every fourth pixel
const SUBJECT = { picture: "", surprise: "surprise map of a ", entropy: "entropy map of a ", depends: "what one pixel depends on in a ", mean: "" };

const lowest = (count) => Math.min(-1, ...visiblePictures().map(({ sums }) => sums[count]));

export const drawCurves = () => {
  const bottom = lowest(run.ready), step = current() === null ? EACH : 1;
  const lines = visiblePictures().map(({ sums }) => {
    const points = [];
    for (let i = 0; i <= run.ready; i += step) points.push(`${i},${(100 * sums[i]) / bottom}`);
    return `<polyline points="${points.join(" ")}"/>`;
  });
  for (const svg of findAll(".plot svg")) {
    svg.setAttribute("viewBox", `0 0 ${run.size} 100`);
    svg.innerHTML = lines.join("");
  }
  find(".bottom").textContent = formatNumber(bottom, 0);
};

const UNIT = word("bits per value"), NATS = word("nats"), LOG_P = "log p(x)";
const bitsOf = (nats) => -nats / (run.size * run.channels * Math.LN2);
const HARDLY = 1; // nats; a class that changes less of a picture's log-probability hardly matters

const setHtml = (selector, html) => {
  const node = find(selector);
  if (node.dataset.html === html) return; // a word that is explained keeps the focus
  node.dataset.html = html;
  node.innerHTML = html;
};

const shareText = ({ share, of, usual }, bits) => {
  const many = run.subject[1];
  if (!share) {
    if (usual === null) return `This one takes ${formatNumber(bits, 2)} ${UNIT}.`;
    const without = run.labels[current()] === "any" ? "" : " without the class"; // beside the bits given the class
    return `Real ${many} take ${formatNumber(usual, 2)} ${UNIT} on average, this one ${formatNumber(bits, 2)}${without}.`;
  }
  const below = share[current()], among = `${formatNumber(of, 0)} real ${many}`;
  if (below <= 0) return `Less likely than every one of ${among}.`;
  if (below >= 1) return `More likely than every one of ${among}.`;
  const percent = 100 * below;
  return `More likely than ${formatNumber(percent, percent > 10 && percent < 99 ? 0 : 1)} % of ${among}.`;
};

// What the class tells of the picture: how much likelier it is than without.
const classText = (sum, anyClass) => {
  const nats = sum - anyClass, size = formatNumber(Math.abs(nats), 1);
  const without = `Without the class: log p(x) = ${formatNumber(anyClass, 1)} nats`;
  if (Math.abs(nats) < HARDLY) return `${without}, only ${size} apart: here the class hardly matters. `;
  return `${without}, ${size} ${nats > 0 ? "less" : "more"}. `;
};

const readsText = ({ reads, sure }) => {
  const which = current();
  if (!reads) return "";
  if (which === null) {
    const asked = run.labels.filter((label) => label !== "any").length;
    const right = reads.filter((name, i) => name === run.labels[i]).length;
    return asked ? `The classifier reads ${right} of ${asked} as asked.` : "";
  }
  const percent = sure[which] > 0.995 ? "over 99 %" : `${formatNumber(100 * sure[which], 0)} %`;
  const says = `The classifier reads it as ${reads[which]} (${percent})`;
  const label = run.labels[which];
  return label === "any" || label === reads[which] ? `${says}.` : `${says}, asked for was ${label}.`;
};

const progressWord = () => {
  if (state.blank) return "blank canvas";
  if (atEnd()) return run.stopped ? "stopped" : "complete";
  if (!state.playing) return "paused";
  if (run.over) return "replaying";
  return state.at >= run.ready ? "waiting for the model" : "drawing";
};

const wholeLabel = () => {
  if (new Set(run.labels).size > 1) return run.pictures;
  return labelText(run.label) + (run.count > 1 ? `, ${run.count} pictures` : "");
};

export const describeRun = () => {
  const count = visibleCount(), whole = count === run.size && run.done;
  const begun = part() ? ` and ${NAMES.slice(0, part()).join(" and ")} of the next` : "";
  const progress = `${count} of ${run.size} pixels${begun}`;
  find(".status").textContent =
    `${progressWord()}: ${progress} · ${wholeLabel()}, seed ${run.seed}, temperature ${run.temperature}${guidanceText()}`;
  const bottom = lowest(run.ready), sums = visiblePictures().map((picture) => picture.sums[count]);
  if (current() === null) describeSheet(whole, sums);
  else describePicture(whole, sums[0]);
  find(".reads").textContent = whole && !stroke ? readsText(run.done) : "";
  const pace = run.slow ? "shown slowly." : "shown at full speed.";
  find(".time").textContent = run.done && !run.stopped ? `Drawn in ${formatNumber(run.done.seconds, 2)} s, ${pace}` : "";
  canvas.setAttribute("aria-busy", String(Boolean(stroke || state.pending)));
  const many = current() === null ? `${run.count} × ` : "";
  canvas.setAttribute("aria-label", `${SUBJECT[state.view]}${many}${run.subject[0]}, ${progress} drawn`);
  find(".seen").style.clipPath = `inset(-4px ${100 - (100 * count) / run.size}% -4px 0)`;
  const head = find(".head"), plot = find(".plot");
  head.style.left = `${(100 * count) / run.size}%`;
  head.style.top = `${(100 * Math.min(...sums)) / bottom}%`;
  plot.setAttribute("aria-valuemax", String(run.size));
  plot.setAttribute("aria-valuenow", String(count));
  plot.setAttribute("aria-valuetext", `${progress}, log p so far ${formatNumber(Math.min(...sums), 1)} nats`);
};

const guidanceText = () => {
  if (run.guidance === 1) return "";
  const has = new Set(run.labels).size > 1 || run.label !== "any";
  return has ? `, guidance ${run.guidance}` : ", guidance needs a class";
};

const describePicture = (whole, sum) => {
  const label = run.labels[current()], what = label === "any" ? LOG_P : `log p(x | ${label})`;
  // What is guided comes from other odds than the model's own, which are there only in the end.
  const isGuided = run.guidance !== 1 && label !== "any" && !run.done;
  setHtml(".what", isGuided ? "guided log-probability so far" : word(LOG_P, what) + (whole ? "" : " so far"));
  find(".number").textContent = `${formatNumber(sum, 1)} nats`;
  setHtml(".bits", whole ? `${formatNumber(bitsOf(sum), 2)} ${UNIT}` : "");
  const anyClass = run.done?.log_prob[current()] ?? 0; // log p(x), the class unknown
  const other = label === "any" ? "" : classText(sum, anyClass);
  setHtml(".meaning", whole ? `<span>${other}</span><span>${shareText(run.done, bitsOf(anyClass))}</span>` : "");
};

const describeSheet = (whole, sums) => {
  setHtml(".what", `${word(LOG_P)} of ${run.count} pictures${whole ? "" : " so far"}`);
  find(".number").textContent = `${formatNumber(Math.min(...sums), 0)} to ${formatNumber(Math.max(...sums), 0)}`;
  setHtml(".bits", whole ? `${NATS}; one curve for each picture` : NATS);
  setHtml(".meaning", run.start ? `One start, ${run.count} endings.` : "Click a picture to look closer.");
};

/** What is said of a sheet under the pointer. */
export const sheetCaption = () => {
  if (state.hovered === null) return "Click a picture to look closer";
  const label = run.labels[state.hovered], name = label === "any" ? `picture ${state.hovered + 1}` : labelText(label);
  const sum = run.sheet[state.hovered].sums[visibleCount()];
  return `${name} · log p ${formatNumber(sum, 1)} nats\nClick to look closer`;
};
