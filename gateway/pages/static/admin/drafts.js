/**
 * What is typed into a form marked `data-draft` stays in this browser until it is saved: a closed window, a lost line or
 * a session that has ended costs nothing. The form offers it again; it never fills itself in.
 */

const SAVE_MS = 400;
const LONGEST = 200_000; // Letters of one draft.

/** @param {HTMLFormElement} form */
const keyOf = (form) => `draft:${new URL(form.action).pathname}`;

/** @param {HTMLFormElement} form @returns {[string, string][]} What a person types: no hidden fields, files or secrets. */
function typed(form) {
  const skipped = new Set(["theirs", "key"]);
  const own = [...form.elements].filter((each) => (each instanceof HTMLInputElement && !["hidden", "file", "password", "checkbox"].includes(each.type)) || each instanceof HTMLTextAreaElement || (each instanceof HTMLSelectElement && !each.multiple));
  return own.map((each) => /** @type {HTMLInputElement} */ (each)).filter((each) => each.name && !skipped.has(each.name)).map((each) => [each.name, each.value]);
}

/** @param {HTMLFormElement} form */
function watch(form) {
  const key = keyOf(form);
  const note = form.querySelector("[data-draft-note]");
  const before = JSON.stringify(typed(form));
  const kept = localStorage.getItem(key);
  if (kept && kept !== before && note instanceof HTMLElement) note.hidden = false;
  /** @type {number | undefined} */
  let waiting;
  form.addEventListener("input", () => {
    clearTimeout(waiting);
    waiting = setTimeout(() => {
      const now = JSON.stringify(typed(form));
      if (now.length <= LONGEST) localStorage.setItem(key, now);
    }, SAVE_MS);
  });
  form.addEventListener("submit", () => {
    clearTimeout(waiting);
    sessionStorage.setItem("sent", key);
  });
  form.querySelector("[data-draft-back]")?.addEventListener("click", () => {
    bringBack(form, JSON.parse(kept ?? "[]"));
    if (note instanceof HTMLElement) note.hidden = true;
  });
  form.querySelector("[data-draft-drop]")?.addEventListener("click", () => {
    localStorage.removeItem(key);
    if (note instanceof HTMLElement) note.hidden = true;
  });
}

/** @param {HTMLFormElement} form @param {[string, string][]} fields */
function bringBack(form, fields) {
  for (const [name, value] of fields) {
    const field = form.elements.namedItem(name);
    if (field instanceof HTMLInputElement || field instanceof HTMLTextAreaElement || field instanceof HTMLSelectElement) field.value = value;
  }
}

const sent = sessionStorage.getItem("sent");
if (sent) {
  sessionStorage.removeItem("sent");
  if (!document.querySelector('[role="alert"]')) localStorage.removeItem(sent); // It was saved: nothing is wrong here.
}
for (const form of document.querySelectorAll("form[data-draft]")) watch(/** @type {HTMLFormElement} */ (form));
