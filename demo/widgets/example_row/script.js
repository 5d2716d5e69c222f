// A row of pictures to choose from; choosing triggers "pick" with the picture's index.
const row = element.querySelector(".row");
const look = element.querySelector(".look");

function choose(chosen) {
  row.querySelectorAll("button").forEach((button, i) => button.setAttribute("aria-pressed", String(i === chosen)));
  look.textContent = props.value?.[chosen]?.look_for ?? "";
}

function show() {
  row.replaceChildren(
    ...(props.value || []).map(({ name, look_for, picture }, index) => {
      const button = document.createElement("button");
      button.type = "button";
      button.title = look_for;
      const image = document.createElement("img");
      image.src = picture;
      image.alt = "";
      const label = document.createElement("span");
      label.textContent = name;
      button.append(image, label);
      button.addEventListener("click", () => {
        choose(index);
        trigger("pick", { index });
      });
      return button;
    }),
  );
  choose(props.chosen);
}

watch("value", show);
watch("chosen", () => choose(props.chosen));
show();
