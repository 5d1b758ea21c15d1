/** Print a page: its button is for browsers with scripts. */

const button = document.getElementById("print");
if (button) button.hidden = false;
button?.addEventListener("click", () => print());

export {}; // A module, whose names are its own.
