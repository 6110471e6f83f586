import { test } from "vitest";
import { describeCases } from "../../../test/support/shared-data.ts";
import { compareNetwork } from "../../../test/support/unet-parity.ts";

describeCases("parity/nnunet", /^network_.*_256\.safetensors$/, "networks planned for images of 256 x 256", (files) => {
  test.each(files.map(({ file }) => file))("%s: heads and encoder stages are the reference's", async (file) => {
    await compareNetwork(`parity/nnunet/${file}`, 5e-4);
  });
});
