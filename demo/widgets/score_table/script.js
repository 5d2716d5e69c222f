// Verdicts on many pictures, as they come. Names are a stranger's: they are only ever shown as text.
const find = (selector) => element.querySelector(selector);
const body = find("tbody");
const heads = [...element.querySelectorAll("th button")];

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

const known = () => rows.filter(Boolean);
const verdict = (row) => (row.error ? "unread" : row.p_value > props.alpha ? "reasonable" : "unreasonable");

function made(tag, role, name) {
  const node = document.createElement(tag);
  if (role) node.setAttribute("role", role);
  if (name) node.className = name;
  return node;
}

function said(value, digits) {
  if (value === null) return "–";
  return value.toLocaleString("en-US", { minimumFractionDigits: digits, maximumFractionDigits: digits }).replace("-", "−");
}

function icon(name) {
  return `<svg viewBox="0 0 24 24" aria-hidden="true">${ICONS[name]}</svg>`;
}

function build(row, index) {
  const line = made("tr", "row");
  const seen = made("td", "cell", "seen");
  if (row.picture) {
    const image = made("img");
    image.src = row.picture;
    image.alt = "";
    if (props.pickable) {
      const button = made("button");
      button.type = "button";
      button.setAttribute("aria-label", `Look closely at ${row.name}`);
      button.append(image);
      button.addEventListener("click", () => trigger("pick", { index, name: row.name, picture: row.picture }));
      seen.append(button);
    } else seen.append(image);
  }
  const name = made("td", "cell", "name");
  name.textContent = row.name;
  name.title = row.name;
  const judged = made("td", "cell", "judged");
  line.append(seen, name, judged);
  if (row.error) {
    judged.colSpan = 1 + NUMBERS.length;
    judged.innerHTML = icon("unread");
    judged.append(made("span"));
    judged.lastChild.textContent = `not judged: ${row.error}`;
    line.className = "unread";
    return line;
  }
  for (const [key, label, digits] of NUMBERS) {
    const cell = made("td", "cell", "number");
    cell.dataset.label = label;
    cell.textContent = said(row[key], digits);
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
  body.append(...known().sort((a, b) => last(a) - last(b) || compare(a, b) || a.index - b.index).map((row) => row.line));
  for (const head of heads) {
    const direction = head.dataset.key !== sorted.key ? "none" : sorted.up ? "ascending" : "descending";
    head.parentElement.setAttribute("aria-sort", direction);
  }
}

function show() {
  const { state, total, note } = message;
  const running = state === "running" || state === "waiting";
  const counts = { reasonable: 0, unreasonable: 0, unread: 0 };
  for (const row of known()) counts[verdict(row)] += 1;
  const judged = known().length;
  const parts = [`${counts.reasonable} reasonable`, `${counts.unreasonable} unreasonable`];
  if (counts.unread) parts.push(`${counts.unread} could not be read`);
  const stopped = state === "stopped" ? `Stopped after ${judged} of ${total}. ` : "";
  find(".many").hidden = !state;
  find(".many").setAttribute("aria-busy", String(running));
  find(".summary").textContent = running || !judged ? "" : `${stopped}${parts.join(", ")}`;
  const percent = said(100 * props.alpha, 0);
  if (state === "waiting") find(".count").textContent = "In line: somebody else's pictures are being judged just now.";
  else if (state === "running") {
    find(".count").textContent = `${judged} of ${total} judged` + (judged ? `: ${parts.join(", ")}` : "");
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
    rows[index] = { ...row, index, line: build(row, index) };
    label(rows[index]);
  });
  order();
  show();
}

function quoted() {
  const words = { reasonable: "reasonable", unreasonable: "unreasonable", unread: "" };
  const lines = known().map((row) => [row.csv[0], words[verdict(row)], row.csv[1]].join(","));
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
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([quoted()], { type: "text/csv" }));
  link.download = "scores.csv";
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
});
watch("value", receive);
watch("alpha", () => {
  known().forEach(label);
  order();
  show();
});
receive();
order();
show();
