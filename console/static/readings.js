// Readings that wait on this device until the server has answered.
//
// Kept in localStorage: it is written before the button lets go, survives a reload and a crash, and
// a day's readings are a few kilobytes. Kept of each: its fields, the session's address, who entered
// it, the device's time and its key; removed as soon as the server has answered (a refused one when
// somebody has seen why), and at sign-out. Not encrypted.
"use strict";

const Readings = (() => {
  const PREFIX = "journey-reading:";

  function newKey() {
    const bytes = crypto.getRandomValues(new Uint8Array(16));
    return "device-" + Array.from(bytes, (one) => one.toString(16).padStart(2, "0")).join("");
  }

  // In order of the device's time: one entry a key, so that two tabs do not write over each other.
  function all() {
    const names = Object.keys(localStorage).filter((name) => name.startsWith(PREFIX)).sort();
    return names.map((name) => ({ name, ...JSON.parse(localStorage.getItem(name)) }));
  }

  function keep(reading) {
    const name = `${PREFIX}${reading.taken_at}:${reading.command_id}`;
    localStorage.setItem(name, JSON.stringify(reading));
    return { name, ...reading };
  }

  function remove(reading) {
    localStorage.removeItem(reading.name);
  }

  function refuse(reading, answer) {
    const { name, ...kept } = reading;
    localStorage.setItem(name, JSON.stringify({ ...kept, refused: true, answer }));
  }

  function waiting(by) {
    return all().filter((reading) => !reading.refused && (!by || reading.by === by));
  }

  // What became of one reading: `away` where nobody answered. Sent again it counts once: same key.
  async function send(reading) {
    const content = {
      command_id: reading.command_id,
      taken_at: reading.taken_at,
      sent_at: new Date().toISOString(),
      fields: reading.fields,
    };
    try {
      const reply = await fetch(reading.to, {
        method: "POST",
        headers: { "content-type": "application/json" },
        credentials: "same-origin",
        body: JSON.stringify(content),
      });
      const told = await reply.json();
      return { status: told.status, answer: told.answer || "" };
    } catch {
      return { status: "away", answer: "" };
    }
  }

  function clear() {
    all().forEach(remove);
  }

  return { all, clear, keep, newKey, refuse, remove, send, waiting };
})();
