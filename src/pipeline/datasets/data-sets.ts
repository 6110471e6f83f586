import type { DataSet } from "./data-set.ts";
import { busi } from "./sets/busi.ts";
import { covidQuEx } from "./sets/covid-qu-ex.ts";
import { figshareBrain } from "./sets/figshare-brain.ts";
import { konya } from "./sets/konya.ts";
import { medpix } from "./sets/medpix.ts";
import { roco } from "./sets/roco.ts";
import { udiat } from "./sets/udiat.ts";

/** The data sets of Koleilat et al. 2024 (MedCLIP-SAMv2) by name. */
export const dataSets = {
  busi,
  udiat,
  "figshare-brain": figshareBrain,
  "covid-qu-ex": covidQuEx,
  konya,
  medpix,
  roco,
} as const satisfies Record<string, DataSet>;
