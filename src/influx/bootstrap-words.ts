/**
 * What the init container writes as its last line and as its termination message begins with one of these,
 * then a sentence. The operator makes a condition of it.
 */
export const BOOTSTRAP_REFUSED_META_MISSING = 'BootstrapRefused: MetaMissing';

export const BOOTSTRAP_REFUSED_META_CORRUPT = 'BootstrapRefused: MetaCorrupt';

export const BOOTSTRAP_REFUSED_DATA_NEWER = 'BootstrapRefused: DataNewer';

export const BOOTSTRAP_REFUSED_SECOND_POD = 'BootstrapRefused: SecondPod';

export const BOOTSTRAP_FAILED = 'BootstrapFailed:';
