/** Runs a function once an element is on the page, which Gradio builds part by part. */
export const whenThere = (selector, run) => {
  if (document.querySelector(selector)) run();
  else requestAnimationFrame(() => whenThere(selector, run));
};
