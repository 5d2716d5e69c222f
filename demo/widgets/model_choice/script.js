// A model is chosen by what it draws, and then by its name; a value that is none of the models chooses nothing.
import { find, make } from "../common.js";

const subjects = find(".subject"), titles = find(".title");
const option = (value, text) => Object.assign(make("option", "", text), { value });
const ofSubject = (subject) => props.options.filter((one) => one.subject === subject);

const show = () => {
  const chosen = props.options.find(({ name }) => name === props.value);
  if (!chosen) return;
  const rivals = ofSubject(chosen.subject);
  if ([...titles.options].map(({ value }) => value).join() !== rivals.map(({ name }) => name).join()) {
    titles.replaceChildren(...rivals.map(({ name, title }) => option(name, title)));
  }
  subjects.value = chosen.subject;
  titles.value = chosen.name;
};

const choose = (name) => {
  props.value = name;
  show();
  trigger("input");
};

find(".by").textContent = props.by;
subjects.replaceChildren(...[...new Set(props.options.map(({ subject }) => subject))].map((name) => option(name, name)));
subjects.addEventListener("change", () => choose(ofSubject(subjects.value)[0].name));
titles.addEventListener("change", () => choose(titles.value));
watch("value", show);
show();
