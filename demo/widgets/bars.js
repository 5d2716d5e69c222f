// What each step adds to log p(x), as bars.
import { formatNumber } from "./common.js";

const [BARS_WIDE, BARS_TALL] = [320, 92];

/** A number with its sign, which zero has not. */
export const signed = (nats) => (nats >= 0.05 ? "+" : "") + formatNumber(nats, 1);

/**
 * A bar for each step, with its place in data-step.
 * @param {{name: string, nats: number, step: number}[]} terms
 */
export const barsChart = (terms) => {
  const low = Math.min(0, ...terms.map(({ nats }) => nats)), high = Math.max(0, ...terms.map(({ nats }) => nats));
  const y = (nats) => 2 + ((high - nats) / (high - low || 1)) * (BARS_TALL - 4), wide = BARS_WIDE / terms.length;
  const bars = terms.map(({ name, nats, step }, i) => {
    const [upper, lower] = [y(Math.max(nats, 0)), y(Math.min(nats, 0))];
    const words = `${name}: ${signed(nats)} nats`;
    return `<g data-step="${step}"><rect class="back" x="${(i * wide).toFixed(1)}" y="0" width="${wide.toFixed(1)}" height="${BARS_TALL}"/>` +
      `<rect class="bar ${nats < 0 ? "less" : "more"}" x="${(i * wide + 1).toFixed(1)}" y="${upper.toFixed(1)}" ` +
      `width="${Math.max(1, wide - 2).toFixed(1)}" height="${Math.max(1, lower - upper).toFixed(1)}"><title>${words}</title></rect></g>`;
  });
  const label = `What each step adds, in nats: ${terms.map(({ nats }) => signed(nats)).join(", ")}`;
  const axis = `<line x1="0" y1="${y(0).toFixed(1)}" x2="${BARS_WIDE}" y2="${y(0).toFixed(1)}" class="axis"/>`;
  return `<svg viewBox="0 0 ${BARS_WIDE} ${BARS_TALL}" role="img" aria-label="${label}" preserveAspectRatio="none">${bars.join("")}${axis}</svg>`;
};
