/**
 * The attributes of a DICOM data set, or of one item of a sequence, by keyword ("PixelSpacing"). Values are as the file has them: nothing is
 * guessed or repaired.
 *
 * @see DICOM PS3.6 for keywords and value representations
 */
export interface Attributes {
  /** Whether the attribute is there with at least one value that is not empty. */
  has(keyword: string): boolean;
  /** All values as text, without padding; none if the attribute is absent or empty. */
  texts(keyword: string): readonly string[];
  /** The first of `texts`. */
  text(keyword: string): string | undefined;
  /** All values as numbers, NaN for what is none; none if the attribute is absent or empty. */
  numbers(keyword: string): readonly number[];
  /** The first of `numbers`. */
  number(keyword: string): number | undefined;
  /** The bytes of an attribute of binary values (OB, OW, UN), as stored. */
  bytes(keyword: string): Uint8Array | undefined;
  /** The items of a sequence; none if it is absent or empty. */
  items(keyword: string): readonly Attributes[];
}

/** A DICOM object in memory or, without its pixels, the header of one. */
export interface DicomFile {
  /** Path, or name of the bytes, for messages. */
  readonly name: string;
  /** UID of the transfer syntax. */
  readonly transferSyntax: string;
  readonly attributes: Attributes;
}
