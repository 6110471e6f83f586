/** The program of a thread that makes batches; see loader.ts. */
import { workerData } from "node:worker_threads";
import { answerTasks } from "../../thread-tasks.ts";
import { BatchMaker, type BatchPlace, type PatchBatch } from "./batches.ts";
import { Cases } from "./case-source.ts";
import type { LoaderThread } from "./loader.ts";

const { training, validation, plan } = workerData as LoaderThread;
const maker = new BatchMaker({ training: new Cases(training), validation: validation && new Cases(validation) }, plan);

answerTasks(
  (place: BatchPlace) => maker.make(place),
  ({ images, targets, weights }: PatchBatch) => [images, weights, ...targets].map(({ data }) => data.buffer as ArrayBuffer),
);
