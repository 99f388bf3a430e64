import tls from 'node:tls';
import fc from 'fast-check';

// The same cases for everybody: what a change did not break must not reject it. A seed of a test's own wins.
fc.configureGlobal({ seed: Number(process.env['TEST_SEED'] ?? 1) });

// Without the hybrid that resists quantum computers, which makes a handshake a third dearer to both sides.
tls.DEFAULT_ECDH_CURVE = 'X25519:P-256:P-384';
