import type { Mask, Size } from "../../image/index.ts";

/** The parts of a data set, in the order of tables. */
export const splits = ["train", "val", "test"] as const;
export type Split = (typeof splits)[number];

/** A number of images in each split; a split that is absent has none. */
export type SplitCounts = Readonly<Partial<Record<Split, number>>>;

/** A picture that was decoded without fault, and how it becomes a file. */
export interface Picture extends Size {
  readonly write: (file: string) => Promise<void>;
}

/** The pictures of an item. */
export interface Pictures {
  readonly image: Picture;
  /** Of the same size; absent in data sets of captions. */
  readonly mask?: Mask;
  /** Guesses that were made, in whole sentences without the file's name. */
  readonly warnings: readonly string[];
}

/** An image of a data set with what belongs to it. Its pictures are decoded when they are needed. */
export interface Item {
  /** Name of its files in the result, without ending. */
  readonly name: string;
  /** Ending of its image in the result, such as "png". */
  readonly ending: string;
  /** The file that its image is made from, relative to the folder with "/" between. */
  readonly image: string;
  /** The files that its mask is made from. None: the mask is empty, or the data set has captions. */
  readonly masks: readonly string[];
  /** The split to which the data set itself assigns it. */
  readonly split?: Split;
  /** Identifies its patient, case or article within the data set. Never written: results number the groups. */
  readonly group?: string;
  readonly class?: string;
  /** Of data sets of captions. */
  readonly caption?: string;
  /** @throws InputError when a file is damaged, no such picture, or a mask does not fit its image */
  readonly read: () => Promise<Pictures>;
}

/** A file that is not laid out, and a few words why, the same for the same cause. */
export interface LeftOutFile {
  readonly file: string;
  readonly reason: string;
}

/** An item or a table that cannot be used, with its files, the one to be named first. */
export interface Failure {
  readonly files: readonly [string, ...string[]];
  readonly message: string;
}

/** All files below a folder. */
export interface FolderFiles {
  readonly root: string;
  /** Relative to the root with "/" between, in the order of their code points. */
  readonly paths: readonly string[];
  /** Where a file lies. */
  readonly place: (path: string) => string;
  /** Folders that cannot be read. */
  readonly failures: readonly Failure[];
  /** Folders below it that hold a result of this command, whose files are not listed. */
  readonly results: readonly string[];
}

/** What a reader makes of a folder. */
export interface Found {
  readonly items: readonly Item[];
  readonly leftOut: readonly LeftOutFile[];
  readonly failures: readonly Failure[];
  /** Files from which captions, classes or splits were read. */
  readonly tables: readonly string[];
}

export interface ReadOptions {
  /** Of data sets with masks of several structures. */
  readonly target: "lungs" | "infection";
  /** What becomes of images without a lesion. */
  readonly normal: "keep" | "leave-out";
  /** Is told now and then how far the reading has come. */
  readonly tell: (message: string) => void;
  readonly signal?: AbortSignal | undefined;
}

/** A published data set: what is known about it, and a reader of its files as they are downloaded. Texts are for tables and messages: no full stop at their end. */
export interface DataSet {
  readonly title: string;
  /** What is segmented, or that it has captions. */
  readonly task: string;
  readonly modality: string;
  /** Whether its images come with masks or with captions. */
  readonly kind: "masks" | "captions";
  /** The paper to cite. */
  readonly citation: string;
  /** Where it is described and offered. */
  readonly pages: readonly string[];
  /** What to download from there, and how to unpack it. */
  readonly download: string;
  /** Licence or terms, who states them, and what was not verified. */
  readonly licence: string;
  /** The files that the reader expects. */
  readonly layout: string;
  /** What its groups are; absent where none are known. */
  readonly group?: "patient" | "case" | "article";
  /** Images of each split in Koleilat et al. 2024 (MedCLIP-SAMv2), second-hand. */
  readonly paper: SplitCounts;
  /** What is known about the paper's splits. */
  readonly paperSplits: string;
  /** The classes that the package's prompt sets have sentences for. */
  readonly promptClasses?: readonly string[];
  /** How intensities become those of the written images, where they are not those of the files. */
  readonly intensities?: string;
  readonly read: (files: FolderFiles, options: ReadOptions) => Promise<Found>;
}
