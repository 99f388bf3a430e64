import { leafDueAt } from '../renewal.ts';
import {
  rolloverStep,
  trustedIds,
  type Authorities,
  type KnownAuthority,
  type RolloverPace,
} from '../rollover.ts';
import { day } from './certificates.ts';

interface Shown {
  readonly issuer: string;
  readonly notBefore: Date;
  readonly notAfter: Date;
}

interface Member {
  /** What the Secret holds, and since which day. */
  stored: Shown;
  storedSince: number;
  shown: Shown;
  bundle: readonly string[];
  bundleSince: number;
  trusted: readonly string[];
}

/**
 * Lives through the years day by day: authorities and certificates by the rules, each application and database
 * following a number of days late, the operator away for a while now and then.
 *
 * @param options.pauses days between two looks of the operator, over and over
 * @param options.counted whether the operator is told how far the fleet has followed, or has to rely on time
 * @returns what was ever shown that was expired or not trusted, and the steps in order
 */
export function simulate(options: {
  fleet: readonly { readonly app: number; readonly database: number }[];
  pauses: readonly number[];
  counted: boolean;
  days: number;
  pace: RolloverPace;
}): { faults: string[]; steps: string } {
  const { fleet, pauses, counted, days, pace } = options;
  let authorities: Authorities = { signing: undefined, next: undefined, former: undefined };
  let members: (Member & { app: number; database: number })[] = [];
  const known = new Map<string, KnownAuthority>();
  const faults: string[] = [];
  const steps: string[] = [];
  let look = 0;
  let looks = 0;

  const makeKnown = (today: number): KnownAuthority => {
    const made = { id: `authority of day ${today}`, notBefore: day(today), notAfter: day(today + 3650) };
    known.set(made.id, made);
    return made;
  };
  const issue = (today: number): Shown => {
    const signing = authorities.signing ?? makeKnown(today);
    const end = Math.min(day(today + pace.leafDays).getTime(), signing.notAfter.getTime());
    return { issuer: signing.id, notBefore: day(today), notAfter: new Date(end) };
  };

  for (let today = 0; today < days; today += 1) {
    if (today === look) {
      look += pauses[looks % pauses.length] ?? 1;
      looks += 1;
      for (let more = true; more; ) {
        const { signing, next, former } = authorities;
        const withoutNext = members.filter(
          ({ trusted }) => next !== undefined && !trusted.includes(next.id),
        ).length;
        const onFormer = members.filter(({ shown, stored }) =>
          [shown.issuer, stored.issuer].includes(former?.id ?? ''),
        ).length;
        const followers = counted ? { withoutNext, onFormer } : { withoutNext: 0, onFormer: 0 };
        const step = rolloverStep(authorities, followers, day(today), pace);
        more = step.do !== 'nothing';
        if (more) steps.push(step.do);
        if (step.do === 'makeFirst') authorities = { ...authorities, signing: makeKnown(today) };
        else if (step.do === 'makeNext') {
          authorities = { ...authorities, next: { ...makeKnown(today), trustedSince: day(today) } };
        } else if (step.do === 'promote' && signing !== undefined) {
          authorities = { signing: next, next: undefined, former: { ...signing, signedUntil: day(today) } };
        } else if (step.do === 'dropFormer') authorities = { ...authorities, former: undefined };
      }
      const bundle = trustedIds(authorities);
      if (members.length === 0) {
        const shown = issue(today);
        const start = {
          stored: shown,
          shown,
          storedSince: today,
          bundle,
          bundleSince: today,
          trusted: bundle,
        };
        members = fleet.map((lag) => ({ ...start, ...lag }));
      }
      for (const [index, member] of members.entries()) {
        if (member.bundle.join() !== bundle.join()) Object.assign(member, { bundle, bundleSince: today });
        const due = leafDueAt(member.stored, `uid-${index}`) <= day(today);
        if (due || member.stored.issuer !== authorities.signing?.id) {
          Object.assign(member, { stored: issue(today), storedSince: today });
        }
      }
    }
    for (const member of members) {
      if (today >= member.bundleSince + member.app) member.trusted = member.bundle;
      if (today >= member.storedSince + member.database) member.shown = member.stored;
      const { shown, trusted } = member;
      const issuer = known.get(shown.issuer);
      if (shown.notAfter <= day(today)) faults.push(`day ${today}: expired`);
      if (!trusted.includes(shown.issuer)) faults.push(`day ${today}: ${shown.issuer} is not trusted`);
      if (issuer === undefined || issuer.notAfter <= day(today))
        faults.push(`day ${today}: authority expired`);
    }
  }
  return { faults: faults.slice(0, 3), steps: steps.join(' ') };
}
