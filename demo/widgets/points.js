// Points of a latent space as a link carries them; demo/walk/codes.py reads them.
const STEPS_PER_UNIT = 800;

/** Numbers as 16 bits each, in URL-safe base64. */
export const encodePoint = (values) => {
  const steps = Int16Array.from(values, (value) => Math.floor(value * STEPS_PER_UNIT + 0.5));
  const code = btoa(String.fromCharCode(...new Uint8Array(steps.buffer)));
  return code.replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
};
