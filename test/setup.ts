import fc from 'fast-check';

// The same cases for everybody: what a change did not break must not reject it. A seed of a test's own wins.
fc.configureGlobal({ seed: Number(process.env['TEST_SEED'] ?? 1) });
