// Sends what the phone keeps: a record, then its photos in parts from where the last part ended. Window: `sending`.
"use strict";
const sending = (() => {
  const PART = 256 * 1024;
  class Lost extends Error {}
  class NotSignedIn extends Error {}
  class Refused extends Error {}

  const ask = async (method, path, body) => {
    let answer;
    try { answer = await fetch(path, { method, body, credentials: "same-origin", signal: AbortSignal.timeout(60000) }); }
    catch (error) { throw new Lost(error.message); }
    if (answer.status === 401 || answer.redirected) throw new NotSignedIn();
    if (answer.status >= 500 || answer.status === 429) throw new Lost(String(answer.status));
    let said;
    try { said = await answer.json(); } catch (error) { throw new Lost(error.message); }
    if (!answer.ok) throw new Refused(document.documentElement.lang === "en" ? said.detail || said.title_en || said.title : said.title);
    return said;
  };
  const sendPhoto = async (state, photo) => {
    let from = state.received;
    while (from < photo.size) {
      const part = photo.content.slice(from, from + PART);
      const said = await ask("PATCH", `/p/survey/photos/${photo.photo_id}?at_byte=${from}`, part);
      from = said.photos.find((one) => one.photo_id === photo.photo_id).received;
    }
  };
  // One record to its end. A repeat at any place is safe: the server knows the ids.
  const send = async (visit) => {
    const said = await ask("PUT", `/p/survey/visits/${visit.survey_id}`, JSON.stringify(visit.body));
    for (const state of said.photos) {
      if (state.received < state.size) {
        const photo = await kept.photo(state.photo_id);
        if (photo) await sendPhoto(state, photo);
      }
    }
  };
  let turn = null;
  // All records of this person, the oldest first; the answer says how it ended.
  const all = (owner, told) => {
    turn = turn || (async () => {
      try {
        const waiting = (await kept.visits()).filter((one) => one.owner === owner && !one.fault);
        for (const visit of waiting.sort((a, b) => a.body.captured_at.localeCompare(b.body.captured_at))) {
          try {
            await send(visit);
            await kept.drop(visit);
          } catch (error) {
            if (!(error instanceof Refused)) throw error;
            // Refused for good: it stays here, with the reason, until its owner has seen to it.
            await kept.keep({ ...visit, fault: error.message || "?" }, []);
          }
          await told();
        }
        return "done";
      } catch (error) {
        if (error instanceof NotSignedIn) return "sign_in";
        if (error instanceof Lost) return "offline";
        throw error;
      } finally { turn = null; }
    })();
    return turn;
  };
  return { all, ask, Lost, NotSignedIn, Refused };
})();
