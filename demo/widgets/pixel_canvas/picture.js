// What is seen on the canvas, and what one can take away of it.
const find = (selector) => element.querySelector(selector);
const CELL = 20, ZOOM = 10; // screen pixels a pixel: on the canvas, in the download
const MARK = "#22d3ee", MARK_RGB = [34, 211, 238];
const FAINTEST = 0.12; // how much of the mark's colour the weakest influence gets: seen at all, told from not seen
const DIMMED = 0.6; // of a grey under the influences, so that the mark's colour shows on white

const canvas = find("canvas");
let view = "picture";

const number = (value, digits) =>
  (Number(value.toFixed(digits)) || 0) // no minus before a zero
    .toLocaleString("en-US", { minimumFractionDigits: digits, maximumFractionDigits: digits }).replace("-", "−");
const blind = () => Math.log(run.levels); // nats of surprise when guessing blindly

const ramp = (colors) => {
  const anchors = colors.map((hex) => [1, 3, 5].map((i) => parseInt(hex.slice(i, i + 2), 16)));
  return (share) => {
    const place = Math.min(Math.max(share, 0), 1) * (anchors.length - 1);
    const low = Math.min(Math.floor(place), anchors.length - 2);
    return anchors[low].map((c, i) => Math.round(c + (place - low) * (anchors[low + 1][i] - c)));
  };
};

const MAPS = {
  surprise: {
    colors: props.surprise_colors,
    color: ramp(props.surprise_colors),
    nats: (i) => -run.logProb[i],
    says: (most) => "surprise of each pixel, in nats: 0 the model was sure, " + most + " and above as bad as a blind guess",
  },
  entropy: {
    colors: props.entropy_colors,
    color: ramp(props.entropy_colors),
    nats: (i) => run.entropy[i],
    says: (most) => "entropy before each pixel, in nats: 0 the model was sure, " + most + " all " + run.levels + " greys equally likely",
  },
};

const mixed = (grey, share) => MARK_RGB.map((c) => Math.round(DIMMED * grey + share * (c - DIMMED * grey)));

const colorOf = (i, ties) => {
  if (view in MAPS) return MAPS[view].color(MAPS[view].nats(i) / blind());
  const grey = (run.values[i] * 255) / (run.levels - 1);
  if (!ties || i === ties.index) return [grey, grey, grey];
  const nats = ties.strength[i] ?? 0;
  return mixed(grey, nats > 0 ? FAINTEST + (1 - FAINTEST) * (nats / ties.most) : 0);
};

const paint = (context, cell) => {
  const ties = influences();
  context.clearRect(0, 0, run.width * cell, run.height * cell);
  for (let i = 0; i < shown(); i++) {
    context.fillStyle = "rgb(" + colorOf(i, ties).join(" ") + ")";
    context.fillRect((i % run.width) * cell, Math.floor(i / run.width) * cell, cell, cell);
  }
};

const frameOf = (context, index, cell) => {
  for (const [width, color] of [[0.3, "#000"], [0.15, MARK]]) {
    context.lineWidth = width * cell;
    context.strokeStyle = color;
    context.strokeRect((index % run.width) * cell, Math.floor(index / run.width) * cell, cell, cell);
  }
};

const legend = () => {
  const ties = run && influences();
  const map = MAPS[view];
  find(".legend").hidden = !run || !(map || ties);
  if (find(".legend").hidden) return;
  const most = map ? number(blind(), 1) : ties.most.toPrecision(2);
  find(".most").textContent = most;
  find(".ramp").style.background = "linear-gradient(to right," + (map ? map.colors.join(",") : "rgb(" + mixed(0, FAINTEST).join(" ") + ")," + MARK) + ")";
  find(".reach").textContent = map ? "" : ties.says;
  find(".scale").textContent = map
    ? map.says(most)
    : "how many nats the log-probability of the framed pixel's value would change, to first order, were that pixel another grey";
};

// --- to take away

const fileName = (ending, ...more) => ["pixelcnn", run.label, "seed" + run.seed, "t" + run.temperature, ...more].join("-").replace(/[^\w.-]/g, "_") + ending;

const download = (blob, name) => {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
};

const save = () => {
  const copy = document.createElement("canvas");
  copy.width = run.width * ZOOM;
  copy.height = run.height * ZOOM;
  paint(copy.getContext("2d"), ZOOM);
  if (influences()) frameOf(copy.getContext("2d"), focus(), ZOOM); // what they are influences on
  const name = fileName(".png", ...(view === "picture" ? [] : [view]));
  copy.toBlob((blob) => download(blob, name));
};

const film = async () => {
  const button = find(".film"), name = fileName(".gif");
  button.disabled = true;
  try {
    const answer = await server.record({ values: Array.from(run.values) });
    if (answer.error) throw new Error(answer.error);
    download(await (await fetch("data:image/gif;base64," + answer.gif)).blob(), name);
    say("The film is in your downloads.");
  } catch (error) {
    problem("No film came: " + (error?.message || "the server did not answer") + ". Try again.");
  }
  button.disabled = false;
};

const copyLink = async () => {
  const address = new URL(location.pathname, location.origin);
  address.search = new URLSearchParams({ class: run.label, seed: run.seed, temperature: run.temperature });
  const label = find(".link span"), field = find(".address");
  try {
    await navigator.clipboard.writeText(address.href);
    label.textContent = "Copied";
    say("Link copied.");
    setTimeout(() => { label.textContent = "Copy link"; }, 1500);
  } catch { // no permission, or no secure connection: the link to copy by hand
    field.value = address.href;
    field.hidden = false;
    field.select();
    say("Copy the link from the field.");
  }
};
