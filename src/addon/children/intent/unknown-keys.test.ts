import { describe, expect, it } from 'vitest';
import type { Secret } from '../../../kube/objects/kinds.ts';
import { buildAdminSecret } from '../admin-secret.ts';
import { contextOf, FACTS, live } from '../../testing/fixtures.ts';
import { ANNOTATION } from '../../world/names.ts';
import { decode, encode } from '../../world/secret-data.ts';
import { difference, replacement, withIntentHash } from './merge.ts';

const context = contextOf();
const plain = buildAdminSecret(context);
const NEWER = 'influxaddon.dev/of-a-newer-release';

/** As a release that knows more wrote it. */
const newer = written({ 'next-fact': 'kept' }, { [NEWER]: 'kept' });

function written(data: Record<string, string>, annotations: Record<string, string> = {}) {
  const metadata = { ...plain.metadata, annotations: { ...plain.metadata?.annotations, ...annotations } };
  return live(withIntentHash<Secret>({ ...plain, metadata, data: { ...plain.data, ...encode(data) } }));
}

function builtBeside(adminSecret: ReturnType<typeof written>, facts = FACTS): Secret {
  return buildAdminSecret({ ...context, facts, children: { ...context.children, adminSecret } });
}

describe('of an admin Secret that a newer release has written, an older one', () => {
  it('writes nothing by itself', () => {
    expect(difference(newer, builtBeside(newer))).toBeUndefined();
  });

  it('keeps with its own writes what it does not know, data and annotations', () => {
    const intent = builtBeside(newer, { ...FACTS, rotatedFor: 'again' });
    expect(difference(newer, intent)).toBeDefined();
    const after = replacement(newer, intent);
    expect(decode(after)).toMatchObject({ 'next-fact': 'kept', 'rotated-for': 'again' });
    expect(after.metadata?.annotations?.[NEWER]).toBe('kept');
  });

  it('keeps it when somebody edits the rest', () => {
    const edited = { ...newer, data: { ...newer.data, ...encode({ password: 'edited' }) } };
    const intent = builtBeside(edited);
    expect(difference(edited, intent)).toBe('data.password');
    expect(decode(replacement(edited, intent))).toMatchObject({
      'next-fact': 'kept',
      password: FACTS.password,
    });
  });

  it.each([
    'next.iql',
    '.hidden',
    'user.reader',
    'user.new',
    '..data',
    'Key',
    'a_b',
    'retired-login',
    'x'.repeat(64),
  ])('takes out %s, which is no fact that it does not know', (key) => {
    const live = written({ [key]: 'x' });
    const intent = builtBeside(live);
    expect(difference(live, intent)).toBe(`data.${key}`);
    expect(replacement(live, intent).data).not.toHaveProperty([key]);
  });
});

describe('of an admin Secret of its own', () => {
  const own = live(withIntentHash(plain));

  it('what somebody wrote into it by hand is taken out, however it is called', () => {
    const edited = { ...own, data: { ...own.data, ...encode({ 'next-fact': 'by hand' }) } };
    expect(difference(edited, builtBeside(edited))).toBe('data.next-fact');
    expect(replacement(edited, builtBeside(edited))).toEqual(replacement(own, builtBeside(own)));
  });

  it('an annotation that nobody knows costs no write', () => {
    const annotations = { ...own.metadata.annotations, [NEWER]: 'by hand' };
    const marked = { ...own, metadata: { ...own.metadata, annotations } };
    expect(difference(marked, builtBeside(marked))).toBeUndefined();
  });

  it('is built as ever', () => {
    expect(builtBeside(own)).toEqual({
      ...plain,
      metadata: {
        ...plain.metadata,
        annotations: { ...plain.metadata?.annotations, [ANNOTATION.madeFor]: expect.any(String) as string },
      },
    });
  });
});
