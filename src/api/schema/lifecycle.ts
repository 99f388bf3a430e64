import { z } from 'zod';
import { doc } from './doc.ts';

export const lifecycle = doc(
  z.enum(['Available', 'Deprecated', 'Withdrawn']),
  'Available (default) | Deprecated: a warning at admission | Withdrawn: no new use.',
);
