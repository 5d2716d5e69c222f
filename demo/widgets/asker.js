// Questions of which only the newest counts.
import { ask } from "./common.js";

/**
 * Asks one question at a time; of those that come meanwhile only the last is asked.
 * @param {string} name of the server's function
 * @param {(question: object, answer: object) => void} done takes an answer
 * @param {(error: string) => void} complain says what is wrong with a question
 * @param {(question: object) => boolean} wanted whether a question still counts
 */
export const askNewest = (name, done, complain, wanted) => {
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
