/** Writes the pages of `docs/reference/settings/`: npm run docs:settings */
import { mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { settingsPages } from "./settings-pages.ts";

const folder = "docs/reference/settings";
await rm(folder, { recursive: true, force: true });
await mkdir(folder, { recursive: true });
for (const [file, text] of await settingsPages()) await writeFile(join(folder, file), text);
