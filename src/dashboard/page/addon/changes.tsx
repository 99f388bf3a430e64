import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import type { Catalogue, Detail } from '../../wire.ts';
import { actAfterPreview } from '../act.ts';
import { ask, perform } from '../api.ts';
import { say } from '../dialog.tsx';

/** Another plan, after saying what is restarted for it. */
export function PlanChange({ addon }: { addon: Detail }) {
  const plans = useSignal<Catalogue['plans']>([]);
  useEffect(() => {
    ask<Catalogue>('/api/catalogue').then(
      (catalogue) => {
        plans.value = catalogue.plans;
      },
      (error: Error) => say(error.message, true),
    );
  }, []);
  const offered = plans.value.filter(
    ({ name, lifecycle }) => lifecycle !== 'Withdrawn' || name === addon.plan,
  );
  return (
    <section>
      <h2>Plan</h2>
      <p>
        {addon.plan}
        {addon.wantedPlan !== addon.plan && `, and ${addon.wantedPlan} is asked for`}
      </p>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          const field = event.currentTarget.elements.namedItem('plan') as HTMLSelectElement;
          void actAfterPreview(addon, { verb: 'plan', arguments: [field.value] }, 'Change the plan');
        }}
      >
        <label>
          Another plan
          <select name="plan" key={`${addon.wantedPlan}/${offered.length}`}>
            {offered.map(({ name, memory, cpu, storage, class: kind }) => (
              <option key={name} value={name} selected={name === addon.wantedPlan}>
                {name}: {memory} memory, {cpu} CPU, {storage}, {kind}
              </option>
            ))}
          </select>
        </label>
        <button type="submit" name="preview-plan">
          Preview …
        </button>
      </form>
    </section>
  );
}

/** Another version of the engine; says of the others why they cannot be had. */
export function VersionChange({ addon }: { addon: Detail }) {
  const others = useSignal<readonly string[]>([]);
  const explain = async (): Promise<void> => {
    try {
      others.value = (await perform(addon, { verb: 'upgrade' })).said;
    } catch (error) {
      say(error instanceof Error ? error.message : String(error), true);
    }
  };
  return (
    <section>
      <h2>Engine</h2>
      <p>
        InfluxDB {addon.version ?? 'not known yet'}
        {addon.wantedVersion !== undefined && ` (${addon.wantedVersion} is asked for)`}
      </p>
      {addon.upgrades.length === 0 ? (
        <p class="hint">There is no newer version to choose.</p>
      ) : (
        <form
          onSubmit={(event) => {
            event.preventDefault();
            const field = event.currentTarget.elements.namedItem('version') as HTMLSelectElement;
            void actAfterPreview(addon, { verb: 'upgrade', arguments: [field.value] }, 'Upgrade');
          }}
        >
          <label>
            Upgrade to
            <select name="version" key={addon.upgrades.join()}>
              {addon.upgrades.map((version) => (
                <option key={version}>{version}</option>
              ))}
            </select>
          </label>
          <button type="submit" name="preview-upgrade">
            Preview …
          </button>
        </form>
      )}
      <button type="button" class="link" name="explain-versions" onClick={() => void explain()}>
        What about the other versions?
      </button>
      {others.value.length > 0 && <pre>{others.value.join('\n')}</pre>}
    </section>
  );
}
