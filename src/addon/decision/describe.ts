import type { Action } from './action.ts';

/** For logs: what is done to which object, and never with what. */
export function describe(action: Action): string {
  switch (action.do) {
    case 'create':
      return `create ${action.kind.kind} ${action.object.metadata?.name}`;
    case 'replace':
      return `replace ${action.kind.kind} ${action.object.metadata?.name} (${action.why})`;
    case 'patch':
      return `patch ${action.kind.kind} ${action.key.name} (${action.why})`;
    case 'delete':
      return `delete ${action.kind.kind} ${action.key.name} (${action.why})`;
    case 'askDatabase':
      return 'ask the database';
    case 'changeDatabase':
      return `change the database: ${action.steps.map((step) => step.what).join(', ')}`;
    case 'changeContents':
      return `change the contents of the database: ${action.steps.map(({ what, name }) => `${what} ${name}`).join(', ')}`;
    case 'measureShards':
      return 'ask the database what its retention policies hold';
    case 'probeDatabase':
      return 'write and read a probe point';
    case 'measureDatabase':
      return 'ask the database for its size';
    case 'findGrowing':
      return 'ask the database what most of its series are';
    case 'growVolume':
      return `ask for a volume of another size on PersistentVolumeClaim ${action.object.metadata?.name}: ${action.object.spec?.resources?.requests?.['storage']}`;
    case 'findClaim':
      return `look for PersistentVolumeClaim ${action.key.name}`;
    case 'findOwners':
      return `look who wrote the variables of ${action.kind.kind} ${action.key.name}`;
    case 'dryRun':
      return `ask whether the API server takes ${action.writes.map(({ kind, object }) => `${kind.kind} ${object.metadata?.name}`).join(', ')}`;
    case 'issueCertificate':
      return `make a certificate (${action.need.why})`;
    case 'issueAgentPair':
      return 'make certificates for the agent';
    case 'diagnose':
      return `read events about ${action.names.join(', ')}`;
  }
}
