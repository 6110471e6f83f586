import { setTimeout as sleep } from "node:timers/promises";
import { CancelledError, throwIfCancelled, WeightsError } from "../errors.ts";
import { version } from "../version.ts";
import { type HubToken, hubEndpoint } from "./environment.ts";

/** How requests are made. */
export interface HttpOptions {
  readonly signal?: AbortSignal | undefined;
  readonly token?: HubToken | undefined;
  /** Longest silence of a server, in milliseconds, before the request counts as failed. */
  readonly stallMs: number;
  /** How often in a row a request may fail without anything having arrived. */
  readonly retries: number;
  /** Pause before the first repetition, in milliseconds; each further one is twice as long. */
  readonly pauseMs: number;
}

/** Longest pause between two requests, in milliseconds, also where a server asks for more. */
const longestPauseMs = 60_000;

const mostRedirects = 10;

/** A request that may succeed when it is repeated: the connection was lost, the server is silent or busy. */
export class PassingFault extends Error {
  /** Pause that the server asks for, in milliseconds. */
  readonly waitMs: number | undefined;

  constructor(message: string, options: ErrorOptions & { readonly waitMs?: number | undefined } = {}) {
    super(message, options);
    this.waitMs = options.waitMs;
  }
}

/** No answer came at all: the server may be out of reach. */
export class NoAnswer extends PassingFault {}

/** How models come to a machine without network. */
export const bringBundle = "`medclip-sam models pack` on a machine with network, `medclip-sam models unpack` here";

/** What helps where nothing ever arrives. */
const outOfReach = ` Nothing has arrived from there. Check the network and the settings of a proxy (HTTPS_PROXY and, from Node.js 22.21 on, NODE_USE_ENV_PROXY=1), set HF_ENDPOINT to a mirror that can be reached, or bring the models as a bundle: ${bringBundle}.`;

/** A response with the addresses passed on the way to it. */
export interface Answer {
  readonly response: Response;
  /** Responses that pointed elsewhere, in order. */
  readonly redirects: readonly Response[];
  /** To be called whenever something arrives: the server is not silent. */
  readonly isAlive: () => void;
  /** Ends the request, whether its body was read or not. */
  readonly close: () => void;
}

/**
 * Requests an address and follows redirects. The token goes to the hub alone, never to the servers that it points to.
 *
 * @param options.isEnough - whether a redirect tells all that is asked for, so that it need not be followed
 * @throws PassingFault when there is no answer; CancelledError
 */
export async function request(
  address: string,
  init: { readonly method: "GET" | "HEAD"; readonly headers?: Readonly<Record<string, string>> },
  { isEnough, ...options }: HttpOptions & { readonly isEnough?: (redirect: Response) => boolean },
): Promise<Answer> {
  const stop = new AbortController();
  const cancel = () => stop.abort();
  options.signal?.addEventListener("abort", cancel, { once: true });
  let timer = setTimeout(cancel, options.stallMs);
  const isAlive = () => {
    clearTimeout(timer);
    timer = setTimeout(cancel, options.stallMs);
  };
  const close = () => {
    clearTimeout(timer);
    options.signal?.removeEventListener("abort", cancel);
    stop.abort();
  };
  const redirects: Response[] = [];
  let url = new URL(address);
  try {
    throwIfCancelled(options.signal);
    for (;;) {
      const response = await fetch(url, {
        ...init,
        headers: headersFor(url, init.headers, options.token),
        redirect: "manual",
        signal: stop.signal,
      });
      isAlive();
      const target = response.headers.get("location");
      if (response.status < 300 || response.status > 399 || response.status === 304 || target === null || isEnough?.(response))
        return { response, redirects, isAlive, close };
      redirects.push(response);
      if (redirects.length > mostRedirects)
        throw new WeightsError(`${address} leads from one address to the next, ${mostRedirects} times.`);
      await response.body?.cancel();
      url = leadsTo(target, url);
    }
  } catch (cause) {
    close();
    const fault = faultOf(cause, url, options);
    throw fault instanceof PassingFault ? new NoAnswer(fault.message, { cause }) : fault;
  }
}

