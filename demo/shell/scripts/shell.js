// What the whole page shares. It runs before Gradio builds the page; tabs and widgets reach it as window.shell.
import { carry, copyLink, receivePicture } from "./carry.js";
import { say } from "./notice.js";
import { go, here, onArrive, register, reset, setFields, settle, startRouter } from "./router.js";

window.shell = { carry, copyLink, go, here, onArrive, receivePicture, register, reset, say, setFields, settle };

startRouter();
