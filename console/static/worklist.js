// The worklist's own hand: parts of the page are fetched instead of the whole, each row says what is
// happening to it, single keys act outside of fields, and what is new is told without moving a row.
"use strict";
(() => {
  const page = document.querySelector("[data-worklist]");
  if (!page) return;
  const list = page.querySelector("[data-list]");
  const detail = page.querySelector("[data-detail]");
  const says = page.querySelector("[data-says]");
  const fresh = page.querySelector("[data-fresh]");
  const sheet = page.querySelector("[data-sheet]");
  const words = page.dataset;
  const unseen = new Set();
  const saving = new Set(); // tasks whose answer is on its way: nothing that was looked up before it is shown
  const narrow = matchMedia("(max-width: 820px)");

  const rows = () => [...list.querySelectorAll("[data-row]")];
  const rowOf = (id) => rows().find((row) => row.dataset.task === id);
  const open = () => detail.querySelector("article[data-task]");
  const say = (text) => { says.textContent = text; };
  const address = (path, more) => {
    const query = [words.query, more].filter(Boolean).join("&");
    return words.place + path + (query ? "?" + query : "");
  };

  const state = (id, text) => {
    const row = rowOf(id);
    if (row) row.querySelector("[data-state]").textContent = text;
  };

  const showSaving = (row) => {
    const busy = saving.has(row.dataset.task);
    row.classList.toggle("saving", busy);
    row.querySelector("[data-state]").textContent = busy ? words.saysSaving : "";
  };

  const holdButtons = () => {
    const busy = saving.has(open()?.dataset.task);
    open()?.querySelectorAll("form[data-act] button").forEach((button) => { button.disabled = busy; });
  };

  const nowSaving = (id, busy) => {
    if (saving.has(id) === busy) return;
    if (busy) saving.add(id);
    else saving.delete(id);
    const row = rowOf(id);
    if (row) showSaving(row);
    holdButtons();
  };

  // An answer without the part that was asked for is none: a server in trouble is as one that was
  // not reached, and not an empty list or a task that is gone.
  const fetched = async (url, asked, options = {}) => {
    const headers = { "X-Part": "1", ...options.headers };
    const answer = await fetch(url, { ...options, headers, credentials: "same-origin" });
    if (answer.redirected) { signedOut(answer.url); return null; }
    const part = new DOMParser().parseFromString(await answer.text(), "text/html");
    if (!part.querySelector(asked)) throw new Error(`${url}: ${answer.status} without ${asked}`);
    return part;
  };

  // To the sign-in page, unless somebody has written something: then the page says so and waits.
  const signedOut = (url) => {
    if (untouched()) location.assign(url);
    else document.dispatchEvent(new Event("visit-ended"));
  };

  const takeRow = (found) => {
    const old = rowOf(found.dataset.task);
    if (!old) return false;
    const ticked = old.querySelector("[name=task]").checked;
    const focused = old.contains(document.activeElement);
    found.classList.toggle("current", old.classList.contains("current"));
    found.querySelector("[name=task]").checked = ticked;
    showSaving(found);
    old.replaceWith(found);
    if (focused) found.querySelector("[data-open]").focus();
    return true;
  };

  const takeList = (part) => {
    const presets = part.querySelector("[data-presets]");
    if (presets) page.querySelector("[data-presets]").innerHTML = presets.innerHTML;
    const came = [...part.querySelectorAll("[data-rows] [data-row]")].map((row) => document.importNode(row, true));
    return came.filter((row) => !takeRow(row)).map((row) => row.dataset.task);
  };

  const takeDetail = (part) => {
    detail.innerHTML = part.querySelector("[data-detail]").innerHTML;
    holdButtons();
    const answer = detail.querySelector("[data-answer] p");
    if (answer) say(answer.textContent);
  };

  const mark = (id) => rows().forEach((row) => {
    const current = row.dataset.task === id;
    row.classList.toggle("current", current);
    row.querySelector("[data-open]").toggleAttribute("aria-current", current);
  });

  // What was chosen last is shown, whatever answer comes last: nobody may decide on another task
  // than the one they opened. Each choice is a new turn, also a second one of the same task. Until
  // the chosen one is here, nothing can be done to the one before it.
  let chosen = { id: open()?.dataset.task };
  const isChosen = (id) => chosen.id === id && open()?.dataset.task === id;
  const settle = (turn) => {
    if (turn !== chosen) return;
    detail.inert = false;
    chosen.id = open()?.dataset.task; // one that did not come leaves the one before it to be worked on
  };
  const show = async (id, { focus = true, push = true, again = false } = {}) => {
    const row = rowOf(id);
    if (!row) return;
    if (!again) {
      chosen = { id };
      detail.inert = true;
    }
    const turn = chosen;
    const url = row.querySelector("[data-open]").href;
    try {
      const part = await fetched(url, "[data-detail]");
      if (!part || turn !== chosen || (again && saving.has(id))) return;
      if (again && !untouched()) { say(words.saysChanged); return; } // somebody began to write meanwhile
      takeDetail(part);
    } catch {
      say(words.saysLost);
      return;
    } finally { settle(turn); }
    mark(id);
    page.classList.add("chosen");
    if (push) history.pushState({ task: id }, "", url);
    if (!focus) return;
    detail.querySelector("[data-heading]")?.focus({ preventScroll: true });
    if (narrow.matches) detail.scrollIntoView({ block: "start" });
  };

  const after = (row) => {
    const every = rows();
    const at = every.indexOf(row);
    const next = every[at + 1] || every[at - 1];
    return next ? next.dataset.task : null;
  };

  const leave = async (id, stillHere) => {
    const row = rowOf(id);
    const next = row ? after(row) : null;
    if (row) row.remove();
    if (!stillHere) return;
    if (next) await show(next);
    else detail.querySelector("[data-heading]")?.focus();
  };

  const send = async (form) => {
    const id = form.dataset.task;
    if (saving.has(id)) return;
    form.querySelector("[data-unsent]")?.remove();
    nowSaving(id, true);
    try {
      const said = { method: "POST", body: new URLSearchParams(new FormData(form)) };
      const part = await fetched(form.action, "[data-detail] [data-answer]", said);
      nowSaving(id, false);
      if (!part) return;
      const stillHere = isChosen(id);
      const decided = part.querySelector("[data-detail] [data-decided]");
      takeList(part);
      if (stillHere) takeDetail(part);
      else say(part.querySelector("[data-answer] p").textContent);
      if (decided) await leave(id, stillHere);
      else if (stillHere) detail.querySelector("[data-answer]")?.scrollIntoView({ block: "nearest" });
    } catch {
      nowSaving(id, false);
      unsent(form);
    }
  };

  // Said where the button was pressed: above, out of sight, somebody could take it for done.
  const unsent = (form) => {
    if (!form.isConnected) { say(words.saysLost); return; }
    const note = document.createElement("p");
    note.className = "note bad";
    note.setAttribute("role", "alert");
    note.dataset.unsent = "";
    note.textContent = words.saysLost;
    form.append(note);
    note.scrollIntoView({ block: "nearest" });
  };

  detail.addEventListener("submit", (event) => {
    const form = event.target.closest("form[data-act]");
    if (!form) return;
    event.preventDefault();
    send(form);
  });
  list.addEventListener("click", (event) => {
    const link = event.target.closest("[data-open]");
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    show(link.closest("[data-row]").dataset.task);
  });
  window.addEventListener("popstate", () => location.reload());

  // -- what is new -----------------------------------------------------------------------------

  const untouched = () => [...detail.querySelectorAll("input, textarea, select")].every((field) =>
    field.type === "radio" || field.type === "checkbox" ? field.checked === field.defaultChecked
      : field.type === "hidden" || field.tagName === "SELECT" ? true : field.value === field.defaultValue)
    && !detail.contains(document.activeElement?.closest("form"));

  const heard = async (event) => {
    const told = JSON.parse(event.data);
    const ids = Object.keys(told.tasks);
    if (told.everything) { fresh.hidden = false; fresh.textContent = words.saysNew; return; }
    ids.forEach((id) => owed.add(id));
    await lookAtOwed();
  };

  // What was told and could not be looked at is looked at again: the line on which it is told may
  // stand while the way to the rows is broken. Ever more rarely, while it stays so.
  const FIRST_MS = 2000, RAREST_MS = 60000;
  const owed = new Set();
  let looking = false;
  let wait = FIRST_MS;
  let nextLook = null;
  const lookAtOwed = async () => {
    if (looking) return;
    looking = true;
    clearTimeout(nextLook);
    while (owed.size) {
      const ids = [...owed].slice(0, 50);
      ids.forEach((id) => owed.delete(id)); // what is told meanwhile is owed once more
      try {
        await look(ids);
        wait = FIRST_MS;
      } catch {
        ids.forEach((id) => owed.add(id));
        nextLook = setTimeout(lookAtOwed, wait);
        wait = Math.min(2 * wait, RAREST_MS);
        break;
      }
    }
    looking = false;
  };

  const look = async (ids) => {
    const rowsOf = address("/rows", "ids=" + ids.map(encodeURIComponent).join(","));
    const part = await fetched(rowsOf, "[data-rows]");
    if (!part) return;
    const matching = new Set([...part.querySelectorAll("[data-row]")].map((row) => row.dataset.task));
    takeList(part).forEach((id) => unseen.add(id));
    ids.filter((id) => !matching.has(id)).forEach((id) => {
      unseen.delete(id);
      state(id, words.saysGone);
      rowOf(id)?.classList.add("gone");
    });
    fresh.hidden = unseen.size === 0;
    fresh.textContent = unseen.size + " " + words.saysNew;
    if (unseen.size) say(fresh.textContent);
    await renew(ids);
  };

  const renew = async (ids) => {
    const article = open();
    if (!article || !ids.includes(article.dataset.task) || saving.has(article.dataset.task)) return;
    if (!isChosen(article.dataset.task)) return; // another one is being opened
    if (untouched()) await show(article.dataset.task, { focus: false, push: false, again: true });
    else say(words.saysChanged);
  };

  fresh.addEventListener("click", () => location.reload());

  // A browser holds few connections to one place: a page that nobody sees gives its own back, and
  // goes on from where it was when it is looked at again.
  let line = null;
  let since = words.since;
  const listen = () => {
    if (line) return;
    line = new EventSource(words.place + "/events?since=" + since);
    line.addEventListener("tasks", (event) => { since = event.lastEventId || since; heard(event); });
    line.addEventListener("open", () => { words.live = "1"; lookAtOwed(); });
  };
  const rest = () => {
    if (line) line.close();
    line = null;
  };
  document.addEventListener("visibilitychange", () => (document.hidden ? rest() : listen()));
  window.addEventListener("pagehide", rest);
  window.addEventListener("pageshow", listen);
  if (!document.hidden) listen();

  // How many are behind each saved filter is counted when somebody looks.
  const saved = page.querySelector("[data-saved]");
  saved.addEventListener("toggle", async () => {
    if (!saved.open) return;
    const part = await fetched(words.place + "/filters", "[data-size-of]").catch(() => null);
    part?.querySelectorAll("[data-size-of]").forEach((one) => {
      const place = saved.querySelector(`[data-filter="${one.dataset.sizeOf}"]`);
      if (place) place.textContent = one.textContent;
    });
  });

  // -- keys ------------------------------------------------------------------------------------

  const switched = page.querySelector("[data-keys]");
  const KEPT = "journey-single-keys";
  const help = page.querySelector("button[data-help]");
  switched.checked = localStorage.getItem(KEPT) !== "off";
  switched.addEventListener("change", () => localStorage.setItem(KEPT, switched.checked ? "on" : "off"));
  help.hidden = false;
  help.addEventListener("click", () => sheet.showModal());

  const step = (by) => {
    const every = rows();
    if (!every.length) return;
    const focused = every.findIndex((row) => row.contains(document.activeElement));
    const at = focused >= 0 ? focused + by : every.findIndex((row) => row.classList.contains("current")) + by;
    every[Math.max(0, Math.min(every.length - 1, at))].querySelector("[data-open]").focus();
  };

  const press = (key) => {
    const target = detail.querySelector(`[data-key="${key}"]`);
    if (!target || detail.inert) return;
    target.click();
    const form = target.closest("form, details");
    if (key === "c") return;
    const next = key === "s" || key === "g" ? form.querySelector("input:not([type=hidden])")
      : form.querySelector(`[data-for="${key === "a" ? "approve" : "decline"}"]`) || form.querySelector("button");
    next.focus();
  };

  const KEYS = {
    j: () => step(1), k: () => step(-1), c: () => press("c"), a: () => press("a"), r: () => press("r"),
    s: () => press("s"), g: () => press("g"), "/": () => page.querySelector('[data-key="/"]').focus(), "?": () => sheet.showModal(),
  };
  document.addEventListener("keydown", (event) => {
    if (!switched.checked || event.ctrlKey || event.metaKey || event.altKey || event.isComposing || sheet.open) return;
    // For a moment after it has closed the help may still hold the focus: that is no field any more.
    const field = event.target.closest("input, select, textarea, [contenteditable]");
    if (field && !sheet.contains(field)) return;
    if (!Object.hasOwn(KEYS, event.key)) return;
    event.preventDefault();
    KEYS[event.key]();
  });
})();
