import { WeightsError } from "../../errors.ts";
import type * as Node from "./node.ts";

// The counterpart of `node.ts` where there are no files: each function has the same type and says what to do instead.

const none = (file: string): WeightsError =>
  new WeightsError(`"${file}" cannot be opened: browsers cannot read files by path. Fetch it and pass { name, bytes } instead.`);

export const withFile: typeof Node.withFile = async (file) => {
  throw none(file);
};

export const writeAtomically: typeof Node.writeAtomically = async (file) => {
  throw none(file);
};

export const writeFully: typeof Node.writeFully = async () => {
  throw none("handle");
};

export const siblingPath: typeof Node.siblingPath = (_, name) => name;

/** Names are what they are. */
export const absolutePath = (file: string): string => file;
