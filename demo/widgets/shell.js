// What a widget has of the page around it (demo/shell/scripts), and what it does where there is none, as in some tests.
const shell = window.shell ?? {};
const nothing = () => {};

/** Goes to {tab, view, ...fields}; see router.js. */
export const go = shell.go ?? nothing;

/** Puts fields of a tab into the page's address, as text; those at their default are left out. */
export const setFields = shell.setFields ?? nothing;

/** Gives a widget fields of a tab in the address, with their defaults, and the function that brings their values back. */
export const keepFields = shell.keepFields ?? nothing;

/** Tells a function the fields of a tab, now and on each later arrival by an address. */
export const onArrive = shell.onArrive ?? nothing;

/** Copies a link to the page as it is now, and says so; whether that was allowed. */
export const copyLink = shell.copyLink ?? nothing;

/** Opens a tab and hands it a picture, {pixels, height, width, channels}. */
export const carry = shell.carry ?? nothing;

/** What the buttons say that carry a picture to a tab, by the tab. */
export const CARRY = shell.CARRY ?? {};

/** Names the function that takes pictures carried to a tab. */
export const receivePicture = shell.receivePicture ?? nothing;

/** A text in the page's language, for what is painted on a canvas; everything else is translated where it stands. */
export const tr = shell.tr ?? ((text) => text);

/** HTML of a word that is explained where it stands. */
export const word = shell.word ?? ((term, shown = term) => shown);

/** One short sentence at the foot of the page. */
export const say = shell.say ?? nothing;
