import type { Mask } from "../../image/index.ts";

/** A scan of the demo: what is segmented in it, and what is really there. */
export interface DemoScan {
  /** Names its files: lower-case letters, digits and "-". */
  readonly name: string;
  /** What the scan is, for people. */
  readonly title: string;
  readonly prompt: string;
  readonly image: {
    readonly bytes: Uint8Array;
    /** Of the file's name, such as "jpg". */
    readonly ending: string;
  };
  /** Ground truth, of the image's size; empty where the scan does not show what the prompt asks for. */
  readonly truth: Mask;
  /** Whose scan it is, for people. */
  readonly credit?: string | undefined;
}
