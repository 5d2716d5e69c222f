// One line at the foot of the page that says what happened, also to a screen reader.

let timer = 0;

/** Shows a sentence for some seconds. */
export const say = (sentence) => {
  let line = document.querySelector(".shell-notice");
  if (!line) {
    line = document.createElement("p");
    line.className = "shell-notice";
    line.setAttribute("role", "status");
    document.body.append(line);
  }
  line.textContent = sentence;
  clearTimeout(timer);
  timer = setTimeout(() => { line.textContent = ""; }, 6000);
};
