// What the writing help and the editor of e-mails tell each other, as events on the editor's element.

/** Asks which text is chosen; the answer is written into it. */
export const ASK_TEXT = "patron:ask-text";
/** Hands over words for the chosen text; who takes them says so. */
export const TAKE_TEXT = "patron:take-text";

export interface Asked {
  text: string;
}

export interface Taken {
  readonly text: string;
  isTaken: boolean;
}
