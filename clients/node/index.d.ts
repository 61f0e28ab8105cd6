import type { Client } from "openapi-fetch";
import type { components, paths } from "./schema.js";

export type Schemas = components["schemas"];

export interface Options {
  baseUrl: string;
  /** The token of a citizen or of a store. */
  token?: string;
  /** How often a request is sent again, under the same key, when no answer came or it was 5xx. */
  retries?: number;
  firstWaitMs?: number;
  fetch?: typeof globalThis.fetch;
}

export interface CallbackEvent {
  /** The same at every try: drop what was seen before. */
  eventId: string;
  type: string;
  timestamp: string;
  data: Record<string, unknown>;
}

export function createClient(options: Options): Client<paths>;
export function readCallback(
  secret: string,
  headers: Record<string, string | undefined>,
  body: string,
  nowS?: number,
): CallbackEvent;
