import { z } from 'zod';
import { Refused } from './visitor.ts';
import type { Command } from './wire.ts';

const text = z.string().max(1_000);
const command = z.strictObject({
  verb: text,
  arguments: z.array(text).max(8).optional(),
  options: z.record(text, z.union([text, z.boolean(), z.array(text).max(64)])).optional(),
});

/** The body of an edit. Another type than JSON is what a form of another page could send. Throws Refused. */
export function commandOf(body: string, contentType: string | undefined): Command {
  if (contentType?.split(';')[0]?.trim().toLowerCase() !== 'application/json')
    throw new Refused(415, 'an edit is sent as application/json');
  let value: unknown;
  try {
    value = JSON.parse(body);
  } catch {
    throw new Refused(400, 'that is no JSON');
  }
  const parsed = command.safeParse(value);
  if (!parsed.success) throw new Refused(400, 'that is no command');
  const { verb, arguments: words = [], options = {} } = parsed.data;
  return { verb, arguments: words, options };
}
