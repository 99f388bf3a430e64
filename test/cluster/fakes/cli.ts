import { parseArgs } from 'node:util';
import { startFakeKubelet } from './fake-kubelet.ts';

/** `node test/cluster/fakes/cli.ts --kubeconfig F`: a fake node with fake engines, until it is interrupted. */
const { values } = parseArgs({
  options: {
    kubeconfig: { type: 'string' },
    node: { type: 'string' },
    network: { type: 'string' },
    'ready-after-ms': { type: 'string', default: '0' },
  },
});
const { kubeconfig, node, network } = values;
if (!kubeconfig) {
  console.error('--kubeconfig is needed: the path of a kubeconfig for an administrator of the control plane');
  process.exit(2);
}
const kubelet = await startFakeKubelet({
  kubeconfig,
  ...(node && { node }),
  ...(network && { network }),
  readyAfterMs: Number(values['ready-after-ms']),
});
console.log(`node ${kubelet.node} is up`);

const end = async (): Promise<void> => {
  await kubelet.stop();
  for (const statement of new Set(kubelet.engine.unknownStatements)) {
    console.error(`unknown to the fake engine: ${statement}`);
  }
  for (const violation of kubelet.engine.violations) {
    console.error(violation);
  }
  process.exit(0);
};
process.once('SIGINT', () => void end());
process.once('SIGTERM', () => void end());
