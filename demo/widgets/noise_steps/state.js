// What is chosen, and what is known of it.
export const state = { model: "", method: "", steps: 0, guidance: 1, seed: 0 };

export const about = () => props.models[state.model];
export const methodOf = (name = state.method) => about().methods.find((one) => one.name === name);

/** Whether the model knows classes: only then is there anything to guide by. */
export const hasClasses = () => about().asked[0] !== "";

/** Passes through the network for a picture in so many steps: with a guidance each call takes two. */
export const passes = (steps) => steps * methodOf().calls * (state.guidance !== 1 && hasClasses() ? 2 : 1);

/** The number of steps of a method that is nearest to a wish. */
export const nearest = (steps) => {
  const { stations } = methodOf();
  return stations.reduce((best, one) => (Math.abs(Math.log(one / steps)) < Math.abs(Math.log(best / steps)) ? one : best));
};
