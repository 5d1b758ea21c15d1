/** The page that a link leads to which invites a person to work here. Opening it changes nothing: its button does. */

import { Problem, ask } from "./api.js";
import { byId, h, setText } from "./dom.js";

const API = "/admin/api";
const token = location.hash.slice(1);
history.replaceState(null, "", location.pathname); // Nobody reads it over a shoulder, or finds it in the history.

const join = /** @type {HTMLFormElement} */ (byId("join"));
const factor = /** @type {HTMLFormElement} */ (byId("factor"));

/**
 * Do one step; say what is wrong if it fails.
 *
 * @param {() => Promise<void>} step
 */
async function attempt(step) {
  setText(byId("answer"), "");
  try {
    await step();
  } catch (error) {
    setText(byId("answer"), error instanceof Problem ? error.detail : "The shop does not answer. Please try again.");
  }
}

async function show() {
  const invited = await ask("POST", `${API}/invitations`, { body: { token } });
  setText(byId("who"), `${invited.name}, ${invited.email}: ${invited.role}`);
  join.hidden = false;
}

async function beginFactor() {
  const begun = await ask("POST", `${API}/me/totp`);
  setText(byId("secret"), begun.secret);
  /** @type {HTMLImageElement} */ (byId("picture")).src = `data:image/svg+xml,${encodeURIComponent(begun.svg)}`;
  factor.hidden = false;
}

join.addEventListener("submit", (event) => {
  event.preventDefault();
  const password = String(new FormData(join).get("password") ?? "");
  attempt(async () => {
    await ask("PUT", `${API}/invitations`, { body: { token, password } });
    join.hidden = true;
    await beginFactor();
  });
});

factor.addEventListener("submit", (event) => {
  event.preventDefault();
  const code = String(new FormData(factor).get("code") ?? "").trim();
  attempt(async () => {
    const kept = await ask("PUT", `${API}/me/totp`, { body: { code } });
    factor.hidden = true;
    byId("list").replaceChildren(...kept.recovery_codes.map((/** @type {string} */ each) => h("li", {}, each)));
    byId("codes").hidden = false;
    setText(byId("answer"), "You are signed in.");
  });
});

if (token) attempt(show);
else setText(byId("answer"), "This link is not whole. Please open it as it was given to you.");
