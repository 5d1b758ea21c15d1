/** The page that an invitation leads to. Opening it changes nothing: its button does. */

import { Problem, ask } from "../api.js";
import { setText, words } from "../words.js";

const API = "/admin/api";
const token = location.hash.slice(1);
history.replaceState(null, "", location.pathname); // Nobody reads it over a shoulder, or finds it in the history.

/** @param {string} id */
const byId = (id) => /** @type {HTMLElement} */ (document.getElementById(id));

const join = /** @type {HTMLFormElement} */ (byId("join"));

/** @param {() => Promise<void>} step */
async function attempt(step) {
  setText(byId("answer"), "");
  try {
    await step();
  } catch (error) {
    setText(byId("answer"), error instanceof Problem && error.status ? error.title : words("unreachable"));
  }
}

async function show() {
  const invited = await ask("POST", `${API}/invitations`, { body: { token } });
  setText(byId("who"), `${invited.name}, ${invited.email}`);
  /** @type {HTMLInputElement} */ (byId("username")).value = invited.email;
  join.hidden = false;
}

join.addEventListener("submit", (event) => {
  event.preventDefault();
  const password = String(new FormData(join).get("password") ?? "");
  void attempt(async () => {
    await ask("PUT", `${API}/invitations`, { body: { token, password } });
    location.assign("/admin/account");
  });
});

if (token) void attempt(show);
else setText(byId("answer"), words("cut"));
