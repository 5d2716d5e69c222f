// What is seen on the canvas, and what one can take away of it.
const find = (selector) => element.querySelector(selector);
const CELL = 20, ZOOM = 10; // screen pixels a pixel: on the canvas, in the download
const MARK = "#22d3ee", MARK_RGB = [34, 211, 238];
const BLIND_RGB = [251, 146, 60], BLINDNESS = [0, 0.2, 0.75]; // what another model sees: this one too, out of reach, blind spot
const GIVEN = "#3b82f6"; // where what was given ends
const GAP = 8, COLUMNS = { 1: 1, 4: 2, 10: 5, 16: 4 }; // of a sheet of pictures
const FAINTEST = 0.12; // how much of the mark's colour the weakest influence gets: seen at all, told from not seen
const DIMMED = 0.6; // of a grey under the influences, so that the mark's colour shows on white

const canvas = find("canvas");
let view = "picture";

const number = (value, digits) =>
  (Number(value.toFixed(digits)) || 0) // no minus before a zero
    .toLocaleString("en-US", { minimumFractionDigits: digits, maximumFractionDigits: digits }).replace("-", "−");
const blind = () => run.channels * Math.log(run.levels); // nats of surprise when guessing a pixel blindly

// Grey has one channel, and is spoken of without naming it.
const NAMES = ["red", "green", "blue"];
const colored = () => run.channels > 1;
const shades = () => (colored() ? "levels" : "greys");
const shade = () => (colored() ? "colour" : "grey");
const valuesOf = (values, i) => Array.from(values.subarray(i * run.channels, (i + 1) * run.channels));
const colorName = (values) => (colored() ? values.map((value, c) => NAMES[c] + " " + value).join(", ") : "value " + values[0]);

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
    nats: (picture, i) => -picture.logProb[i],
    says: (most) => "surprise of each pixel" + (colored() ? ", its channels added up" : "") + ", in nats: 0 the model was sure, " + most + " and above as bad as a blind guess",
  },
  entropy: {
    colors: props.entropy_colors,
    color: ramp(props.entropy_colors),
    nats: (picture, i) => picture.entropy[i],
    says: (most) => "entropy before each " + (colored() ? "channel of a pixel, added up" : "pixel") + ", in nats: 0 the model was sure, " + most + (run.levels === 2 ? " black and white" : " all " + run.levels + " " + shades()) + " equally likely",
  },
};

// On the screen: of a colour the first channels, black being what the others do not add yet.
const onScreen = (values, i, channels = run.channels) => [0, 1, 2].map((c) => ((colored() ? (c < channels ? values[3 * i + c] : 0) : values[i]) * 255) / (run.levels - 1));
const greyOf = ([red, green, blue]) => (colored() ? 0.299 * red + 0.587 * green + 0.114 * blue : red);

// Whether a pixel is given, and the model has not come to it yet: it is there all the same.
const ahead = (i) => i >= run.ready && i < run.first && at >= run.first && !run.done;

const mixed = (grey, share, color = MARK_RGB) => color.map((c) => Math.round(DIMMED * grey + share * (c - DIMMED * grey)));

const colorOf = (picture, i, ties) => {
  if (view in MAPS) return MAPS[view].color(MAPS[view].nats(picture, i) / blind());
  const work = stroke ?? laid, from = work?.keep[i] ? work : ahead(i) ? run.start : picture;
  const color = onScreen(from.values, i, from === picture && i >= shown() ? part() : run.channels);
  if (!ties || i === ties.index) return color;
  const nats = ties.strength[i] ?? 0, grey = greyOf(color);
  if (nats > 0) return mixed(grey, FAINTEST + (1 - FAINTEST) * (nats / ties.most));
  return mixed(grey, BLINDNESS[ties.missed?.[i] ?? 0], BLIND_RGB);
};

// Where on the canvas each picture that is shown has its place, in canvas pixels.
const places = (cell) => {
  const which = current() === null ? [...run.sheet.keys()] : [current()];
  const columns = COLUMNS[which.length] ?? Math.ceil(Math.sqrt(which.length));
  const [across, down] = [run.width * cell + GAP, run.height * cell + GAP];
  return {
    width: columns * across - GAP,
    height: Math.ceil(which.length / columns) * down - GAP,
    list: which.map((picture, i) => ({ picture, x: (i % columns) * across, y: Math.floor(i / columns) * down })),
  };
};

const cellOf = (single) => Math.floor(single / (current() === null ? COLUMNS[run.count] ?? 4 : 1));

const small = document.createElement("canvas"); // a picture in its own size, to be enlarged in one go

