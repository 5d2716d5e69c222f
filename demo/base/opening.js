// Fires "opened" when this part of the page is first seen. A tab that is not open has no boxes, so nothing in it
// intersects anything, however large the margin.
const open = () => {
  if (props.value || "waiting" in element.dataset) return;
  element.dataset.waiting = "";
  trigger("opened");
};
const see = (entries) => { if (entries.at(-1).isIntersecting) open(); };
new IntersectionObserver(see, { root: document, rootMargin: "1000000px" }).observe(element);
watch("value", () => { delete element.dataset.waiting; });
