/**
 * A test of the repository: the file, without the endings of tests, and its name or a part of it that is found there, or
 * in what of it is exhaustive.
 */
export interface NamedTest {
  readonly file: string;
  readonly name: string;
}

export interface Fault {
  readonly fault: string;
  /** What is expected then, as a sentence. */
  readonly expected: string;
  /** What shows it; empty while the capability does not exist. */
  readonly tests: readonly NamedTest[];
}

const at = (file: string, name: string): NamedTest => ({ file, name });

/** Everything that is known to go wrong around an operator, and the test of each. docs/reliability.md shows it as a table. */
export const faults: readonly Fault[] = [
  {
    fault: 'the API server is away',
    expected: 'The databases go on; requests become rarer; what was asked for meanwhile is done afterwards.',
    tests: [
      at('test/integration/faults', 'an API server that is away'),
      at('test/integration/kube-runtime', 'the store is right again after the API server was killed'),
    ],
  },
  {
    fault: 'the API server refuses with 429',
    expected: 'A failed run waits as long as it asked for, and all is done with few requests more.',
    tests: [
      at('test/integration/faults', 'a third of all requests refused with 429'),
      at('src/kube/store/reflector', '429: Retry-After is honoured'),
      at('src/kube/control/controller', 'the wait that the API server asks for is kept'),
    ],
  },
  {
    fault: 'the API server fails or is slow',
    expected: 'Each key is tried again by itself; none keeps another waiting.',
    tests: [
      at('test/integration/faults', 'a fifth of all requests failing'),
      at('src/kube/control/controller', 'a failing key does not keep the others waiting'),
      at('src/kube/control/controller', 'a run that takes too long has its signal aborted'),
    ],
  },
  {
    fault: 'somebody else writes to the same objects',
    expected: 'The operator gets its turn, and leaves the fields of others.',
    tests: [at('test/integration/faults', 'a rival that writes')],
  },
  {
    fault: 'watches expire, one after the other',
    expected: 'Lists are no more than the backoff allows, and nothing is missed.',
    tests: [
      at('src/kube/store/reflector', '410 storm'),
      at('src/kube/store/reflector', '410: what was forgotten is listed again'),
    ],
  },
  {
    fault: 'the operator is cut off without knowing it',
    expected: 'A watch that says nothing is given up, and what it missed is told.',
    tests: [at('src/kube/store/reflector', 'half-open connection')],
  },
  {
    fault: 'the Lease is lost in the middle of a write',
    expected: 'What led before writes nothing any more.',
    tests: [
      at('src/kube/lease/leader-election', 'a leader whose event loop was blocked'),
      at('src/kube/lease/leader-election', 'two candidates never lead at once'),
    ],
  },
  {
    fault: 'the operator is killed',
    expected: 'Another goes on where it was, at every write.',
    tests: [
      at('test/e2e/installed/process', 'another replica takes over'),
      at('test/integration/crash', 'by SIGKILL while the pod is'),
    ],
  },
  {
    fault: 'the pod of a database is killed',
    expected: 'It comes back, and what was under way ends as it would have.',
    tests: [at('test/integration/faults', 'a pod that is killed')],
  },
  {
    fault: 'a volume is full',
    expected:
      'It is told as what it is; growing it mends it, with one restart of the database: the engine writes again only then.',
    tests: [at('test/e2e/limits', 'a full volume is told as what it is')],
  },
  {
    fault: 'the object store is down, slow or corrupt',
    expected: 'No backup counts as taken before it was verified; a restore leaves the old data until then.',
    tests: [
      at('test/integration/backup/store-faults', 'a backup into a store that'),
      at('test/integration/backup/store-faults', 'is slow to answer now and then succeeds'),
      at('test/integration/backup/store-faults', '%s leaves the volume untouched'),
      at('test/integration/backup/kills', 'a backup whose Job dies after each of its writes to the store'),
      at('test/integration/backup/refusals', 'whose archive was exchanged or shortened in the store'),
    ],
  },
  {
    fault: 'the engine dies, or gives half a shard, while it is backed up',
    expected: 'The backup is not whole and says why; the next one is.',
    tests: [
      at('test/integration/backup/engine-faults', 'of a shard that ends in the middle is BackupTruncated'),
      at('test/integration/backup/engine-faults', 'during which the engine dies and is back at once'),
    ],
  },
  {
    fault: 'a certificate expires',
    expected: 'It is renewed at two thirds of its life, and the authority with an overlap.',
    tests: [
      at('src/tls/rollover', 'never has a database that an application of its does not trust'),
      at('test/integration/authority', 'a roll-over: apps learn of the successor'),
    ],
  },
  {
    fault: 'clocks differ or jump',
    expected: 'The Lease is as safe as before.',
    tests: [at('src/kube/lease/leader-election', 'wall clocks that differ or jump')],
  },
  {
    fault: 'a Secret is deleted or edited',
    expected:
      'It comes back with the same credentials; when no copy is left, new ones go into the database first.',
    tests: [at('test/integration/drift', 'an edited or deleted Secret comes back as it was')],
  },
  {
    fault: 'a Secret is made immutable',
    expected:
      'It is made again with the same content; apps that a kubelet may give the former one at the next change are restarted once more, when the pods of before are gone.',
    tests: [
      at('src/addon/identity/frozen.stories', 'a Secret that was made immutable'),
      at('src/addon/apps/frozen/frozen.stories', 'an app that reads a Secret that was made immutable'),
    ],
  },
  {
    fault: 'the StatefulSet is deleted',
    expected: 'It is made again around the same volume.',
    tests: [at('test/integration/drift', 'StatefulSet deleted (%s)')],
  },
  {
    fault: 'the namespace is being deleted',
    expected: 'Nothing is held up, and hardly anything is tried in vain.',
    tests: [
      at('test/integration/bad-cluster', 'a namespace that is deleted in the middle of provisioning'),
      at('test/integration/deletion', 'a namespace is deleted with everything in it'),
    ],
  },
  {
    fault: 'a quota is exceeded',
    expected: 'A condition says so; it is tried rarely, and heals by itself once the quota is raised.',
    tests: [at('test/integration/bad-cluster', 'a quota on %s')],
  },
  {
    fault: 'the webhook is dead',
    expected: 'Nobody is held up, and the reconciler refuses the same in the same words.',
    tests: [at('test/integration/admission', 'a dead webhook holds nobody up')],
  },
  {
    fault: 'the operator is upgraded',
    expected: 'No database restarts by that; each gets its new pod in its window.',
    tests: [at('test/integration/two-builds', 'an upgrade of the operator restarts no database')],
  },
  {
    fault: 'the version of the definitions changes',
    expected: 'Objects are converted without loss.',
    tests: [],
  },
  {
    fault: 'an object that no schema would have let in',
    expected: 'It holds up nobody but itself, also at a restart.',
    tests: [at('test/integration/bad-input', 'objects that no schema would have let in')],
  },
  {
    fault: 'thousands of addons at a restart',
    expected: 'Nothing is written for what has not changed.',
    tests: [at('test/integration/provisioning', 'at once all become ready')],
  },
];
