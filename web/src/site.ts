// On every page: type, colours, and a language menu that closes when one looks away.
import "./fonts.css";
import "./site.css";

const menu = document.querySelector<HTMLDetailsElement>("details.languages");
document.addEventListener("click", (event) => {
  if (menu?.open && !menu.contains(event.target as Node)) menu.open = false;
});
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && menu?.open) {
    menu.open = false;
    menu.querySelector("summary")?.focus();
  }
});
