import { keysOf } from "../../keys-of.ts";
import type { Window } from "./window.ts";

/** Windows of CT by name, in Hounsfield units. Their values are our choice among those in common use. */
export const namedWindows = {
  lung: { center: -600, width: 1500 },
  soft: { center: 40, width: 400 },
  brain: { center: 40, width: 80 },
  bone: { center: 400, width: 1800 },
} as const satisfies Record<string, Window>;

/** What `windowOf` reads, for messages. */
export const windowsExpected = `expected file, ${keysOf(namedWindows).join(", ")}, or centre and width such as 40,400 with a width above 0`;

/**
 * The window that a setting asks for: a name of `namedWindows`, centre and width such as "40,400", or "file" for the window of the file.
 *
 * @returns undefined when the text is none of these
 */
export function windowOf(text: string): Window | "file" | undefined {
  if (text === "file") return text;
  if (Object.hasOwn(namedWindows, text)) return namedWindows[text as keyof typeof namedWindows];
  const [center = Number.NaN, width = Number.NaN, ...more] = text
    .split(",")
    .map((part) => (part.trim() === "" ? Number.NaN : Number(part)));
  return more.length === 0 && Number.isFinite(center) && Number.isFinite(width) && width > 0 ? { center, width } : undefined;
}
