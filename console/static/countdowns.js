// Countdowns: every moment and the time of asking come from the server; the browser only counts the
// seconds since. Its own clock of day is never looked at.
"use strict";

(() => {
  const begun = new WeakMap();

  function twoDigits(number) {
    return String(number).padStart(2, "0");
  }

  function clock(seconds) {
    const hours = Math.floor(seconds / 3600);
    const minutes = Math.floor((seconds % 3600) / 60);
    const rest = twoDigits(seconds % 60);
    return hours ? `${hours}:${twoDigits(minutes)}:${rest}` : `${twoDigits(minutes)}:${rest}`;
  }

  function show(count) {
    if (!begun.has(count)) begun.set(count, performance.now());
    const passed = performance.now() - begun.get(count);
    const left = Math.round((Date.parse(count.dataset.at) - Date.parse(count.dataset.now) - passed) / 1000);
    const late = left < 0;
    if (late && -left > 86400) return;
    if (left > 86400) return;
    count.textContent = late ? `${count.dataset.late} ${clock(-left)}` : clock(left);
    count.classList.toggle("late", late);
    const tile = count.closest(".tile");
    if (tile) tile.classList.toggle("overdue", late);
  }

  function showAll() {
    document.querySelectorAll("[data-at]").forEach(show);
  }

  setInterval(showAll, 1000);
  document.addEventListener("htmx:afterSettle", showAll);
  showAll();
})();
