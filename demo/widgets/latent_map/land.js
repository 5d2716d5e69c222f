// --- what stays while the pointer moves: backdrop, rings, scale, dots, marks

const written = (brush, words, x, y) => {
  brush.strokeStyle = "#05070c";
  brush.lineWidth = 3;
  brush.strokeText(words, x, y);
  brush.fillStyle = "#e8edf4";
  brush.fillText(words, x, y);
};
const drawBackdrop = (brush) => {
  if (!sprite || find(".backdrop").getAttribute("aria-pressed") !== "true") return;
  const every = count / SIDE, cell = edge / SIDE, first = Math.floor(every / 2);
  brush.globalAlpha = DIM;
  for (let row = 0; row < SIDE; row++) {
    for (let column = 0; column < SIDE; column++) {
      const [x, y] = [column, row].map((place) => (first + place * every) * size);
      brush.drawImage(sprite, x, y, size, size, column * cell, row * cell, cell, cell);
    }
  }
  brush.globalAlpha = 1;
};
const drawScale = (brush) => {
  brush.strokeStyle = "#e8edf4";
  brush.setLineDash([5, 4]);
  brush.lineWidth = 1.2;
  const unit = edge / ground.span;
  for (const radius of RINGS) {
    brush.beginPath();
    brush.arc(across(0), down(0), radius * unit, 0, 2 * Math.PI);
    brush.stroke();
  }
  brush.setLineDash([]);
  brush.textAlign = "center";
  brush.textBaseline = "middle";
  // Where the rings lie so close that their names would cover them, only the outermost has one.
  const named = unit > 24 ? RINGS : RINGS.slice(-1);
  for (const radius of named) written(brush, radius + "σ", across(0), down(radius) - (unit > 24 ? 0 : 9));
  const step = [1, 2, 5, 10, 20, 50, 100, 200, 500].find((by) => ground.span / by <= 10) || 1000;
  for (let axis = 0; axis < 2; axis++) {
    const low = ground.low[axis], last = low + ground.span;
    for (let tick = Math.ceil(low / step) * step; tick <= last; tick += step) {
      const words = String(tick).replace("-", "−"), at = axis ? down(tick) : across(tick);
      if (at < 20 || at > edge - 34) continue; // the corners belong to the axes' names
      brush.fillStyle = "#e8edf4";
      if (axis) brush.fillRect(0, at, 5, 1); else brush.fillRect(at, edge - 5, 1, 5);
      brush.textAlign = axis ? "left" : "center";
      written(brush, words, axis ? 8 : at, axis ? at : edge - 13);
    }
  }
  brush.textAlign = "right";
  written(brush, "z1", edge - 8, edge - 13);
  brush.textAlign = "left";
  written(brush, "z2", 8, 12);
};
const drawDots = (brush, radius) => {
  const { places, labels } = ground;
  for (const on of [false, true]) { // the faded ones lie below
    brush.globalAlpha = on ? 0.85 : 0.1;
    colors.forEach((color, label) => {
      if (faded.has(label) === on) return;
      brush.fillStyle = color;
      brush.beginPath();
      for (let i = 0; i < labels.length; i++) {
        if (labels[i] !== label) continue;
        const x = places[2 * i] * edge, y = (1 - places[2 * i + 1]) * edge;
        brush.moveTo(x + radius, y);
        brush.arc(x, y, radius, 0, 2 * Math.PI);
      }
      brush.fill();
    });
  }
  brush.globalAlpha = 1;
};

