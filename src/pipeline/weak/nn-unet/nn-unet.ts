import { InputError } from "../../../errors.ts";
import { usableDevice } from "../../../graph/index.ts";
import { type PatchNetwork, patchNetwork } from "../../../nnunet/model/patch-network.ts";
import type { TrainedModel } from "../../../nnunet/model/trained-model.ts";
import type { PredictPatches } from "../../../nnunet/predict/index.ts";
import { RunningCalls } from "../../../running-calls.ts";
import type { SessionOptions } from "../../../runtime/session.ts";
import { SessionCache } from "../../../runtime/session-cache.ts";

/** Networks that are kept open at most, as many as nnU-Net has folds: each holds the memory of its largest batch. */
const mostNetworks = 5;

/**
 * A trained nnU-Net with the weights of one or several members: folds, checkpoints or seeds. Networks are opened with their first image and up to five
 * are kept open. Concurrent calls are allowed. Call `dispose` when done.
 */
export class NnUnet {
  readonly trained: TrainedModel;
  /** Warnings about opening it, such as a device other than the requested one. */
  readonly warnings: readonly string[];
  private readonly session: SessionOptions;
  private readonly networks = new SessionCache<PatchNetwork>(mostNetworks);
  private readonly calls = new RunningCalls();

  constructor(trained: TrainedModel, session: SessionOptions, warnings: readonly string[]) {
    this.trained = trained;
    this.session = session;
    this.warnings = warnings;
  }

  /** By name the label value, or the values of a region, as in dataset.json. */
  get labels(): Readonly<Record<string, number | readonly number[]>> {
    return this.trained.dataset.labels;
  }

  /** Names of the members. */
  get members(): readonly string[] {
    return this.trained.folds.map(({ name }) => name);
  }

  /** Runs a function with the networks of all members. @throws InputError when the model was disposed of */
  async withNetworks<R>(where: string, work: (networks: readonly PredictPatches[]) => Promise<R>): Promise<R> {
    const { folds, network } = this.trained;
    const predictors = folds.map(({ weights }, i): PredictPatches => {
      const open = async () => patchNetwork(weights, network, this.session);
      return (batch, shape) => this.networks.use(String(i), open, ({ predict }) => predict(batch, shape));
    });
    return await this.calls.run(where, () => work(predictors));
  }

  /** Releases the networks after all earlier calls have finished. Later calls are rejected. */
  async dispose(): Promise<void> {
    await this.calls.end();
    await this.networks.dispose();
  }
}

/**
 * Makes a model usable on the requested device, or else on the CPU with a warning.
 *
 * @throws InputError when its labels do not fit the 8 bits of a label map
 */
export async function usableNnUnet(trained: TrainedModel, options: SessionOptions, where: string): Promise<NnUnet> {
  const largest = trained.labels.values.at(-1)!;
  if (largest > 255) throw new InputError(`${where}: the labels of dataset.json go up to ${largest}; label maps of 8 bits hold 0 to 255.`);
  const { device, warnings } = await usableDevice(options.device);
  const notes = trained.folds.flatMap(({ weights }) => weights.notes);
  return new NnUnet(trained, { ...options, device }, [...new Set([...notes, ...warnings])]);
}
