import { expect, test } from 'vitest';
import type { OperatorBed } from './operator-bed.ts';
import { atRest } from './rest.ts';
import { withOperatorBed } from './with-bed.ts';

let bed: OperatorBed;
withOperatorBed((started) => {
  bed = started;
});

test('an addon that is ready comes to rest, and looks at it write nothing from then on', async () => {
  const { operator, idle } = await bed.startOperator();
  const namespace = await bed.namespace('rest');
  await bed.addon(namespace, 'db');
  await bed.ready(namespace, 'db');
  await atRest(bed, namespace, 'db');
  const since = Date.now();
  operator.queue.add(`${namespace}/db`);
  await idle();
  expect(await bed.writes(namespace, since)).toEqual([]);
});

test('two operators that want different things never come to rest, and it says what they write', async () => {
  const namespace = await bed.namespace('fight');
  await bed.startOperator({ only: namespace });
  await bed.addon(namespace, 'db');
  await bed.ready(namespace, 'db');
  await bed.startOperator({ only: namespace, settings: { clusterDomain: 'elsewhere' } });
  await expect(atRest(bed, namespace, 'db', 3_000)).rejects.toThrow(
    /fight\/db is not at rest after 3000 ms: .*secrets/,
  );
});

test('where no operator looks, nothing is taken for rest', async () => {
  const namespace = await bed.namespace('nobody');
  await bed.addon(namespace, 'db');
  await expect(atRest(bed, namespace, 'db')).rejects.toThrow('no operator that sees nobody is running');
});
