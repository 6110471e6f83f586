const program = `
  import os from "node:os";
  import { syncBuiltinESMExports } from "node:module";
  os.availableParallelism = () => 1;
  syncBuiltinESMExports();`;

/**
 * An argument of Node with which a process counts one core, so that its sessions have one thread each. Test files run side by side on all
 * cores, where the threads of ONNX Runtime would spin while they wait for one another.
 */
export const oneCore = `--import=data:text/javascript,${encodeURIComponent(program)}`;
