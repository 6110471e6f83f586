import { z } from "zod";
import { grouped } from "../../../run/settings/meta.ts";

/** `medclip-sam datasets list`. */
export const DatasetsListSettings = z.strictObject(
  grouped("Output", {
    json: z.string().optional().describe("write the list to this file").meta({ placeholder: "FILE" }),
  }),
);
export type DatasetsListSettings = z.infer<typeof DatasetsListSettings>;
