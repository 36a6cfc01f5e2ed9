/**
 * @param {readonly number[]} values
 * @param {number} share 0 to 1
 */
function quantile(values, share) {
  const sorted = values.toSorted((a, b) => a - b);
  const place = (sorted.length - 1) * share;
  const below = sorted[Math.floor(place)] ?? NaN;
  const above = sorted[Math.ceil(place)] ?? NaN;
  return below + (above - below) * (place - Math.floor(place));
}

/** @param {readonly number[]} values */
export function median(values) {
  return quantile(values, 0.5);
}

/**
 * @typedef {object} Spread
 * @property {number} median
 * @property {number} low the lower quartile
 * @property {number} high the upper quartile
 */

/**
 * @param {readonly number[]} values
 * @returns {Spread}
 */
export function spread(values) {
  return {
    median: median(values),
    low: quantile(values, 0.25),
    high: quantile(values, 0.75),
  };
}
