import { type DicomObject, headerOfPart } from "../../dicom/read-file.ts";
import type { FileAccess, FileHead } from "../file-access.ts";

/** By what the part that is read grows, until the header ends in it. */
const growth = 8;

/**
 * The header of a DICOM file; of most files a few thousand bytes are read and kept.
 *
 * @param head - its first bytes
 * @throws InputError when it is no DICOM file, or its header is damaged or truncated
 */
export async function readHeader(head: FileHead, { head: readHead }: Pick<FileAccess, "head">): Promise<DicomObject> {
  for (let part = head; ; part = await readHead(head.name, growth * part.bytes.length)) {
    const header = headerOfPart(part, part.size);
    if (header) return header;
  }
}
