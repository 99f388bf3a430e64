import type { Signal } from '@preact/signals';
import type { Detail } from '../../wire.ts';
import { act } from '../act.ts';
import { Ago } from '../ago.tsx';
import { PlanChange, VersionChange } from './changes.tsx';
import { Features } from './features.tsx';
import { Url } from './url.tsx';

/** How it is, and what may be done about the whole of it. */
export function Overview({ addon, story }: { addon: Detail; story: Signal<readonly string[]> }) {
  return (
    <div class="cards">
      <section class="wide">
        <h2>
          Now <span class={`badge ${addon.health}`}>{addon.status}</span>
        </h2>
        <Story lines={story} />
        <Operate addon={addon} />
      </section>
      <Url addon={addon} />
      <PlanChange addon={addon} />
      <VersionChange addon={addon} />
      <Features addon={addon} />
      <Conditions addon={addon} />
      <Settings addon={addon} />
    </div>
  );
}

/** The first line says what the badge says. It tells more and less in a box that stays as it is, above the buttons. */
function Story({ lines }: { lines: Signal<readonly string[]> }) {
  return (
    <pre class="story" tabIndex={0} aria-label="What happens now">
      {lines.value.slice(1).join('\n')}
    </pre>
  );
}

function Operate({ addon }: { addon: Detail }) {
  const dropped = 'Connections are dropped meanwhile.';
  const once = (verb: string) => () => void act(addon, { verb });
  return (
    <div class="buttons">
      <button
        type="button"
        name="restart"
        onClick={() =>
          void act(
            addon,
            { verb: 'restart' },
            {
              title: `Restart ${addon.name}?`,
              lines: ['The database is stopped and started once; apps are not.', dropped],
              yes: 'Restart',
            },
          )
        }
      >
        Restart
      </button>
      {addon.stopped ? (
        <button type="button" name="start" onClick={once('start')}>
          Start
        </button>
      ) : (
        <button
          type="button"
          name="stop"
          onClick={() =>
            void act(
              addon,
              { verb: 'stop' },
              {
                title: `Stop ${addon.name}?`,
                lines: [
                  'The database is scaled to zero; data and Secrets stay.',
                  'Apps cannot use it meanwhile.',
                ],
                yes: 'Stop',
                dangerous: true,
              },
            )
          }
        >
          Stop
        </button>
      )}
      <button type="button" name="pause" onClick={once(addon.paused ? 'resume' : 'pause')}>
        {addon.paused ? 'Resume' : 'Pause'} the operator
      </button>
      <button
        type="button"
        name="rotate"
        onClick={() =>
          void act(
            addon,
            { verb: 'rotate' },
            {
              title: `New credentials for ${addon.name}?`,
              lines: ['The apps are restarted with the new ones before the old ones end.'],
              yes: 'Change the credentials',
            },
          )
        }
      >
        New credentials
      </button>
      {addon.pending.length > 0 && (
        <button
          type="button"
          name="maintain"
          onClick={() =>
            void act(
              addon,
              { verb: 'maintain' },
              {
                title: `Maintain ${addon.name} now?`,
                lines: addon.pending,
                yes: 'Now',
              },
            )
          }
        >
          Maintain now
        </button>
      )}
    </div>
  );
}

function Conditions({ addon }: { addon: Detail }) {
  return (
    <section class="wide">
      <h2>Conditions</h2>
      <table class="plain">
        <thead>
          <tr>
            <th>Condition</th>
            <th>Is</th>
            <th>Why</th>
            <th>Since</th>
          </tr>
        </thead>
        <tbody>
          {addon.conditions.map(({ type, status, reason, message, since }) => (
            <tr key={type}>
              <th scope="row">{type}</th>
              <td data-label="Is">{status}</td>
              <td data-label="Why">{message === '' ? reason : `${reason}: ${message}`}</td>
              <td data-label="Since">
                <Ago at={since} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

function Settings({ addon }: { addon: Detail }) {
  return (
    <section class="wide">
      <h2>Settings</h2>
      <dl>
        {addon.settings.map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
    </section>
  );
}
