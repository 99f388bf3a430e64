import { Hono } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import type { Logger } from '../kube/log.ts';
import type { Verdict } from './verdict.ts';
import { answerTo, parseReview, type Review } from './review.ts';

/** Where the API server sends its reviews. */
export const REVIEW_PATH = '/validate/influxaddon';

/** Two copies of the largest addon that a person would write are a tenth of this. */
const MAX_BODY = 1024 * 1024;

export interface AdmissionAppOptions {
  readonly decide: (review: Review) => Promise<Verdict>;
  /** Caches are filled; before, nothing is known and nothing is said. */
  readonly ready: () => boolean;
  readonly log: Logger;
}

/** The webhook without its sockets. Whatever is not answered with 200 lets the request through: see failurePolicy. */
export function admissionApp({ decide, ready, log }: AdmissionAppOptions): Hono {
  const app = new Hono();
  const tooLarge = bodyLimit({
    maxSize: MAX_BODY,
    onError: (context) => context.text(`a review has at most ${MAX_BODY} bytes`, 413),
  });
  app.post(REVIEW_PATH, tooLarge, async (context) => {
    if (!ready()) return context.text('caches are not filled yet', 503);
    const review = parseReview(await context.req.json().catch(() => undefined));
    if (review === undefined) return context.text('not an AdmissionReview of an InfluxAddon', 400);
    const verdict = await decide(review);
    if (verdict.refusal !== undefined) {
      const { namespace = '', name = '' } = review.addon?.metadata ?? {};
      log.info({ addon: `${namespace}/${name}`, reason: verdict.refusal.reason }, 'refused at admission');
    }
    return context.json(answerTo(review, verdict));
  });
  app.onError((error, context) => {
    log.warn({ error }, 'a review was not answered');
    return context.text('cannot tell', 500);
  });
  return app;
}
