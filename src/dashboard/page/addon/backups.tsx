import type { Signal } from '@preact/signals';
import type { BackupLine, Detail, RestoreLine } from '../../wire.ts';
import { act } from '../act.ts';
import { Ago } from '../ago.tsx';
import { textOf } from '../fields.ts';
import { Download } from './download.tsx';

interface BackupsProps {
  readonly addon: Detail;
  readonly backups: Signal<readonly BackupLine[]>;
  readonly restores: Signal<readonly RestoreLine[]>;
}

/** Backups: taken by hand, restored, and downloaded. */
export function BackupsTab({ addon, backups, restores }: BackupsProps) {
  return (
    <div class="cards">
      <section class="wide">
        <h2>Backups</h2>
        {addon.store === undefined ? <Store addon={addon} /> : <Take addon={addon} />}
        {backups.value.length === 0 ? (
          <p class="hint">There are none yet.</p>
        ) : (
          <List addon={addon} backups={backups.value} />
        )}
      </section>
      {restores.value.length > 0 && <Restores lines={restores.value} />}
    </div>
  );
}

function Store({ addon }: { addon: Detail }) {
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        const store = textOf(event.currentTarget, 'store');
        void act(addon, { verb: 'config', options: { 'backup-store': store } });
      }}
    >
      <label>
        Into which InfluxBackupStore?
        <input name="store" required autocapitalize="none" />
      </label>
      <button type="submit" name="save-store">
        Have backups
      </button>
    </form>
  );
}

function Take({ addon }: { addon: Detail }) {
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        const form = event.currentTarget;
        const name = textOf(form, 'backup-name');
        const options = name === '' ? {} : { name };
        void act(addon, { verb: 'backups create', options }).then((done) => done && form.reset());
      }}
    >
      <label>
        Name (may be empty)
        <input name="backup-name" autocapitalize="none" />
      </label>
      <button type="submit" name="create-backup" class="primary">
        Back up now
      </button>
    </form>
  );
}

function List({ addon, backups }: { addon: Detail; backups: readonly BackupLine[] }) {
  return (
    <table class="plain">
      <thead>
        <tr>
          <th>Backup</th>
          <th>Kind</th>
          <th>Status</th>
          <th>Size</th>
          <th>Verified</th>
          <th>When</th>
          <th>Restore</th>
          <th>Download</th>
        </tr>
      </thead>
      <tbody>
        {backups.map((backup) => (
          <tr key={backup.name}>
            <th scope="row">{backup.name}</th>
            <td data-label="Kind">{backup.kind}</td>
            <td data-label="Status" title={backup.message}>
              {backup.status}
            </td>
            <td data-label="Size">{backup.size ?? '–'}</td>
            <td data-label="Verified">{backup.verified ?? '–'}</td>
            <td data-label="When">
              <Ago at={backup.at} />
            </td>
            <td data-label="Restore">
              {backup.restorable && <Restore addon={addon} backup={backup.name} />}
            </td>
            <td data-label="Download">
              <Download backup={backup} />
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function Restore({ addon, backup }: { addon: Detail; backup: string }) {
  const into = (): void => {
    const id = addon.id ?? addon.name;
    void act(
      addon,
      { verb: 'backups restore', arguments: [backup], options: { confirm: id } },
      {
        title: `Replace the data of ${addon.name}?`,
        lines: [
          `All data of ${addon.name} (${id}) is replaced by that of the backup ${backup}.`,
          'The volume of before stays; the database and its apps are restarted once.',
        ],
        yes: 'Replace it',
        type: id,
        dangerous: true,
      },
    );
  };
  return (
    <>
      <button type="button" name="restore-into" aria-label={`Restore ${backup} here`} onClick={into}>
        Here …
      </button>
      <form
        class="inline"
        onSubmit={(event) => {
          event.preventDefault();
          const name = textOf(event.currentTarget, 'new-addon');
          void act(addon, { verb: 'backups restore', arguments: [backup], options: { new: name } });
        }}
      >
        <input name="new-addon" required placeholder="new addon" aria-label={`New addon from ${backup}`} />
        <button type="submit" name="restore-new">
          As new
        </button>
      </form>
    </>
  );
}

function Restores({ lines }: { lines: readonly RestoreLine[] }) {
  return (
    <section class="wide">
      <h2>Restores</h2>
      <ul class="lines">
        {lines.map(({ name, backup, status, message }) => (
          <li key={name}>
            {name}, of {backup}: {status}
            {message !== undefined && ` – ${message}`}
          </li>
        ))}
      </ul>
    </section>
  );
}
