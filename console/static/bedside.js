// The bedside screen: readings go through this device's own list, one after the other; the parts
// that look again by themselves never move a control under a finger or take away what is typed.
"use strict";

(() => {
  const RETRY_MS = 4000;
  const STAYS = new Set(["away", "unavailable", "trouble", "signed_out"]);
  const byId = (id) => document.getElementById(id);
  const words = JSON.parse(byId("waiting").dataset.words);
  let running = null;
  let pressed = false;
  let out = false;
  let posting = 0;

  const bedside = () => byId("bedside");
  const me = () => bedside().dataset.by;

  // -- what waits, in words ----------------------------------------------------------------------

  function told(reading) {
    const values = Object.entries(reading.fields).filter(([, said]) => said.some(Boolean));
    return values.map(([name, said]) => `${name.replace("vitals.", "")} ${said.join(", ")}`).join("; ");
  }

  function line(reading) {
    const item = document.createElement("li");
    const what = document.createElement("p");
    const state = reading.refused ? words.refused : words.waits;
    const time = new Date(reading.taken_at).toLocaleTimeString();
    what.textContent = `${time}, ${words.by} ${reading.by}: ${told(reading)} (${state})`;
    item.append(what);
    if (reading.refused) item.append(...refusal(reading));
    return item;
  }

  function refusal(reading) {
    const why = document.createElement("div");
    why.innerHTML = reading.answer; // a part of our own page, made by the server
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = words.remove;
    button.addEventListener("click", () => { Readings.remove(reading); showWaiting(); });
    return [why, button];
  }

  function showWaiting() {
    const every = Readings.all();
    const count = every.filter((reading) => !reading.refused).length;
    const section = byId("waiting");
    const sentence = count === 1 ? words.one : words.many.replace("{n}", count);
    section.hidden = every.length === 0;
    section.dataset.count = String(count);
    byId("waiting-title").textContent = (count ? sentence : words.none) + (out ? ` ${words.out}` : "");
    section.querySelector("ol").replaceChildren(...every.map(line));
  }

  // -- sending, in order, one at a time ----------------------------------------------------------

  function sendAll() {
    running ||= sendEach().finally(() => { running = null; showWaiting(); });
    return running;
  }

  async function sendEach() {
    for (let reading; (reading = Readings.waiting(me())[0]);) {
      const result = await Readings.send(reading);
      out = result.status === "signed_out";
      connected(result.status !== "away");
      if (STAYS.has(result.status)) break;
      settle(reading, result);
    }
  }

  function settle(reading, result) {
    const here = reading.to.includes(`/${bedside().dataset.session}/`);
    if (result.status === "taken" || result.status === "kept") {
      Readings.remove(reading);
      finish(reading);
    } else if (atHand(reading)) {
      Readings.remove(reading); // its values still stand in the form
      atHand(reading).elements.command_id.value = Readings.newKey();
    } else {
      Readings.refuse(reading, result.answer);
    }
    if (here) byId("answer").innerHTML = result.answer;
    if (here && result.status === "taken") lookAgain();
  }

  // The form that still shows this very reading, if any.
  function atHand(reading) {
    const form = byId("form-vitals");
    return form && form.elements.command_id.value === reading.command_id ? form : null;
  }

  function finish(reading) {
    const form = atHand(reading);
    if (!form) return;
    form.reset();
    form.querySelectorAll("input[type=number], input[type=text], input:not([type])").forEach((input) => { input.value = ""; });
    form.elements.command_id.value = Readings.newKey();
  }

  function connected(yes) {
    byId("connection").hidden = yes;
    if (yes) byId("not-sent").hidden = true;
  }

  // A browser that keeps nothing sends the form as it is.
  function keep(form, reading) {
    try {
      return Readings.keep(reading);
    } catch {
      form.submit();
      return null;
    }
  }

  async function enter(form) {
    const fields = {};
    new FormData(form).forEach((value, name) => {
      if (name !== "command_id" && value !== "") (fields[name] ||= []).push(value);
    });
    const reading = keep(form, {
      to: form.dataset.reading,
      by: me(),
      command_id: form.elements.command_id.value,
      taken_at: new Date().toISOString(),
      fields,
    });
    if (!reading) return;
    const button = form.querySelector("button.primary");
    button.disabled = true;
    await sendAll();
    button.disabled = false;
    if (Readings.waiting().some((one) => one.command_id === reading.command_id)) finish(reading);
  }

  // -- what looks again by itself ----------------------------------------------------------------

  function typed() {
    const controls = byId("controls");
    const fields = [...controls.querySelectorAll("input:not([type=hidden]), select, textarea")];
    const said = (field) => (["radio", "checkbox"].includes(field.type) ? field.checked : field.value !== "");
    return fields.some(said) || fields.includes(document.activeElement);
  }

  function lookAgain() {
    htmx.ajax("GET", `/console/sessions/${bedside().dataset.session}/live`, { target: "#live", swap: "outerHTML" });
  }

  function showControls() {
    byId("phase-changed").hidden = true;
    const from = `/console/sessions/${bedside().dataset.session}/parts`;
    htmx.ajax("GET", from, { target: "#controls", swap: "outerHTML", select: "#controls" });
  }

  function comparePhases() {
    const live = byId("live");
    if (!live || posting || live.dataset.phase === byId("controls").dataset.phase) return;
    if (typed() || pressed) byId("phase-changed").hidden = false;
    else showControls();
  }

  // What somebody typed in other forms outlives a form that was answered.
  let remembered = [];
  function remember() {
    const fields = [...document.querySelectorAll("#controls input:not([type=hidden]), #controls select, #controls textarea")];
    remembered = fields.map(({ id, value, checked }) => ({ id, value, checked }));
    remembered.open = [...document.querySelectorAll("#controls details[open]")].map(({ id }) => id);
  }

  function recall(answered) {
    for (const { id, value, checked } of remembered) {
      const field = id && byId(id);
      if (!field || (answered && field.form && field.form.id === answered)) continue;
      if (["radio", "checkbox"].includes(field.type)) field.checked = checked;
      else field.value = value;
    }
    (remembered.open || []).forEach((id) => { if (id && byId(id)) byId(id).open = true; });
    remembered = [];
  }

  document.addEventListener("htmx:beforeSwap", (event) => {
    const { target, xhr, requestConfig } = event.detail;
    if (xhr.responseURL.endsWith("/console/sign-in")) {
      event.detail.shouldSwap = false;
      byId("signed-out").hidden = false;
      if (requestConfig.verb === "post") byId("not-sent").hidden = false;
      return;
    }
    if (target.id === "live" && xhr.status === 200) byId("signed-out").hidden = true;
    if (target.id === "live" && (posting || pressed || target.contains(document.activeElement))) {
      event.detail.shouldSwap = false;
    } else if (target.id === "controls") {
      event.detail.shouldSwap = !posting && xhr.status === 200;
      remember();
    } else if (target.id === "bedside") {
      event.detail.shouldSwap = xhr.status !== 404 && xhr.status !== 403;
      event.detail.isError = false;
      remember();
      remembered.answered = requestConfig.verb === "post" ? requestConfig.elt.id : "";
    }
  });

  document.addEventListener("htmx:afterSwap", (event) => {
    if (!["bedside", "controls"].includes(event.detail.target.id)) return;
    const { answered } = remembered;
    recall(answered);
    byId("phase-changed").hidden = true;
    if (answered) byId("answer").focus();
  });

  document.addEventListener("htmx:afterSettle", comparePhases);
  document.addEventListener("htmx:afterRequest", (event) => {
    if (event.detail.requestConfig.verb === "post") posting = Math.max(0, posting - 1);
    connected(event.detail.xhr.status !== 0 && (event.detail.target.id !== "live" || event.detail.successful));
  });
  document.addEventListener("htmx:sendError", (event) => {
    connected(false);
    if (event.detail.requestConfig.verb === "post") byId("not-sent").hidden = false;
  });
  document.addEventListener("htmx:beforeRequest", (event) => {
    if (event.detail.requestConfig.verb === "post") posting += 1;
    const bar = document.querySelector(".while-starting");
    if (bar && event.detail.elt.id === "form-start") bar.classList.add("shown");
  });

  // -- hands -------------------------------------------------------------------------------------

  document.addEventListener("submit", (event) => {
    if (!event.target.dataset.reading) return;
    event.preventDefault();
    enter(event.target);
  });
  document.addEventListener("pointerdown", () => { pressed = true; });
  ["pointerup", "pointercancel"].forEach((end) => document.addEventListener(end, () => { pressed = false; }));
  // A wheel over a number field would change what was typed.
  document.addEventListener("wheel", () => {
    if (document.activeElement && document.activeElement.type === "number") document.activeElement.blur();
  });
  byId("phase-changed").querySelector("button").addEventListener("click", showControls);
  window.addEventListener("online", sendAll);
  window.addEventListener("offline", () => connected(false));
  setInterval(sendAll, RETRY_MS);
  showWaiting();
  sendAll();
})();
