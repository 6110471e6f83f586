import type { DicomFile } from "../../dicom/attributes.ts";
import { readDicom } from "../../dicom/read-file.ts";
import { InputError } from "../../errors.ts";
import { type FileHead, readHead } from "../read-head.ts";

/** By what the part that is read grows, until the header ends in it. */
const growth = 8;

/**
 * The header of a DICOM file; of most files a few thousand bytes are read and kept.
 *
 * @param head - its first bytes
 * @throws InputError when it is no DICOM file, or its header is damaged or truncated
 */
export async function readHeader(head: FileHead): Promise<DicomFile> {
  const { name, size } = head;
  for (let part = head; part.bytes.length < size; part = await readHead(name, growth * part.bytes.length)) {
    try {
      return readDicom(part, { header: true, isStart: true });
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
    }
  }
  return readDicom(head.bytes.length < size ? await readHead(name, size) : head, { header: true });
}
