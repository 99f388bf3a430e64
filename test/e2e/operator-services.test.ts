import { afterAll, beforeAll, describe } from 'vitest';
import { type S3Server, startS3Server } from '../cluster/s3-server.ts';
import { backupCases } from './cases/backup.ts';
import { contentsCases } from './cases/contents.ts';
import { rotationCases } from './cases/rotation.ts';
import { serviceBindingCases } from './cases/service-binding.ts';
import { type OperatorNode, startOperatorNode } from './operator-node.ts';
import { policyCases } from './reach/policies.ts';

/**
 * What an addon has besides its database, each once on real parts: backups, credentials, users, policies, the command
 * line. On a node of their own: with the cases of provisioning beside them, two cores starve the databases.
 */
let shared: OperatorNode;
let s3: S3Server;

beforeAll(async () => {
  const values = { operator: { extraArgs: ['--credential-overlap-seconds=20'] } };
  shared = await startOperatorNode({ networkPolicies: 'Labelled', values });
  s3 = await startS3Server(shared.node.hostIP);
});

afterAll(async () => {
  await shared?.[Symbol.asyncDispose]();
  await s3?.[Symbol.asyncDispose]();
});

describe.concurrent('an addon on a real node', () => {
  backupCases(() => ({ on: shared, s3 }));
  for (const cases of [rotationCases, policyCases, contentsCases, serviceBindingCases]) cases(() => shared);
});
