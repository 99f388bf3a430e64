import manifest from '../package.json' with { type: 'json' };

/** The operator's version, from package.json; the bundle has it built in. */
export const VERSION: string = manifest.version;
