// Questions to the server.
import { ask } from "../common.js";
import { complain, current, run } from "./state.js";

const isWanted = (question) => run.id === question.run && current() === question.picture;

/** Asks one question at a time; of those that come meanwhile only the last is asked. */
export const asker = (name, done, wanted = isWanted) => {
  let busy = false, next = null;
  const begin = async (question) => {
    if (!wanted(question)) return;
    if (busy) {
      next = question;
      return;
    }
    busy = true;
    const answer = await ask(name, question);
    busy = false;
    if (wanted(question)) {
      if (answer.error) complain(answer.error);
      else done(question, answer);
    }
    if (next) {
      const last = next;
      next = null;
      begin(last);
    }
  };
  return begin;
};
