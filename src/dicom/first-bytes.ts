/** Latin-1 bytes with their places; all must be there. */
type FirstBytes = readonly (readonly [at: number, bytes: string])[];

const mark: FirstBytes = [[128, "DICM"]];

/** The first elements of data sets: group 0008 in implicit or explicit little endian, and in big endian. */
const elements = ["\x01", "\x05", "\x06", "\x08", "\x12", "\x13", "\x14", "\x16", "\x18"];
const lengths: readonly FirstBytes[] = ["\x02\0\0\0UL\x04\0", "\x08\0\0\0UL\x04\0", "\x08\0\0\0\x04\0\0\0"].map((bytes) => [[0, bytes]]);
const metaElements: readonly FirstBytes[] = ["\x01", "\x02", "\x03", "\x10"].map((element) => [[0, `\x02\0${element}\0`]]);

/** First bytes of DICOM files: with preamble, or without it a file that begins with group 0002 or 0008. */
export const dicomFirstBytes: readonly FirstBytes[] = [
  mark,
  ...lengths,
  ...metaElements,
  ...elements.map((element): FirstBytes => [[0, `\x08\0${element}\0`]]),
  ...elements.map((element): FirstBytes => [[0, `\0\x08\0${element}`]]),
];

const begins = (bytes: Uint8Array, first: FirstBytes): boolean =>
  first.every(([at, text]) => String.fromCharCode(...bytes.subarray(at, at + text.length)) === text);

/** Whether bytes are the start of a DICOM file. */
export const isDicom = (bytes: Uint8Array): boolean => dicomFirstBytes.some((first) => begins(bytes, first));

/** Whether there is a preamble before the first element. */
export const hasPreamble = (bytes: Uint8Array): boolean => begins(bytes, mark);
