// What the whole page shares. It runs before Gradio builds the page; tabs and widgets reach it as window.shell.
import { isWaiting } from "./answers.js";
import { CARRY, carry, copyLink, receivePicture } from "./carry.js";
import { startGlossary, word } from "./glossary.js";
import { setLecture, startKeys } from "./keys.js";
import { chooseLanguage, startLanguages, tr } from "./languages.js";
import { startLesson, visit } from "./lesson.js";
import { say } from "./notice.js";
import { asked, go, here, keepFields, onArrive, register, reset, setFields, setSetting, settle, startRouter } from "./router.js";
import { startTitle } from "./title.js";

window.shell = {
  CARRY, carry, chooseLanguage, copyLink, go, here, isWaiting, keepFields, onArrive, receivePicture, register, reset, say, setFields,
  setLecture, settle, tr, visit, word,
};

for (const name of ["step", "lecture"]) setSetting(name, asked(name));
startLanguages();
startRouter();
startKeys();
startGlossary();
startLesson();
startTitle();
