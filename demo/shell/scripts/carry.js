// A picture is carried from one tab to another, and a link to the page as it is now is copied.
import { say } from "./notice.js";
import { address, go } from "./router.js";

/** What the buttons say that carry a picture to a tab. */
export const CARRY = { judge: "Judge this", walk: "Walk from this", draw: "Draw on from this" };

const receivers = new Map(); // by tab, or by tab and view
const carried = new Map(); // by tab, or by tab and view: a picture that its receiver has not had yet

/** @typedef {{pixels: number[], height: number, width: number, channels: number}} Picture levels row by row, the
 *   channels of a pixel together; and whatever else the two tabs agree on */

/** Opens a tab as it was left, or a view of it, and hands it a picture. */
export const carry = (tab, picture, view) => {
  const to = view ? `${tab}-${view}` : tab;
  carried.set(to, picture);
  go(view ? { tab, view } : { tab });
  deliver(to);
};

/** Names the function that takes the pictures that are carried to a tab, or to a view, as "tab-view". */
export const receivePicture = (to, take) => {
  receivers.set(to, take);
  deliver(to);
};

const deliver = (to) => {
  const take = receivers.get(to), picture = carried.get(to);
  if (!take || !picture) return;
  carried.delete(to);
  take(picture);
};

/** Copies the page's address; where that is not allowed, shows it. */
export const copyLink = async () => {
  const link = address();
  try {
    await navigator.clipboard.writeText(link);
    say("Link copied.");
    return true;
  } catch { // no permission, or no secure connection
    window.prompt("Copy this link:", link);
    return false;
  }
};
