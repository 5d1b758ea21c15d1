/** The pages that links in mails about accounts lead to. Opening one does nothing: its button does. */

import { Problem, ask } from "./api.js";
import { byId, setText } from "./dom.js";

const isReset = location.pathname === "/account/reset";
const token = new URLSearchParams(location.hash.slice(1)).get("token") ?? "";
history.replaceState(null, "", location.pathname); // Nobody reads it over a shoulder, or finds it in the history.

setText(byId("title"), isReset ? "Choose a new password" : "Take your address back");
const form = /** @type {HTMLFormElement} */ (byId(isReset ? "reset" : "undo"));
if (token) form.hidden = false;
else setText(byId("answer"), "This link is not whole. Please open it from the mail once more.");

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  const password = String(new FormData(form).get("password") ?? "");
  try {
    if (isReset) await ask("PUT", `/password-resets/${encodeURIComponent(token)}`, { body: { password } });
    else await ask("POST", "/email-undo", { body: { token } });
    form.hidden = true;
    setText(byId("answer"), isReset ? "Your password is set." : "The address is yours again.");
  } catch (error) {
    setText(byId("answer"), error instanceof Problem ? error.detail : "The shop does not answer. Please try again.");
  }
});
