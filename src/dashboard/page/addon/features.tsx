import type { Detail } from '../../wire.ts';
import { act, actAfterPreview } from '../act.ts';
import { textOf } from '../fields.ts';

const WEEKDAYS = ['Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday', 'Sunday'];

/** TLS, access from the internet, the maintenance window. */
export function Features({ addon }: { addon: Detail }) {
  return (
    <>
      <Tls addon={addon} />
      <Internet addon={addon} />
      <Window addon={addon} />
    </>
  );
}

function Tls({ addon }: { addon: Detail }) {
  const next = addon.tls === 'Required' ? 'Disabled' : 'Required';
  return (
    <section>
      <h2>TLS</h2>
      <p>{addon.tls === 'Required' ? 'All connections use TLS.' : 'Connections do not use TLS.'}</p>
      <button
        type="button"
        name="tls"
        onClick={() =>
          void actAfterPreview(
            addon,
            { verb: 'config', options: { tls: next } },
            next === 'Required' ? 'Force TLS' : 'Switch TLS off',
          )
        }
      >
        {next === 'Required' ? 'Force TLS …' : 'Switch off …'}
      </button>
    </section>
  );
}

function Internet({ addon }: { addon: Detail }) {
  const { mode, ranges } = addon.internet;
  return (
    <section>
      <h2>Internet access</h2>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          const form = event.currentTarget;
          const wanted = textOf(form, 'internet');
          const allow = textOf(form, 'allow')
            .split(/[\s,]+/)
            .filter(Boolean);
          const options = { internet: wanted, ...(allow.length === 0 ? {} : { allow }) };
          const lines =
            wanted === 'Disabled'
              ? ['It is reached from inside the cluster only.']
              : [`It is reached from ${allow.join(', ') || 'nowhere yet: say from where'}.`];
          void act(
            addon,
            { verb: 'config', options },
            {
              title: `Internet access of ${addon.name}: ${wanted}?`,
              lines,
              yes: 'Change it',
            },
          );
        }}
      >
        <label>
          By way of
          <select name="internet" key={mode}>
            {['Disabled', 'LoadBalancer', 'NodePort'].map((each) => (
              <option key={each} selected={each === mode}>
                {each}
              </option>
            ))}
          </select>
        </label>
        <label>
          From (CIDRs)
          <input
            name="allow"
            placeholder="203.0.113.0/24"
            key={ranges.join()}
            defaultValue={ranges.join(', ')}
          />
        </label>
        <button type="submit" name="save-internet">
          Change …
        </button>
      </form>
      <p class="hint">Needs TLS.</p>
    </section>
  );
}

function Window({ addon }: { addon: Detail }) {
  const { weekday, startHour, durationHours } = addon.window;
  return (
    <section>
      <h2>Maintenance window</h2>
      <form
        key={`${weekday}${startHour}${durationHours}`}
        onSubmit={(event) => {
          event.preventDefault();
          const form = event.currentTarget;
          const options = {
            'window-day': textOf(form, 'window-day'),
            'window-hour': textOf(form, 'window-hour'),
            'window-hours': textOf(form, 'window-hours'),
          };
          void act(addon, { verb: 'config', options });
        }}
      >
        <label>
          Day
          <select name="window-day">
            {WEEKDAYS.map((each) => (
              <option key={each} selected={each === weekday}>
                {each}
              </option>
            ))}
          </select>
        </label>
        <label>
          Opens at (hour, UTC)
          <input
            type="number"
            name="window-hour"
            min="0"
            max="23"
            required
            defaultValue={String(startHour)}
          />
        </label>
        <label>
          For hours
          <input
            type="number"
            name="window-hours"
            min="1"
            max="24"
            required
            defaultValue={String(durationHours)}
          />
        </label>
        <button type="submit" name="save-window">
          Change
        </button>
      </form>
    </section>
  );
}
