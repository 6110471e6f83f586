import { InputError } from "../errors.ts";
import { type LeftOut, type LeftOutRecord, leftOutMessage, leftOutRecord } from "../scans/left-out.ts";
import { type ImageInput, listImages } from "../scans/list-images.ts";

/** The images of a run, and what lies beside them and is none. */
export interface RunInputs {
  readonly inputs: readonly ImageInput[];
  /** What was not taken, and the same for the record. */
  readonly notTaken: readonly LeftOut[];
  readonly leftOut: LeftOutRecord | undefined;
  /** Sentences for the user. */
  readonly warnings: readonly string[];
}

/**
 * The images of a run. Results of earlier runs, and of this one, that lie among them are no inputs.
 *
 * @throws InputError when there are none
 */
export async function findInputs(paths: readonly string[], out: string): Promise<RunInputs> {
  const { inputs, leftOut } = await listImages(paths, { out });
  const message = leftOutMessage(leftOut);
  if (inputs.length === 0) {
    const places = paths.map((path) => `"${path}"`).join(", ");
    throw new InputError(`no images in ${places}; read are PNG, JPEG, TIFF and WebP files${message === undefined ? "" : `; ${message}`}`);
  }
  return { inputs, notTaken: leftOut, leftOut: leftOutRecord(leftOut), warnings: message === undefined ? [] : [message] };
}
