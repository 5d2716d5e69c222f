// The page's title follows the open tab and the language, and the header shows which language the other one is.
import { currentLanguage, tr } from "./languages.js";
import { here } from "./router.js";
import { whenThere } from "./there.js";

const PAGE = window.shell_config ?? { title: "", tabs: [] };
const OTHER = { en: { text: "中文", lang: "zh" }, zh: { text: "English", lang: "en" } };

const showTitle = () => {
  const tab = PAGE.tabs.find(({ id }) => id === here().tab), button = document.querySelector(".shell-language");
  const wanted = tab ? `${tr(tab.title)} · ${tr(PAGE.title)}` : tr(PAGE.title);
  if (PAGE.title && document.title !== wanted) document.title = wanted;
  if (!button) return;
  const { text, lang } = OTHER[currentLanguage()];
  Object.assign(button, { textContent: text, title: text, lang });
};

export const startTitle = () => {
  const node = document.querySelector("title");
  if (node) new MutationObserver(showTitle).observe(node, { childList: true }); // Gradio sets its own, once
  for (const event of ["shell:place", "shell:language"]) window.addEventListener(event, showTitle);
  whenThere(".shell-language", showTitle);
};
