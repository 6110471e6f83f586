import { join } from "node:path";
import { InputError } from "../errors.ts";
import { writeAtomic } from "../files/atomic-write.ts";
import { type Decision, worstFirst } from "../gate/index.ts";
import { readFacts } from "../pipeline/weak/pseudo-label/facts-file.ts";
import { type GateFile, readGate } from "../pipeline/weak/pseudo-label/gate-file.ts";
import { WeakPseudoLabelSettings } from "../pipeline/weak/pseudo-label/settings.ts";
import { readRuns } from "../run/record/record.ts";
import { commandLine } from "../run/settings/command-line.ts";
import { decodeImage } from "../scans/decode-image.ts";
import { readMask } from "../scans/read-mask.ts";
import { gateSection, leakSection } from "./gate-section.ts";
import { escaped, page } from "./html.ts";
import { outlined } from "./picture.ts";

/** Pictures of each decision. */
const most = 24;

/** Writes `report.html` of a folder of pseudo-labels: what was kept and why, with pictures. @returns the file */
export async function writePseudoLabelReport(folder: string): Promise<string> {
  const file = join(folder, "report.html");
  const [header] = (await readRuns(folder)).headers;
  const { command, settings, versions } = header!;
  const repeated = commandLine({ command, version: versions["medclip-sam"]! }, WeakPseudoLabelSettings, settings, "inputs");
  const body = [
    "<h1>Pseudo-labels</h1>",
    '<p class="note">Research use only; not a medical device.</p>',
    await pseudoLabelSections(folder),
    `<section><h2>Repeat</h2>\n<p><code>${escaped(repeated)}</code></p></section>`,
  ];
  await writeAtomic(file, page("Pseudo-labels", body.join("\n")));
  return file;
}

/** The sections about the gate and the near-duplicates of the test set. */
export async function pseudoLabelSections(folder: string): Promise<string> {
  const gate = await readGate(folder);
  const pictures = await picturesOf(folder, gate);
  const { error, settings: _, masksUsed, ...result } = gate;
  const judged = { ...result, ...(error !== undefined && { error: new InputError(error) }) };
  return [gateSection(judged, { picture: (name) => pictures.get(name), masksUsed, most }), leakSection(gate.leaks)].join("\n");
}

/** The pictures that the page shows. */
async function picturesOf(folder: string, { decisions }: GateFile): Promise<Map<string, string>> {
  const pictures = new Map<string, string>();
  const sorted = worstFirst(decisions);
  for (const decision of ["drop", "weight", "keep"] satisfies Decision[]) {
    for (const { name } of sorted.filter((one) => one.decision === decision).slice(0, most)) {
      const { file } = await readFacts(folder, name);
      const { image } = await decodeImage(file);
      const { mask } = await readMask(join(folder, "masks", `${name}.png`));
      pictures.set(name, await outlined(image, mask));
    }
  }
  return pictures;
}
