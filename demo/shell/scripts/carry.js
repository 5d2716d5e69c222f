// A picture is carried from one tab to another, and a link to the page as it is now is copied.
import { say } from "./notice.js";
import { address, go } from "./router.js";

/** What the buttons say that carry a picture to a tab. */
export const CARRY = { judge: "Judge this", walk: "Walk from this", draw: "Draw on from this" };

const receivers = new Map(); // by tab
const carried = new Map(); // by tab: a picture that its receiver has not had yet

/** @typedef {{pixels: number[], height: number, width: number, channels: number}} Picture levels row by row, the
 *   channels of a pixel together; and whatever else the two tabs agree on */

/** Opens a tab, as it was left or at a view, and hands it a picture. */
export const carry = (tab, picture, view) => {
  carried.set(tab, picture);
  go(view === undefined ? { tab } : { tab, view });
  deliver(tab);
};

/** Names the function that takes the pictures that are carried to a tab. */
export const receivePicture = (tab, take) => {
  receivers.set(tab, take);
  deliver(tab);
};

const deliver = (tab) => {
  const take = receivers.get(tab), picture = carried.get(tab);
  if (!take || !picture) return;
  carried.delete(tab);
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
