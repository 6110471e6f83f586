/** Control characters but for the white space among them: no sentence has them, and terminals obey some (NUL, ESC, U+0080 to U+009F). */
const control = /[^\P{Cc}\s]/gu;

/** The control characters of a text but for white space, each once, as "U+001B". */
export function controlCharactersIn(text: string): string[] {
  return [...new Set(text.match(control))].map((sign) => `U+${hexOf(sign).toUpperCase()}`);
}

/** A text with its control characters, lines and tabs among them, as "\u001b", for messages. */
export const visible = (text: string): string => text.replace(/\p{Cc}/gu, (sign) => `\\u${hexOf(sign)}`);

const hexOf = (sign: string): string => sign.charCodeAt(0).toString(16).padStart(4, "0");
