/**
 * The one way to the Kubernetes API. Tests and fault injection wrap this interface; nothing else in the
 * runtime opens a connection.
 */
export interface Transport {
  /** Resolves to the parsed JSON answer; rejects with ApiError. */
  request(request: ApiRequest): Promise<unknown>;
  /** Events until the server ends the stream; throws ApiError when it could not begin or broke. */
  watch(request: ApiRequest): AsyncIterable<WatchEvent>;
  /** Ends every connection. */
  close(): Promise<void>;
}

export interface ApiRequest {
  method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** Absolute, as in `/api/v1/pods`. */
  path: string;
  query?: Record<string, string>;
  contentType?: string;
  /** Sent as JSON. */
  body?: unknown;
  signal?: AbortSignal;
  /** For the whole exchange, in milliseconds; default 30 s. Not for watches. */
  timeoutMs?: number;
  accept?: string;
  /** Called when there is a connection and nothing has gone out yet; what it throws ends the request unsent. */
  beforeSend?: () => void;
  /** Of a watch: called when the server has begun its answer, which it does before anything happened. */
  begun?: () => void;
}

export interface WatchEvent {
  type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK' | 'ERROR';
  /** The object; for BOOKMARK only its resourceVersion; for ERROR a Status. */
  object: unknown;
}
