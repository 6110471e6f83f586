/**
 * One of the ways in which published files name a model's tensors. Inside the project a tensor has its official name; a
 * scheme says where it lies in the file: under one name, or in several tensors that join along the first axis.
 */
export interface NameScheme {
  readonly name: string;
  readonly locate: (official: string) => string | readonly string[];
  /** Whether a tensor of the file is stored with its two axes exchanged. */
  readonly isTransposed?: (name: string) => boolean;
}

/** What a family of models expects of a file. */
export interface WeightsFamily {
  /** For messages: "BiomedCLIP", "SAM". */
  readonly title: string;
  readonly schemes: readonly NameScheme[];
  /**
   * Official names of tensors by which a model is found, from each of its parts: few other models have them. A file belongs to the family
   * of which it has most, so families that are told apart list as many. The first is named in errors.
   */
  readonly markers: readonly string[];
  /** Tensors that real files hold and no model needs. */
  readonly ignored: readonly RegExp[];
}
