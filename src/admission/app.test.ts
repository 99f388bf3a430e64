import { expect, test, vi } from 'vitest';
import { addonOf } from '../addon/testing/fixtures.ts';
import { silentLogger, type Logger } from '../kube/log.ts';
import { admissionApp, REVIEW_PATH } from './app.ts';
import type { Verdict } from './verdict.ts';
import type { Review } from './review.ts';

const REFUSED: Verdict = {
  refusal: { reason: 'UnknownPlan', message: 'spec.plan: 3g is not in the catalogue; allowed: 1g.' },
  warnings: ['spec.users: not yet'],
};

test('a refusal names the field and the object, as the API server itself does', async () => {
  const answer = await post(reviewOf(), { decide: async () => REFUSED });
  expect(answer.status).toBe(200);
  expect(await answer.json()).toEqual({
    apiVersion: 'admission.k8s.io/v1',
    kind: 'AdmissionReview',
    response: {
      uid: 'review-1',
      allowed: false,
      warnings: ['spec.users: not yet'],
      status: {
        status: 'Failure',
        code: 422,
        reason: 'Invalid',
        message: 'spec.plan: 3g is not in the catalogue; allowed: 1g.',
        details: {
          kind: 'InfluxAddon',
          name: 'my-app',
          causes: [
            {
              reason: 'FieldValueInvalid',
              field: 'spec.plan',
              message: '3g is not in the catalogue; allowed: 1g.',
            },
          ],
        },
      },
    },
  });
});

test('a refusal that begins with no field is about the spec', async () => {
  const refusal = {
    reason: 'UnknownVersion',
    message: 'spec.version is not set and there is no default',
  } as const;
  const answer = await post(reviewOf(), { decide: async () => ({ refusal, warnings: [] }) });
  expect(await answer.json()).toMatchObject({
    response: { status: { details: { causes: [{ field: 'spec', message: refusal.message }] } } },
  });
});

test('what is allowed is answered with the uid of the question and the warnings', async () => {
  const decide = vi.fn<(review: Review) => Promise<Verdict>>(async () => ({
    refusal: undefined,
    warnings: [],
  }));
  const answer = await post(reviewOf(), { decide });
  expect(await answer.json()).toMatchObject({ response: { uid: 'review-1', allowed: true } });
  expect(decide.mock.calls[0]?.[0]).toMatchObject({ operation: 'UPDATE', addon: { spec: { plan: '3g' } } });
});

test.each([
  ['nothing', ''],
  ['no JSON', '{"a":'],
  ['other JSON', '[1]'],
  ['a review of another version', JSON.stringify({ ...reviewOf(), apiVersion: 'admission.k8s.io/v1beta1' })],
  ['a review without a request', JSON.stringify({ ...reviewOf(), request: null })],
  ['an addon without a plan', JSON.stringify(reviewOf({ object: { metadata: {}, spec: {} } }))],
  ['a plan that is no text', JSON.stringify(reviewOf({ object: { metadata: {}, spec: { plan: 5 } } }))],
  [
    'a name that is no text',
    JSON.stringify(reviewOf({ object: { metadata: { name: [] }, spec: { plan: 'x' } } })),
  ],
  ['an operation that does not exist', JSON.stringify(reviewOf({ operation: 'EAT' }))],
  ['very deep JSON', '['.repeat(500_000)],
])('%s is answered with 400, and nothing is decided', async (_, body) => {
  const decide = vi.fn(async () => REFUSED);
  expect((await post(body, { decide })).status).toBe(400);
  expect(decide).not.toHaveBeenCalled();
});

test.each([
  ['as it comes', {}],
  ['by its announced length', { 'content-length': String(2 << 20) }],
])('more than a mebibyte is refused, %s', async (_, headers) => {
  const body = new Blob([' '.repeat(2 << 20)]).stream();
  const app = admissionApp({ decide: async () => REFUSED, ready: () => true, log: silentLogger });
  const answer = await app.request(REVIEW_PATH, {
    method: 'POST',
    body,
    headers,
    duplex: 'half',
  } as RequestInit);
  expect(answer.status).toBe(413);
});

test('nothing is said while the caches are not filled', async () => {
  expect((await post(reviewOf(), { decide: async () => REFUSED, ready: () => false })).status).toBe(503);
});

test('a failure is no answer, and neither it nor the log quotes the review', async () => {
  const lines: string[] = [];
  const warn = (fields: object, message: string) => void lines.push(JSON.stringify(fields) + message);
  const log: Logger = { ...silentLogger, warn, info: warn };
  const decide = async () => Promise.reject(new Error('no answer from the API server'));
  const secretive = reviewOf({ object: addonOf({ plan: '3g', connection: { prefix: 'CANARY' } }) });
  const answer = await post(secretive, { decide, log });
  expect(answer.status).toBe(500);
  await post(secretive, { decide: async () => REFUSED, log });
  expect(lines).toHaveLength(2);
  expect(`${lines.join()} ${await answer.text()}`).not.toContain('CANARY');
});

function reviewOf(request: object = {}) {
  const object = addonOf({ plan: '3g' });
  return {
    apiVersion: 'admission.k8s.io/v1',
    kind: 'AdmissionReview',
    request: { uid: 'review-1', operation: 'UPDATE', object, oldObject: addonOf(), ...request },
  };
}

async function post(
  body: unknown,
  options: { decide: (review: Review) => Promise<Verdict>; ready?: () => boolean; log?: Logger },
): Promise<Response> {
  const app = admissionApp({ ready: () => true, log: silentLogger, ...options });
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  return await app.request(REVIEW_PATH, { method: 'POST', body: text });
}
