import { usableDevice } from "../graph/index.ts";
import type { RunEvent } from "../run/events.ts";
import type { Device } from "../runtime/session.ts";

/** Tries a device as a run would. Runs in a separate process, as a broken driver can crash it. */
export async function* runTryDevice({ device }: { readonly device: Device }): AsyncGenerator<RunEvent> {
  const start = performance.now();
  const { device: used, warnings } = await usableDevice(device);
  const failed = used === device ? 0 : 1;
  yield { type: "end", done: 1 - failed, skipped: 0, failed, ms: Math.round(performance.now() - start), lines: warnings };
}
