import { existsSync } from "node:fs";
import { describe, test } from "vitest";

const usualPlaces = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];

/** The browser that CHROMIUM names, else one in the usual places. */
export const chromiumPath = process.env.CHROMIUM ?? usualPlaces.find(existsSync);

/** A `describe` that is skipped, with the reason in its title, where there is no Chromium. */
export function describeWithChromium(title: string, body: (executablePath: string) => void): void {
  if (chromiumPath !== undefined) describe(title, () => body(chromiumPath!));
  // Reason for the skip: the page needs a real browser, which no npm package brings without a download. The run lists it under "Skipped".
  else describe.skip(title, () => test("skipped: no Chromium; set CHROMIUM to its program", () => undefined));
}
