// Questions to the server.
import { askNewest } from "../asker.js";
import { complain, current, run } from "./state.js";

const isWanted = (question) => run.id === question.run && current() === question.picture;

/** Asks one question at a time; of those that come meanwhile only the last is asked. */
export const asker = (name, done, wanted = isWanted) => askNewest(name, done, complain, wanted);