const paint = (target, cell) => {
  const ties = influences(), layout = places(cell), context = target.getContext("2d");
  if (target.width !== layout.width || target.height !== layout.height) Object.assign(target, { width: layout.width, height: layout.height });
  context.clearRect(0, 0, target.width, target.height);
  context.imageSmoothingEnabled = false;
  [small.width, small.height] = [run.width, run.height];
  const image = new ImageData(run.width, run.height), count = shown(), work = stroke ?? laid;
  const begun = (i) => i < count || (!(view in MAPS) && ((i === count && part() > 0) || ahead(i)));
  for (const { picture, x, y } of layout.list) {
    for (let i = 0; i < run.size; i++) {
      const drawn = work ? work.keep[i] || (work.tool === "pen" && i < count) : begun(i);
      if (drawn) image.data.set(colorOf(run.sheet[picture], i, ties), 4 * i);
      image.data[4 * i + 3] = drawn ? 255 : 0;
    }
    small.getContext("2d").putImageData(image, 0, 0);
    context.drawImage(small, x, y, run.width * cell, run.height * cell);
    border(context, x, y, cell);
  }
};

// A line between what was given and what the model drew.
const border = (context, x, y, cell) => {
  const keep = (stroke ?? laid ?? run.start)?.keep;
  if (!keep || view !== "picture") return;
  context.strokeStyle = GIVEN;
  context.lineWidth = Math.max(1, cell / 8);
  context.beginPath();
  for (let i = 0; i < run.size; i++) {
    const left = x + (i % run.width) * cell, top = y + Math.floor(i / run.width) * cell;
    if ((i + 1) % run.width && keep[i] !== keep[i + 1]) context.rect(left + cell, top, 0, cell);
    if (i + run.width < run.size && keep[i] !== keep[i + run.width]) context.rect(left, top + cell, cell, 0);
  }
  context.stroke();
};

const frameOf = (context, index, cell) => {
  for (const [width, color] of [[0.3, "#000"], [0.15, MARK]]) {
    context.lineWidth = width * cell;
    context.strokeStyle = color;
    context.strokeRect((index % run.width) * cell, Math.floor(index / run.width) * cell, cell, cell);
  }
};

const legend = () => {
  find(".rivals").hidden = view !== "depends" || find(".rivals select").options.length < 2 || !run || current() === null;
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
    : "how many nats the log-probability of the framed pixel's value would change, to first order, were that pixel another " + shade() + (colored() ? ": one channel at a time, added up" : "");
};

// --- to take away

const fileName = (ending, ...more) => [
  run.model, run.label, "seed" + run.seed, "t" + run.temperature, ...(run.count > 1 ? [current() === null ? run.count : "no" + (current() + 1)] : []), ...more,
].join("-").replace(/[^\w.-]/g, "_") + ending;

const download = (blob, name) => {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
};

const save = () => {
  const copy = document.createElement("canvas"), cell = cellOf(ZOOM);
  paint(copy, cell);
  if (influences()) frameOf(copy.getContext("2d"), focus(), cell); // what they are influences on
  const name = fileName(".png", ...(view === "picture" ? [] : [view]));
  copy.toBlob((blob) => download(blob, name));
};

const film = async () => {
  const button = find(".film"), name = fileName(".gif");
  button.disabled = true;
  try {
    const pictures = (current() === null ? run.sheet : [run.sheet[current()]]).map(({ values }) => Array.from(values));
    const answer = await server.record({ model: run.model, pictures });
    if (answer.error) throw new Error(answer.error);
    download(await (await fetch("data:image/gif;base64," + answer.gif)).blob(), name);
    say("The film is in your downloads.");
  } catch (error) {
    problem("No film came: " + (error?.message || "the server did not answer") + ". Try again.");
  }
  button.disabled = false;
};

// Values and one bit a pixel for what is given, in base64 that a link can carry.
const packed = ({ values, keep }) => {
  const bits = new Uint8Array(Math.ceil(run.size / 8));
  keep.forEach((given, i) => { bits[i >> 3] |= given << (7 - (i & 7)); });
  return btoa(String.fromCharCode(...values, ...bits)).replaceAll("+", "-").replaceAll("/", "_");
};

const copyLink = async () => {
  const address = new URL(location.pathname, location.origin);
  const { label, seed, temperature, pictures, model } = run;
  address.search = new URLSearchParams({
    class: label, seed, temperature, ...(run.count > 1 ? { pictures } : {}), ...(model === props.models[0].name ? {} : { model }), ...(run.start ? { given: packed(run.start) } : {}),
  });
  const words = find(".link span"), field = find(".address");
  try {
    await navigator.clipboard.writeText(address.href);
    words.textContent = "Copied";
    say("Link copied.");
    setTimeout(() => { words.textContent = "Copy link"; }, 1500);
  } catch { // no permission, or no secure connection: the link to copy by hand
    field.value = address.href;
    field.hidden = false;
    field.select();
    say("Copy the link from the field.");
  }
};
