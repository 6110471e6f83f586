/** The program of the thread that decodes compressed frames; see node.ts. */
import { answerTasks } from "../../thread-tasks.ts";
import { decodeWithCharls } from "./charls.ts";
import { localDecoder } from "./decode.ts";
import type { EncodedFrame } from "./encoded-frame.ts";

const decode = localDecoder({ second: decodeWithCharls });

answerTasks(
  async (frame: EncodedFrame) => await decode(frame),
  ({ buffer, byteLength }) =>
    // Part of a larger buffer, such as the codec's memory, is copied instead.
    buffer instanceof ArrayBuffer && buffer.byteLength === byteLength ? [buffer] : [],
);
