// Line-ups of pictures, each ranked in one of two ways; see RankingValue in __init__.py.
import { find, findAll, make } from "../common.js";

const SECONDS = 0.8; // a picture's way to its other place
const reduced = matchMedia("(prefers-reduced-motion: reduce)");

const switched = {}; // key of a line-up -> the way it was switched to, kept while its pictures change

const card = (picture) => {
  const image = Object.assign(make("img"), { src: picture.url, alt: picture.name });
  const node = make(
    "li", picture.kind, make("b", "place"), image, make("span", "name", picture.name),
    make("span", "track", make("i", "bar")), make("span", "number"), make("small", "words"),
  );
  node.picture = picture;
  return node;
};

// The pictures really change their order, for who reads or hears the page; to the eye they move there.
const rank = (section, lineup, way, moving) => {
  const list = section.querySelector("ol"), cards = [...list.children];
  const before = cards.map((one) => one.getBoundingClientRect());
  section.dataset.way = way;
  section.querySelector(".says").innerHTML = lineup.ways[way].says;
  section.querySelector(".scale").textContent = lineup.ways[way].scale;
  for (const one of cards) {
    const { place, bar, number, words, verdict } = one.picture.ways[way];
    one.querySelector(".place").textContent = place + 1;
    one.querySelector(".bar").style.setProperty("--share", bar);
    one.querySelector(".number").textContent = number;
    one.querySelector(".words").textContent = words;
    one.dataset.verdict = verdict || "";
  }
  list.append(...[...cards].sort((one, other) => one.picture.ways[way].place - other.picture.ways[way].place));
  if (!moving || reduced.matches) return;
  cards.forEach((one, i) => {
    const after = one.getBoundingClientRect();
    const [x, y] = [before[i].left - after.left, before[i].top - after.top];
    if (x || y) {
      const from = { transform: `translate(${x}px, ${y}px)` };
      one.animate([from, { transform: "none" }], { duration: 1000 * SECONDS, easing: "cubic-bezier(.4, 0, .2, 1)" });
    }
  });
};

const draw = (lineup) => {
  const section = make("section", "lineup", make("h3", "", lineup.title));
  const choices = make("div", "ways");
  choices.setAttribute("role", "radiogroup");
  choices.setAttribute("aria-label", `${lineup.title}: rank by`);
  const first = lineup.ways[switched[lineup.key]] ? switched[lineup.key] : Object.keys(lineup.ways)[0];
  choices.hidden = Object.keys(lineup.ways).length < 2;
  for (const [way, { title }] of Object.entries(lineup.ways)) {
    const input = make("input");
    Object.assign(input, { type: "radio", name: `ranking-${lineup.key}`, value: way, checked: way === first });
    input.addEventListener("change", () => {
      switched[lineup.key] = way;
      rank(section, lineup, way, true);
    });
    choices.append(make("label", "", input, make("span", "", title)));
  }
  const says = make("p", "says");
  says.setAttribute("aria-live", "polite");
  const list = make("ol", "", ...lineup.pictures.map(card));
  section.append(choices, says, list, make("p", "scale"), make("div", "about"));
  section.querySelector(".about").innerHTML = lineup.about;
  rank(section, lineup, first, false);
  return section;
};

const receive = () => {
  if (!props.value) return;
  const { lineups, about } = JSON.parse(props.value);
  const focus = document.activeElement, open = !!find("details.why")?.open;
  const held = element.contains(focus) && focus.type === "radio" ? [focus.name, focus.value] : null;
  const foot = make("div", "foot");
  foot.innerHTML = about;
  find(".lineups").replaceChildren(...lineups.map(draw), foot);
  if (find("details.why")) find("details.why").open = open;
  if (held) findAll("input").find(({ name, value }) => name === held[0] && value === held[1])?.focus();
};

watch("value", receive);
receive();
