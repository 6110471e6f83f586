/** Bundled into a page by a test: functions of the entry point for browsers. */
import { loadNnUnet, predict, predictEnsemble } from "../../src/browser.ts";

Object.assign(globalThis, { loadNnUnet, predict, predictEnsemble });
