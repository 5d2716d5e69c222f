// Batches of draws, joined to one figure with its error.

/** @typedef {{kind: string, nats: number, error: number | null, draws: number, bits: number}} Figure of one batch */

const WEIGHED = new Set(["importance", "AIS"]); // logarithms of mean weights; the others are means of logarithms

/** Share of the mean weight that is its error, from which on one draw outweighs the rest: it is only a bound then. */
const UNSETTLED = 0.5;

const sum = (numbers) => numbers.reduce((total, number) => total + number, 0);

/** The mean of means, each of as many draws; the error is that of a single batch where there is but one. */
const joinMeans = (batches) => {
  const n = batches.length, mean = sum(batches.map(({ nats }) => nats)) / n;
  if (n < 2) return { nats: mean, error: batches[0].error };
  const variance = sum(batches.map(({ nats }) => (nats - mean) ** 2)) / (n - 1);
  return { nats: mean, error: Math.sqrt(variance / n) };
};

/** The logarithm of the mean weight of all draws, and its error to first order, as if they had been one batch. */
const joinWeights = (batches) => {
  const top = Math.max(...batches.map(({ nats }) => nats)), draws = sum(batches.map((batch) => batch.draws));
  let total = 0, squares = 0;
  for (const { nats, error, draws: k } of batches) {
    const weight = Math.exp(nats - top), variance = k * ((error ?? 0) * weight) ** 2;
    total += k * weight;
    squares += (k - 1) * variance + k * weight ** 2;
  }
  const mean = total / draws;
  const variance = draws > 1 ? Math.max(0, squares - draws * mean ** 2) / (draws - 1) : NaN;
  return { nats: top + Math.log(mean), error: draws > 1 ? Math.sqrt(variance / draws) / mean : null };
};

/**
 * One figure of all batches: {kind, bits, error, draws, settled}, error in bits per value or null.
 * @param {Figure[]} batches
 * @param {number} values of a picture
 */
export const join = (batches, values) => {
  const [{ kind }] = batches, draws = sum(batches.map((batch) => batch.draws)), scale = values * Math.LN2;
  if (kind === "exact") return { kind, bits: batches[0].bits, error: 0, draws, limit: false };
  const isWeighed = WEIGHED.has(kind), { nats, error } = isWeighed ? joinWeights(batches) : joinMeans(batches);
  const limit = kind === "bound" || (isWeighed && (error === null || error > UNSETTLED));
  return { kind, bits: -nats / scale, error: error === null ? null : error / scale, draws, limit };
};
