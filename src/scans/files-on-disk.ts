import type { FileAccess } from "./file-access.ts";
import { presentFile } from "./present-file.ts";
import { readContent } from "./read-content.ts";
import { readHead } from "./read-head.ts";

/** Files on disk, by path. */
export const filesOnDisk: FileAccess = { head: readHead, content: readContent, present: presentFile };
