// What lies over the page closes when the visitor is done with it.
const close = (event) => {
  const button = document.querySelector(".noise-more > button.open"), { target, key } = event;
  if (!button || (key ? key !== "Escape" : target.closest?.(".noise-more"))) return;
  button.click();
  if (!key) return;
  event.preventDefault();
  button.focus();
};
for (const name of ["pointerdown", "keydown"]) document.addEventListener(name, close);

// Gradio takes a slider as let go of when the pointer or the focus leaves it; keys that moved it are to count as well.
const letGo = ({ target, key, type }) => {
  if (type === "keyup" && /^(Arrow|Page|Home|End)/.test(key) && target.matches?.(".noise-controls input[type=range]")) {
    target.dispatchEvent(new PointerEvent("pointerup", { bubbles: true }));
  }
  if (type === "keydown" && key === "Enter" && target.matches?.(".noise-controls .head input[type=number]")) {
    target.dispatchEvent(new FocusEvent("blur"));
  }
};
for (const name of ["keydown", "keyup"]) document.addEventListener(name, letGo);
