// The board looks again by itself, but nothing moves under a finger or away from the keyboard.
"use strict";

(() => {
  let pressed = false;
  const press = (down) => () => { pressed = down; };
  document.addEventListener("pointerdown", press(true));
  ["pointerup", "pointercancel"].forEach((end) => document.addEventListener(end, press(false)));

  document.addEventListener("htmx:beforeSwap", (event) => {
    const board = document.getElementById("board");
    if (event.detail.target !== board) return;
    const signedOut = event.detail.xhr.responseURL.endsWith("/console/sign-in");
    if (signedOut) location.assign("/console/sign-in");
    const held = signedOut || pressed || (document.activeElement && board.contains(document.activeElement));
    if (held || event.detail.xhr.status !== 200) event.detail.shouldSwap = false;
    board.dataset.twin = document.getElementById("as-table").open ? "open" : "";
  });

  // On paper a table says more than cards.
  window.addEventListener("beforeprint", () => { document.getElementById("as-table").open = true; });

  document.addEventListener("htmx:afterSwap", (event) => {
    if (event.detail.target && event.detail.target.dataset.twin === "open") {
      document.getElementById("as-table").open = true;
    }
  });
})();
