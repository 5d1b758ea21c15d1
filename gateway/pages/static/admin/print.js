/** The button that opens the browser's own print dialog; without scripts its menu does. */

const button = document.getElementById("print");
if (button) {
  button.hidden = false;
  button.addEventListener("click", () => print());
}
