import { join } from "node:path";
import { ConfigError } from "../../../errors.ts";
import { areSame } from "../../../files/atomic-write.ts";

/** Where a run writes pictures and label maps that have the names of its images. */
export interface WrittenFolders {
  /** Such as "weak predict". */
  readonly command: string;
  readonly out: string;
  /** Sub-folders of `out`. */
  readonly below?: readonly string[];
}

/**
 * Refuses an output folder whose results would replace the files that the run reads, as they have the same names. Folders are compared on the disk:
 * links and other spellings are the same folder.
 *
 * @param inputs - folders by their settings, such as `{ images: "scans" }`
 * @throws ConfigError that names the setting
 */
export async function refuseInputFolders(
  { command, out, below = [] }: WrittenFolders,
  inputs: Readonly<Record<string, string | undefined>>,
): Promise<void> {
  for (const [flag, input] of Object.entries(inputs)) {
    if (input === undefined) continue;
    for (const folder of [out, ...below.map((name) => join(out, name))]) {
      if (!(await areSame(folder, input))) continue;
      throw new ConfigError(
        `${command}: --out "${out}" would write into the folder of --${flag}, "${input}", and replace files there. Choose another --out.`,
      );
    }
  }
}
