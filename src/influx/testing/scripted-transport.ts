import type { InfluxRequest, InfluxResponse, InfluxTransport } from '../transport.ts';

/** Answers requests from a function and keeps them. */
export class ScriptedTransport implements InfluxTransport {
  readonly requests: InfluxRequest[] = [];
  readonly #answer: (request: InfluxRequest) => InfluxResponse;

  constructor(answer: (request: InfluxRequest) => InfluxResponse) {
    this.#answer = answer;
  }

  send(request: InfluxRequest): Promise<InfluxResponse> {
    this.requests.push(request);
    return Promise.resolve(this.#answer(request));
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}

/** An answer as InfluxDB 1.8.10 gives it. */
export function engineAnswer(status: number, body: unknown = ''): InfluxResponse {
  return {
    status,
    headers: { 'x-influxdb-version': '1.8.10', 'content-type': 'application/json' },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  };
}

/** The statements of a query request. */
export function statementsOf(request: InfluxRequest): string[] {
  return (new URLSearchParams(request.body).get('q') ?? '').split(';\n');
}
