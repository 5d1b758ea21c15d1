/** Links of mails about accounts: the token behind `#` goes into the form, and out of the address. */

const form = document.querySelector("[data-mailed-link]");
const token = new URLSearchParams(location.hash.slice(1)).get("token") ?? "";
history.replaceState(null, "", location.pathname); // Nobody reads it over a shoulder, or finds it in the history.

if (form instanceof HTMLFormElement) {
  const field = form.elements.namedItem("token");
  if (field instanceof HTMLInputElement && token) field.value = token;
  const isWhole = field instanceof HTMLInputElement && field.value !== "";
  form.hidden = !isWhole;
  const incomplete = document.querySelector("[data-incomplete]");
  if (incomplete instanceof HTMLElement) incomplete.hidden = isWhole;
}
