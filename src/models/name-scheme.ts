/**
 * One of the ways in which published files name a model's tensors. Inside the project a tensor has its official name; a
 * scheme says where it lies in the file: under one name, or in several tensors that join along the first axis.
 */
export interface NameScheme {
  readonly name: string;
  readonly locate: (official: string) => string | readonly string[];
}

/** What a family of models expects of a file. */
export interface WeightsFamily {
  /** For messages: "BiomedCLIP", "SAM". */
  readonly title: string;
  readonly schemes: readonly NameScheme[];
  /** Official names of tensors by which a model is found, from each of its parts: no other model has them. The first is named in errors. */
  readonly markers: readonly string[];
  /** Tensors that real files hold and no model needs. */
  readonly ignored: readonly RegExp[];
}
