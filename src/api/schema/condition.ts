import { z } from 'zod';
import { doc } from './doc.ts';
import { anyText, instant } from './text.ts';

/** A condition as Kubernetes knows them. */
export const condition = z.strictObject({
  type: anyText(316, 'Type of the condition, in CamelCase.'),
  status: doc(z.enum(['True', 'False', 'Unknown']), 'Whether it holds.'),
  reason: anyText(1024, 'Why, in one word of CamelCase.'),
  message: anyText(4096, 'Why, for a person, and what to do.'),
  lastTransitionTime: instant('When the status changed last.'),
  observedGeneration: doc(z.int().min(0), 'The generation of the spec it speaks of.').exactOptional(),
});

/** The generation that a status speaks of. kstatus takes an object without it for current. */
export const observedGeneration = doc(
  z.int().min(-1),
  'The generation of the spec that this status speaks of.',
)
  .meta({ default: -1 })
  .optional();
