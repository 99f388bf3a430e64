import { doc } from './doc.ts';
import {
  endlessInCel,
  MAX_DURATION_SECONDS,
  retentionDuration,
  secondsInCel,
  shardDuration,
} from './duration.ts';
import { label, text } from './text.ts';
import { z } from 'zod';

export const IDENTIFIER = /^[A-Za-z_][A-Za-z0-9_-]*$/;

export const identifier = (field: string, description: string) =>
  text({
    pattern: IDENTIFIER,
    max: 63,
    message: `${field} must be letters, digits, "_" and "-", beginning with a letter or "_"`,
    description,
  });

export const retentionPolicy = doc(
  z.strictObject({
    name: identifier('spec.retentionPolicies: name', 'Name of the retention policy.'),
    duration: retentionDuration('How long points are kept, such as 7d, or INF.'),
    shardDuration: shardDuration(
      'Length of a shard group; default: what the engine chooses for the duration.',
    ).exactOptional(),
  }),
  'A retention policy. One that is not listed any more is dropped.',
  {
    rule: `self.duration == 'INF' || ${secondsInCel('self.duration')} <= ${MAX_DURATION_SECONDS}`,
    message: 'spec.retentionPolicies: duration must be at most 15000 weeks, or INF',
  },
  {
    rule: `!has(self.shardDuration) || ${endlessInCel('self.duration')} || ${secondsInCel('self.shardDuration')} <= ${secondsInCel('self.duration')}`,
    message: 'spec.retentionPolicies: shardDuration must not be longer than duration',
  },
);

export const continuousQuery = z.strictObject({
  name: identifier('spec.continuousQueries: name', 'Name of the continuous query.'),
  query: doc(
    z.string().max(4096),
    'SELECT … INTO … GROUP BY time(…), run as the application’s user.',
    {
      rule: "self.matches(r'(?is)^\\s*SELECT\\s.+\\sINTO\\s.+\\sGROUP\\s+BY\\s')",
      message: 'spec.continuousQueries: query must be one SELECT … INTO … GROUP BY time(…) statement',
    },
    {
      rule: "!self.contains(';')",
      message:
        'spec.continuousQueries: query must be one statement without ";" anywhere, also not at its end',
    },
  ),
});

export const user = z.strictObject({
  name: doc(label(40, ''), 'Name of the user; its Secret is <addon>-influx-user-<name>.', {
    rule: "self.matches(r'^[a-z0-9]([-a-z0-9]*[a-z0-9])?$') && self != 'admin'",
    message:
      'spec.users: name must be lower case letters, digits and "-", beginning and ending with a letter or digit, and not admin',
  }),
  access: doc(z.enum(['Read', 'Write', 'All']), 'What the user may do in the database of the addon.'),
});
