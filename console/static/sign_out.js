// At sign-out nothing that was entered on this device stays on it; who would lose readings that
// have not been sent hears it first.
"use strict";

(() => {
  const form = document.getElementById("sign-out");
  if (!form) return;
  const kept = () => Object.keys(localStorage).filter((name) => name.startsWith("journey-reading:"));
  form.addEventListener("submit", (event) => {
    const warning = document.getElementById("unsent");
    if (kept().length && warning.hidden) {
      event.preventDefault();
      warning.hidden = false;
      return;
    }
    kept().forEach((name) => localStorage.removeItem(name));
  });
})();
