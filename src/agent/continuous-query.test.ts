import { expect, it } from 'vitest';
import { renameDatabase } from './continuous-query.ts';

it.each([
  [
    'CREATE CONTINUOUS QUERY q ON old BEGIN SELECT mean(v) INTO old.autogen.x FROM old.autogen.m GROUP BY time(1h) END',
    'CREATE CONTINUOUS QUERY q ON "new" BEGIN SELECT mean(v) INTO "new".autogen.x FROM "new".autogen.m GROUP BY time(1h) END',
  ],
  ['SELECT v INTO "old"."p".x FROM "old"..m', 'SELECT v INTO "new"."p".x FROM "new"..m'],
  // What is called alike and is no database.
  ['SELECT old, "old" INTO other.p.old FROM p.old WHERE old = \'old.a.b\'', undefined],
  ['SELECT v FROM old.autogen./old.a.b/', 'SELECT v FROM "new".autogen./old.a.b/'],
  ['SELECT v / old FROM older.old.m', undefined],
] as const)('in %s only the database is renamed', (statement, renamed) => {
  expect(renameDatabase(statement, 'old', 'new')).toBe(renamed ?? statement);
});
