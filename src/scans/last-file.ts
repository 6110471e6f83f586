import type { Frame } from "./sources/image-source.ts";

/** A file in memory whose frames are decoded when they are read. */
export interface OpenedFile {
  readonly frames: number;
  /** @param index - from 0, in the order of the file @throws InputError when it is damaged */
  read(index: number): Promise<Frame>;
}

/** Keeps the file that was opened last, and no other: scans read their frames one after the other. */
export class LastFile {
  private key: string | undefined;
  private opened: Promise<OpenedFile> | undefined;

  /** @param key - tells files apart, and what they were opened for */
  open(key: string, open: () => Promise<OpenedFile>): Promise<OpenedFile> {
    if (this.key !== key || this.opened === undefined) {
      this.key = key;
      this.opened = open();
    }
    return this.opened;
  }
}
