// Points of a latent space as a link carries them; demo/walk/codes.py reads and writes them, too.
const STEPS_PER_UNIT = 800;

/** Numbers as 16 bits each, in URL-safe base64. */
export const encodePoint = (values) => {
  const steps = Int16Array.from(values, (value) => Math.floor(value * STEPS_PER_UNIT + 0.5));
  const code = btoa(String.fromCharCode(...new Uint8Array(steps.buffer)));
  return code.replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
};

/** The numbers of a code; none of what is none. */
export const decodePoint = (code) => {
  try {
    const text = atob(code.replaceAll("-", "+").replaceAll("_", "/")), bytes = Uint8Array.from(text, (letter) => letter.charCodeAt(0));
    return Array.from(new Int16Array(bytes.buffer), (steps) => steps / STEPS_PER_UNIT);
  } catch {
    return [];
  }
};