/** Where a redirect leads. @throws WeightsError when that cannot be asked: asking again would not change it */
function leadsTo(target: string, from: URL): URL {
  const url = URL.canParse(target, from.href) ? new URL(target, from) : undefined;
  if (url && /^https?:$/.test(url.protocol) && url.username === "" && url.password === "") return url;
  // The address itself may hold a key.
  const kind = !url
    ? "what is no address"
    : url.username || url.password
      ? "an address with a user name or password"
      : `a "${url.protocol}" address`;
  throw new WeightsError(`${from.host} redirects to ${kind}, expected one of http(s). Does a proxy or a login page answer in its place?`);
}

/** The fault behind an error of `fetch` or of a body that is read: cancelled, silent, or lost. */
export function faultOf(cause: unknown, { host }: URL, { signal, stallMs }: Pick<HttpOptions, "signal" | "stallMs">): unknown {
  if (signal?.aborted) return new CancelledError(undefined, { cause });
  if (!(cause instanceof Error) || cause instanceof WeightsError || cause instanceof PassingFault) return cause;
  if (cause.name === "AbortError") return new PassingFault(`${host} sent nothing for ${stallMs / 1000} s`, { cause });
  if (!(cause instanceof TypeError)) return cause; // not of the network
  if (cause.cause instanceof Error && cause.cause.message === "bad port")
    return new WeightsError(`${host} cannot be asked: its port is kept for something else than http(s).`, { cause });
  const reason = cause.cause instanceof Error ? ((cause.cause as NodeJS.ErrnoException).code ?? cause.cause.message) : cause.message;
  return new PassingFault(`the connection to ${host} failed (${reason})`, { cause });
}

function headersFor(url: URL, given: Readonly<Record<string, string>> | undefined, token: HubToken | undefined): Record<string, string> {
  const isHub = url.origin === new URL(hubEndpoint()).origin;
  return {
    "user-agent": `medclip-sam/${version}`,
    "accept-encoding": "identity", // sizes and positions are those of the file
    ...given,
    ...(isHub && token && { authorization: `Bearer ${token.value}` }),
  };
}

/** The fault of a response that is none of those expected; a `PassingFault` where repeating may help. */
export function faultOfStatus({ status, headers, url }: Response, about: string): PassingFault | undefined {
  if (status !== 408 && status !== 429 && status < 500) return undefined;
  const { host } = new URL(url);
  return new PassingFault(`${host} answered ${status}${status === 429 ? " (too many requests)" : ""} for ${about}`, {
    waitMs: waitOf(headers.get("retry-after")),
  });
}

/** Milliseconds of a `Retry-After`: a number of seconds, or a date. */
function waitOf(text: string | null): number | undefined {
  if (text === null) return undefined;
  const seconds = /^\d+$/.test(text.trim()) ? Number(text) : (Date.parse(text) - Date.now()) / 1000;
  return Number.isFinite(seconds) ? Math.max(0, seconds * 1000) : undefined;
}

/**
 * The pause before a request is repeated.
 *
 * @param failures - in a row, at least 1
 * @param kept - said at the end of the error where something has arrived before
 * @throws WeightsError when it was repeated often enough, or the server asks for a pause that nobody waits for
 */
export async function pauseAfter(fault: PassingFault, failures: number, options: HttpOptions, kept = ""): Promise<void> {
  const { waitMs, message } = fault;
  if (failures > options.retries) {
    const tried = failures === 1 ? "once" : `${failures} times`;
    const advice = kept === "" && fault instanceof NoAnswer ? outOfReach : kept;
    throw new WeightsError(`${message}; tried ${tried}.${advice}`, { cause: fault });
  }
  if (waitMs !== undefined && waitMs > longestPauseMs)
    throw new WeightsError(`${message}; it asks to wait for ${Math.ceil(waitMs / 1000)} s. Try again then.${kept}`, { cause: fault });
  const pause = Math.max(waitMs ?? 0, Math.min(options.pauseMs * 2 ** (failures - 1), longestPauseMs));
  await sleep(pause, undefined, options.signal && { signal: options.signal }).catch((cause) => {
    throw new CancelledError(undefined, { cause });
  });
}
