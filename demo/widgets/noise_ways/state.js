// What was asked for, what was measured, and where the playback is.
import { find } from "../common.js";

/** What the controls say: {data, label, seed, steps}; data is the place of the data set among props.fields. */
export const wish = { data: 0, label: "any", seed: 0, steps: 0 };

export const field = () => props.fields[wish.data];

export const race = {
  number: 0, // of the race: an answer to an older one comes too late
  asked: null, // what is being raced
  runs: [], // of each entrant: {times, calls, levels, reads, sure}, or what went wrong as {error}
  at: 0, // place of the playback, in milliseconds of computing
  playing: false,
  wanted: "", // where an address asks to stop, in thousandths of the race
  speed: "slow",
};

export const isComplete = () => race.asked !== null && race.runs.length === field().entrants.length;
export const finished = (run) => run.times?.at(-1);
export const end = () => Math.max(0, ...race.runs.map((run) => finished(run) ?? 0));
export const isOver = () => race.at >= end();

/** The moment of a run at a time of the race. */
export const momentAt = ({ times }, at) => {
  const later = times.findIndex((time) => time > at);
  return (later < 0 ? times.length : later) - 1;
};

export const announce = (text) => { find(".live").textContent = text; };

export const showProblem = (text) => {
  const node = find(".problem");
  node.hidden = !text;
  node.textContent = text || "";
};