const outlined = (brush, color, width) => {
  for (const [style, extra] of [["#05070c", 2.5], [color, 0]]) {
    brush.strokeStyle = style;
    brush.lineWidth = width + extra;
    brush.stroke();
  }
};
// The visitor's picture at its place, with one and two standard deviations of the posterior around it. These are often
// smaller than a dot: then a lens shows them.
const drawMine = (brush) => {
  const { mean, std, pixels } = value.mine, unit = edge / ground.span;
  const place = within(mean), x = across(place[0]), y = down(place[1]), radii = (std || [0, 0]).map((s) => s * unit);
  const small = 2 * Math.max(...radii) < 26, thumb = 40, radius = std && small ? 42 : 0;
  const spare = document.createElement("canvas");
  [spare.width, spare.height] = [size, size];
  paint(spare, bytes(pixels));
  brush.imageSmoothingEnabled = false;
  const ellipses = (cx, cy, zoom) => {
    for (const sigma of [1, 2]) {
      brush.beginPath();
      brush.ellipse(cx, cy, sigma * radii[0] * zoom, sigma * radii[1] * zoom, 0, 0, 2 * Math.PI);
      outlined(brush, MINE, 1.6);
    }
  };
  const pictured = (cx, cy) => {
    brush.drawImage(spare, cx - thumb / 2, cy - thumb / 2, thumb, thumb);
    brush.beginPath();
    brush.rect(cx - thumb / 2, cy - thumb / 2, thumb, thumb);
    outlined(brush, MINE, 1.6);
  };
  if (!small) {
    pictured(x, y);
    ellipses(x, y, 1);
  } else {
    const side = x < edge / 2 ? 1 : -1, half = radius + thumb / 2 + 4;
    const clamp = (at, room) => Math.min(edge - room, Math.max(room, at));
    const lensX = clamp(x + side * 84, half + 4), lensY = clamp(y - 64, (radius || thumb / 2) + 4);
    brush.beginPath();
    brush.moveTo(x, y);
    brush.lineTo(lensX, lensY);
    outlined(brush, MINE, 1.2);
    if (radius) {
      const zoom = (radius - 10) / (2 * Math.max(...radii));
      brush.save();
      brush.beginPath();
      brush.arc(lensX, lensY, radius, 0, 2 * Math.PI);
      brush.fillStyle = "#05070c";
      brush.fill();
      brush.clip();
      brush.translate(lensX - x * zoom, lensY - y * zoom);
      brush.scale(zoom, zoom);
      drawDots(brush, 2.2 / zoom);
      brush.restore();
      ellipses(lensX, lensY, zoom);
      brush.beginPath();
      brush.arc(lensX, lensY, radius, 0, 2 * Math.PI);
      outlined(brush, "#e8edf4", 1.2);
      ellipses(x, y, 1);
      brush.textAlign = "center";
      written(brush, "×" + Math.round(zoom) + ", 1σ and 2σ", lensX, lensY + radius - 9);
      pictured(lensX + side * (radius + 2), lensY - radius / 2);
    } else {
      pictured(lensX, lensY);
      brush.beginPath();
      brush.arc(x, y, 3.5, 0, 2 * Math.PI);
      outlined(brush, MINE, 1.6);
    }
  }
};
const drawDraws = (brush) => {
  brush.textAlign = "center";
  brush.font = "600 11px system-ui, sans-serif";
  value.draws.z.forEach((z, nth) => {
    const [x, y] = [across(z[0]), down(z[1])];
    brush.beginPath();
    brush.arc(x, y, 8, 0, 2 * Math.PI);
    brush.fillStyle = "#fff";
    brush.fill();
    outlined(brush, "#05070c", 1);
    brush.fillStyle = "#05070c";
    brush.fillText(nth + 1, x, y + 0.5);
  });
};
const scaled = (canvas) => {
  const brush = canvas.getContext("2d");
  brush.setTransform(ratio, 0, 0, ratio, 0, 0);
  brush.clearRect(0, 0, edge, edge);
  brush.font = "12px system-ui, sans-serif";
  return brush;
};
const drawLand = () => {
  if (!ground || !edge) return;
  const brush = scaled(land);
  brush.imageSmoothingEnabled = true;
  drawBackdrop(brush);
  drawDots(brush, Math.max(1.2, edge / 320));
  drawScale(brush);
  if (value.mine) drawMine(brush);
  if (value.draws) drawDraws(brush);
};
