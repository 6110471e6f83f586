/**
 * Segmentation behind HTTP, with the types of the Fetch API: any server that maps a Request to a Response can use it.
 *
 * POST a picture with its text in the URL, `/?text=A+chest+X-ray+showing+the+heart`; the answer is the mask as PNG.
 * Anybody who can reach the server can use it: bind it to your own machine, or put authentication in front.
 */
import { decodeImage, encodeMask, MedclipSamError, segment, type ZeroShotModel } from "medclip-sam";

/** Largest image that is accepted, in bytes. */
const mostBytes = 50e6;

/** Answers requests with one loaded model, which may serve several at once. */
export const handlerOf =
  (model: ZeroShotModel) =>
  async (request: Request): Promise<Response> => {
    if (request.method !== "POST") return new Response("POST a picture", { status: 405, headers: { allow: "POST" } });
    const text = new URL(request.url).searchParams.get("text");
    if (text === null) return new Response("the text is missing: ?text=...", { status: 400 });
    if (Number(request.headers.get("content-length") ?? 0) > mostBytes) return new Response("too large", { status: 413 });
    try {
      const bytes = new Uint8Array(await request.arrayBuffer());
      const { image } = await decodeImage({ name: "the picture", bytes });
      const { mask, scores, warnings } = await segment(model, image, text, { signal: request.signal });
      const headers = { "content-type": "image/png", "x-scores": scores.join(","), "x-warnings": encodeURIComponent(warnings.join("\n")) };
      return new Response(new Uint8Array(await encodeMask(mask)), { headers });
    } catch (error) {
      // The client is told what is wrong with the request, but nothing about other errors.
      if (error instanceof MedclipSamError && error.code !== "weights") return new Response(error.message, { status: 400 });
      return new Response("segmentation failed", { status: 500 });
    }
  };
