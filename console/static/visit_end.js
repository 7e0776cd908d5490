// Before a visit ends the page says so, in time to sign in again in another window; this page then
// goes on, and what was written in it stays. The cookie it looks at holds a time and nothing else.
"use strict";

(() => {
  const WARN_MS = 5 * 60 * 1000;
  const LOOK_MS = 5000;
  const bar = document.getElementById("visit-ends");
  if (!bar) return;
  const words = bar.querySelector("[data-soon]");
  const then = bar.querySelector("[data-then]");
  const on = document.getElementById("visit-on");
  let told = "";
  let overSince = null; // the end that the page went by when the server had none of it any more

  function endsAt() {
    const found = document.cookie.match(/(?:^|; )journey-visit-ends=(\d{1,12})/);
    return found ? Number(found[1]) * 1000 : Infinity;
  }

  function sentence(ends) {
    const left = ends === overSince ? 0 : ends - Date.now();
    if (left > WARN_MS) return "";
    const hour = new Date(ends).toLocaleTimeString(document.documentElement.lang, { hour: "numeric", minute: "2-digit" });
    return left > 0 ? `${words.dataset.soon} ${hour}.` : words.dataset.over;
  }

  function tell(said) {
    if (said === told) return; // said once, not every few seconds
    if (told && !said) on.textContent = on.dataset.goesOn;
    told = said;
    bar.hidden = !said;
    words.textContent = said;
    then.hidden = !said;
  }

  const look = () => tell(sentence(endsAt()));
  setInterval(look, LOOK_MS);
  window.addEventListener("focus", look);
  document.addEventListener("visit-ended", () => { overSince = endsAt(); look(); });
  look();
})();
