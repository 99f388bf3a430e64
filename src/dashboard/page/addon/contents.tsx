import type { Detail } from '../../wire.ts';
import { act } from '../act.ts';
import { isTicked, textOf } from '../fields.ts';

/** Users and retention policies. */
export function ContentsTab({ addon }: { addon: Detail }) {
  return (
    <div class="cards">
      <Users addon={addon} />
      <Policies addon={addon} />
    </div>
  );
}

function Users({ addon }: { addon: Detail }) {
  return (
    <section class="wide">
      <h2>Users</h2>
      <table class="plain">
        <thead>
          <tr>
            <th>User</th>
            <th>Access</th>
            <th>Secret with its URL</th>
            <th>Remove</th>
          </tr>
        </thead>
        <tbody>
          {addon.users.map(({ name, access, listed, secret }) => (
            <tr key={name}>
              <th scope="row">{name}</th>
              <td data-label="Access">{access}</td>
              <td data-label="Secret">{secret ?? 'not in the spec'}</td>
              <td data-label="Remove">
                {listed && (
                  <button
                    type="button"
                    name="remove-user"
                    aria-label={`Remove the user ${name}`}
                    onClick={() =>
                      void act(
                        addon,
                        { verb: 'users remove', arguments: [name] },
                        {
                          title: `Drop the user ${name}?`,
                          lines: ['Whoever uses it is locked out at once; its Secret goes.'],
                          yes: 'Drop it',
                          dangerous: true,
                        },
                      )
                    }
                  >
                    Remove …
                  </button>
                )}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          const form = event.currentTarget;
          const [name, access] = [textOf(form, 'user'), textOf(form, 'access')];
          void act(addon, { verb: 'users add', arguments: [name], options: { access } }).then(
            (done) => done && form.reset(),
          );
        }}
      >
        <label>
          User
          <input name="user" required autocapitalize="none" />
        </label>
        <label>
          Access
          <select name="access">
            <option>Read</option>
            <option>Write</option>
            <option>All</option>
          </select>
        </label>
        <button type="submit" name="add-user">
          Add
        </button>
      </form>
    </section>
  );
}

function Policies({ addon }: { addon: Detail }) {
  return (
    <section class="wide">
      <h2>Retention policies</h2>
      <table class="plain">
        <thead>
          <tr>
            <th>Policy</th>
            <th>Duration</th>
            <th>Shards</th>
            <th>Default</th>
            <th>Remove</th>
          </tr>
        </thead>
        <tbody>
          {addon.policies.map((policy) => (
            <tr key={policy.name}>
              <th scope="row">{policy.name}</th>
              <td data-label="Duration">{policy.duration}</td>
              <td data-label="Shards">{policy.shardDuration ?? '–'}</td>
              <td data-label="Default">{policy.default ? 'yes' : ''}</td>
              <td data-label="Remove">
                {policy.listed && <RemovePolicy addon={addon} name={policy.name} />}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          const form = event.currentTarget;
          const shards = textOf(form, 'shard-duration');
          const command = {
            verb: 'retention set',
            arguments: [textOf(form, 'policy'), textOf(form, 'duration')],
            options: {
              ...(shards === '' ? {} : { 'shard-duration': shards }),
              ...(isTicked(form, 'default') ? { default: true } : {}),
              ...(isTicked(form, 'allow-data-loss') ? { 'allow-data-loss': true } : {}),
            },
          };
          void act(addon, command).then((done) => done && form.reset());
        }}
      >
        <label>
          Policy
          <input name="policy" required autocapitalize="none" />
        </label>
        <label>
          Duration
          <input name="duration" required placeholder="7d" autocapitalize="none" />
        </label>
        <label>
          Shard duration
          <input name="shard-duration" placeholder="by the duration" autocapitalize="none" />
        </label>
        <label class="tick">
          <input type="checkbox" name="default" /> default
        </label>
        <label class="tick">
          <input type="checkbox" name="allow-data-loss" /> also if points are lost
        </label>
        <button type="submit" name="set-policy">
          Set
        </button>
      </form>
    </section>
  );
}

function RemovePolicy({ addon, name }: { addon: Detail; name: string }) {
  return (
    <button
      type="button"
      name="remove-policy"
      aria-label={`Remove the policy ${name}`}
      onClick={() =>
        void act(
          addon,
          { verb: 'retention remove', arguments: [name], options: { 'allow-data-loss': true } },
          {
            title: `Drop the policy ${name}?`,
            lines: ['All points in it are deleted with it.'],
            yes: 'Drop it',
            type: name,
            dangerous: true,
          },
        )
      }
    >
      Remove …
    </button>
  );
}
