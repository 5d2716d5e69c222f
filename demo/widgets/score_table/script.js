// Verdicts on many pictures, as they come; see messages.py. Names are a client's: they are only ever shown as text.
import { downloadBlob, find, findAll, formatNumber, make } from "../common.js";

const body = find("tbody");
const heads = findAll("th button");

const ICONS = {
  reasonable: '<circle cx="12" cy="12" r="9.5"/><path d="m7.5 12.5 3 3 6-6.5"/>',
  unreasonable: '<path d="M12 3 22 21H2z"/><path d="M12 10v5m0 2.5v.5"/>',
  unread: '<circle cx="12" cy="12" r="9.5"/><path d="m8 8 8 8m0-8-8 8"/>',
};
const NUMBERS = [
  ["p_value", "p", 4],
  ["outlier_score", "outlier", 2],
  ["log_prob", "log p(x)", 1],
  ["bits_per_dim", "bits", 3],
];

let run = 0;
let message = { state: "" };
let rows = []; // by number; until the last message some may be missing
let sorted = { key: "", up: true };
let stopping = false;

const knownRows = () => rows.filter(Boolean);
const verdict = (row) => (row.error ? "unread" : row.p_value > props.alpha ? "reasonable" : "unreasonable");

// A cell or row; its role, for on a phone it is no table to the browser.
const makePart = (tag, role, className, ...children) => {
  const node = make(tag, className, ...children);
  node.setAttribute("role", role);
  return node;
};
const icon = (name) => `<svg viewBox="0 0 24 24" aria-hidden="true">${ICONS[name]}</svg>`;

function build(row) {
  const picture = makePart("td", "cell", "seen");
  if (row.picture) picture.append(Object.assign(make("img"), { src: row.picture, alt: "" }));
  const name = makePart("td", "cell", "name", row.name);
  name.title = row.name;
  const judged = makePart("td", "cell", "judged");
  const line = makePart("tr", "row", "", picture, name, judged);
  if (row.error) {
    judged.colSpan = 1 + NUMBERS.length;
    judged.innerHTML = icon("unread");
    judged.append(make("span", "", `not judged: ${row.error}`));
    line.className = "unread";
    return line;
  }
  for (const [key, label, digits] of NUMBERS) {
    const cell = makePart("td", "cell", "number", formatNumber(row[key], digits));
    cell.dataset.label = label;
    line.append(cell);
  }
  return line;
}

function label(row) {
  const word = verdict(row);
  if (row.error || row.line.className === word) return;
  row.line.className = word;
  row.line.querySelector(".judged").innerHTML = `${icon(word)}<span>${word}</span>`;
}

function order() {
  const sign = sorted.up ? 1 : -1;
  const compare = {
    "": (a, b) => a.index - b.index,
    name: (a, b) => sign * a.name.localeCompare(b.name, undefined, { numeric: true }),
    verdict: (a, b) => sign * verdict(a).localeCompare(verdict(b)) || a.p_value - b.p_value,
  }[sorted.key] ?? ((a, b) => sign * (a[sorted.key] - b[sorted.key]));
  const last = (row) => sorted.key && row.error ? 1 : 0; // what was not judged has no place among numbers
  body.append(...knownRows().sort((a, b) => last(a) - last(b) || compare(a, b) || a.index - b.index).map((row) => row.line));
  for (const head of heads) {
    const direction = head.dataset.key !== sorted.key ? "none" : sorted.up ? "ascending" : "descending";
    head.parentElement.setAttribute("aria-sort", direction);
  }
}

function show() {
  const { state, total, note } = message;
  const running = state === "running" || state === "waiting";
  const counts = { reasonable: 0, unreasonable: 0, unread: 0 };
  for (const row of knownRows()) counts[verdict(row)] += 1;
  const judged = knownRows().length;
  const parts = [`${counts.reasonable} reasonable`, `${counts.unreasonable} unreasonable`];
  if (counts.unread) parts.push(`${counts.unread} could not be read`);
  const stopped = state === "stopped" ? `Stopped after ${judged} of ${total}. ` : "";
  find(".many").hidden = !state;
  find(".many").setAttribute("aria-busy", String(running));
  find(".summary").textContent = running || !judged ? "" : `${stopped}${parts.join(", ")}`;
  const percent = formatNumber(100 * props.alpha, 0);
  if (state === "waiting") find(".count").textContent = "Waiting: another visitor's pictures are being judged.";
  else if (state === "running") {
    find(".count").textContent = `${judged} of ${total} judged${judged ? `: ${parts.join(", ")}` : ""}`;
  } else find(".count").textContent = judged ? `as ${message.as}; ${percent} % false alarms accepted` : "";
  find("progress").hidden = !running;
  find("progress").max = total || 1;
  find("progress").value = judged;
  find(".end").hidden = !running;
  find(".end").disabled = stopping;
  find(".save").hidden = !judged;
  find(".note").textContent = note || "";
  find(".frame").hidden = !judged;
}

function receive() {
  const next = props.value && JSON.parse(props.value);
  if (!next || next.run < run) return;
  if (next.run > run) {
    run = next.run;
    rows = [];
    stopping = false;
    body.replaceChildren();
  }
  message = next;
  (next.rows || []).forEach((row, i) => {
    const index = next.start + i;
    if (rows[index]) return;
    rows[index] = { ...row, index, line: build(row) };
    label(rows[index]);
  });
  order();
  show();
}

function csv() {
  const words = { reasonable: "reasonable", unreasonable: "unreasonable", unread: "" };
  const lines = knownRows().map((row) => [row.csv[0], words[verdict(row)], row.csv[1]].join(","));
  return [props.columns, ...lines, ""].join("\r\n");
}

for (const head of heads) {
  head.addEventListener("click", () => {
    sorted = { key: head.dataset.key, up: sorted.key === head.dataset.key ? !sorted.up : true };
    order();
    find(".frame").scrollTop = 0;
  });
}
find(".end").addEventListener("click", () => {
  stopping = true;
  if (message.state === "waiting") message = { ...message, state: "stopped", note: "Stopped before the first picture." };
  show();
  trigger("stop");
});
find(".save").addEventListener("click", () => {
  downloadBlob("scores.csv", new Blob([csv()], { type: "text/csv" }));
});
watch("value", receive);
watch("alpha", () => {
  for (const row of knownRows()) label(row);
  order();
  show();
});
receive();
order();
show();
