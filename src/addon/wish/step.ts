import { withInternetAccess } from '../access/in-force.ts';
import type { WayIn } from '../access/way-in.ts';
import { refusedByDryRun } from '../children/dry-run.ts';
import type { Outcome } from '../decision/outcome.ts';
import type { Refusal, Resolution } from '../decision/resolution.ts';
import type { Scene } from '../decision/story.ts';
import { withOwnCertificate } from '../tls/own-certificate.ts';
import type { Facts } from '../world/facts.ts';
import { withFittingData } from './data-fit.ts';
import { resolveTarget } from './target.ts';

/** What the spec asks for, as far as it can be had; or what has to be done before that is known. */
export function wishStep({
  world,
  facts,
  leaving,
  way,
  now,
}: Scene & { readonly facts: Facts; readonly leaving: Refusal | undefined; readonly way: WayIn }):
  | { readonly wish: Resolution }
  | Outcome {
  if (leaving !== undefined) return { wish: { target: undefined, refusal: leaving } };
  const reached = withInternetAccess(world.addon, resolveTarget(world, facts), way, facts.inForce);
  const certified = withOwnCertificate(world, facts, reached, now);
  if ('ends' in certified) return certified;
  const fitting = withFittingData(world, facts, certified, now);
  if ('ends' in fitting) return fitting;
  const byServer = refusedByDryRun(world, now);
  const refusal = byServer === undefined ? fitting.refusal : together(fitting.refusal, byServer);
  return { wish: refusal === undefined ? fitting : { target: undefined, refusal } };
}

/** A database is restarted on demand also while the spec is refused: what the API server has against that is told, too. */
function together(refusal: Refusal | undefined, byServer: Refusal): Refusal {
  if (refusal === undefined) return byServer;
  return { ...refusal, message: `${refusal.message} ${byServer.message}`, byDryRun: true };
}
