import type OpenAI from "openai";
import { CancelledError, ConfigError, InputError, throwIfCancelled } from "../../../errors.ts";
import { answerSchema, readAnswer } from "./request.ts";

/** Where and how a language model is asked. */
export interface LanguageModelSettings {
  readonly baseUrl: string;
  readonly model: string;
  readonly temperature: number;
  readonly seed: number;
  /** Whether the endpoint is asked for JSON of a schema. */
  readonly schema: boolean;
  /** Seconds. */
  readonly timeout: number;
  readonly retries: number;
}

/** Characters of an answer that an error shows. */
const shown = 400;

/** A language model behind an endpoint with OpenAI's interface. */
export class LanguageModel {
  private readonly settings: LanguageModelSettings;
  private readonly client: OpenAI;
  private readonly errors: typeof OpenAI;

  private constructor(settings: LanguageModelSettings, client: OpenAI, errors: typeof OpenAI) {
    this.settings = settings;
    this.client = client;
    this.errors = errors;
  }

  /** @param key - of the endpoint; many of one's own machine need none */
  static async open(settings: LanguageModelSettings, key: string | undefined): Promise<LanguageModel> {
    const { OpenAI } = await import("openai");
    const client = new OpenAI({
      apiKey: key || "none",
      baseURL: settings.baseUrl,
      timeout: settings.timeout * 1000,
      maxRetries: settings.retries,
      organization: null,
      project: null,
      logLevel: "off",
    });
    return new LanguageModel(settings, client, OpenAI);
  }

  /**
   * Asks for a list of sentences. An answer that cannot be used is sent back once, with what is wrong.
   *
   * @throws InputError when the endpoint cannot be reached, does not answer in time, or answers twice with something else; ConfigError when it
   * refuses the key, the model or the request
   */
  async sentences(request: string, count: number, signal?: AbortSignal): Promise<readonly string[]> {
    const first = await this.ask([{ role: "user", content: request }], signal);
    const read = readAnswer(first, count);
    if ("sentences" in read) return read.sentences;
    const again = `Your answer cannot be used: ${read.problem}. Answer with JSON alone: {"sentences": ["...", "..."]}, with ${count} different sentences.`;
    const second = await this.ask(
      [
        { role: "user", content: request },
        { role: "assistant", content: first },
        { role: "user", content: again },
      ],
      signal,
    );
    const repeated = readAnswer(second, count);
    if ("sentences" in repeated) return repeated.sentences;
    throw new InputError(
      `${this.name} gave no usable answer, twice; of the second ${repeated.problem}. It was: ${JSON.stringify(second.slice(0, shown))}${second.length > shown ? "..." : ""}. Try another --model, or a smaller --count.`,
    );
  }

  /** The text that the language model answers. */
  private async ask(messages: OpenAI.ChatCompletionMessageParam[], signal: AbortSignal | undefined): Promise<string> {
    const { model, temperature, seed, schema } = this.settings;
    throwIfCancelled(signal);
    try {
      const answer = await this.client.chat.completions.create(
        {
          ...{ model, temperature, seed, messages },
          ...(schema && {
            response_format: { type: "json_schema" as const, json_schema: { name: "sentences", strict: true, schema: answerSchema } },
          }),
        },
        { signal: signal ?? null },
      );
      return answer.choices?.[0]?.message?.content ?? "";
    } catch (error) {
      throw this.errorOf(error);
    }
  }

  private get name(): string {
    return `"${this.settings.model}" at ${hostOf(this.settings.baseUrl)}`;
  }

  /** What a user can do about an error. The endpoint's own words about a key are left out, as they may hold a part of it. */
  private errorOf(error: unknown): Error {
    const { APIConnectionTimeoutError, APIConnectionError, APIUserAbortError, APIError } = this.errors;
    const { retries, timeout, baseUrl } = this.settings;
    const host = hostOf(baseUrl);
    const tries = retries === 0 ? "once" : `${retries + 1} times`;
    const options = { cause: error };
    if (error instanceof APIUserAbortError) return new CancelledError(undefined, options);
    if (error instanceof APIConnectionTimeoutError)
      return new InputError(
        `${host} did not answer within ${timeout} s, asked ${tries}. Allow more with --timeout, or ask for less with --count.`,
        options,
      );
    if (error instanceof APIConnectionError)
      return new InputError(
        `${host} cannot be reached (${causeOf(error)}), tried ${tries}. Is --base-url ${withoutSecrets(baseUrl)} right, and the server running?`,
        options,
      );
    if (!(error instanceof APIError) || error.status === undefined) {
      return error instanceof SyntaxError
        ? new InputError(
            `${host} answered with something else than JSON (${error.message}). Is --base-url ${withoutSecrets(baseUrl)} an endpoint with OpenAI's interface?`,
            options,
          )
        : (error as Error);
    }
    const { status } = error;
    if (status === 401 || status === 403)
      return new ConfigError(
        `${host} refuses the key (${status}). Set the environment variable OPENAI_API_KEY to a key for this address.`,
        options,
      );
    if (status === 404)
      return new ConfigError(
        `${host} knows no such address or model (404): --base-url ${withoutSecrets(baseUrl)}, --model ${this.settings.model}. ${error.message}`,
        options,
      );
    if (status === 429)
      return new InputError(
        `${host} limits the number of requests (429), asked ${tries}${waitOf(error)}. Wait and run the same command again, or raise --retries.`,
        options,
      );
    if (status < 500)
      return new ConfigError(
        `${host} refuses the request (${status}): ${error.message}${this.settings.schema ? ". If it does not know response_format, pass --no-schema" : ""}.`,
        options,
      );
    return new InputError(`${host} failed (${status}), asked ${tries}: ${error.message}`, options);
  }
}

/** Host and port of an address, without user, password or path. */
export const hostOf = (url: string): string => new URL(url).host;

/** An address without user, password and query, which may hold a key. */
function withoutSecrets(url: string): string {
  const { protocol, host, pathname } = new URL(url);
  return `${protocol}//${host}${pathname}`;
}

/** The system's word for why a connection failed: "ECONNREFUSED"; without one, the innermost message. */
function causeOf(error: Error): string {
  let { message } = error;
  for (let cause: unknown = error; cause instanceof Error; cause = cause.cause) {
    const { code } = cause as NodeJS.ErrnoException;
    if (typeof code === "string" && code !== "") return code;
    if (!cause.message.includes("://")) message = cause.message; // an address may hold a password
  }
  return message;
}

/** How long the endpoint asks to wait, if it says so. */
function waitOf({ headers }: { readonly headers: Headers | undefined }): string {
  const wait = headers?.get("retry-after");
  return wait ? `; it asks to wait ${/^\d+$/.test(wait) ? `${wait} s` : `until ${wait}`}` : "";
}
