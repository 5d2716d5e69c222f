// A row of pictures to choose from; choosing triggers "pick" with the picture's index.
import { find, findAll, make, press } from "../common.js";
import { fieldOf, setFields } from "../shell.js";

let examples = [];

// On a phone the row is longer than the window.
const reveal = (button) => {
  const row = find(".row"), box = row.getBoundingClientRect(), { left, right } = button.getBoundingClientRect();
  row.scrollLeft += Math.min(left - box.left, 0) + Math.max(right - box.right, 0);
};

const choose = (chosen) => {
  press(findAll(".row button"), (button) => button.dataset.index === String(chosen));
  if (find("[aria-pressed=true]")) reveal(find("[aria-pressed=true]"));
  find(".look span").textContent = examples[chosen]?.look_for ?? "";
  if (!props.tab || !examples.length) return;
  // An example takes the place of a drawing in the address; what is drawn is the pad's own.
  const [example, picture] = ["example", "picture"].map((name) => fieldOf(props, name));
  setFields(props.tab, examples[chosen] ? { [example]: chosen || "", [picture]: "" } : { [example]: "" });
};
const card = ({ name, look_for: hint, picture }, index) => {
  const image = Object.assign(make("img"), { src: picture, alt: "" });
  const button = make("button", "", image, make("span", "", name));
  button.title = hint;
  button.dataset.index = index;
  button.addEventListener("click", () => {
    choose(index);
    trigger("pick", { index });
  });
  return button;
};
const show = () => {
  examples = props.value ? JSON.parse(props.value) : [];
  find(".row").replaceChildren(...examples.map(card));
  choose(props.chosen);
};

watch("value", show);
watch("chosen", () => choose(props.chosen));
show();
