import { useSignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import type { BackupLine } from '../../wire.ts';
import { copied, NO_CLIPBOARD } from '../copy.ts';

/**
 * How a backup is fetched. Not by the page: the store asks for the keys of its Secret, and an archive for the private
 * key that decrypts it, which belong into no browser.
 */
export function Download({ backup: { name, download } }: { backup: BackupLine }) {
  const asked = useSignal(false);
  const why = `no-download-${name}`;
  return (
    <>
      <button
        type="button"
        name="download"
        aria-label={`Download ${name}`}
        aria-describedby={download.possible ? undefined : why}
        disabled={!download.possible}
        onClick={() => {
          asked.value = true;
        }}
      >
        Download …
      </button>
      {!download.possible && (
        <p class="hint" id={why}>
          {download.why}
        </p>
      )}
      {download.possible && asked.value && (
        <Command
          backup={name}
          command={download.command}
          encrypted={download.encrypted}
          onClose={() => {
            asked.value = false;
          }}
        />
      )}
    </>
  );
}

interface CommandProps {
  readonly backup: string;
  readonly command: string;
  readonly encrypted: boolean;
  readonly onClose: () => void;
}

function Command({ backup, command, encrypted, onClose }: CommandProps) {
  const dialog = useRef<HTMLDialogElement>(null);
  const said = useSignal('');
  useEffect(() => dialog.current?.showModal(), []);
  const copy = async (): Promise<void> => {
    said.value = (await copied(command)) ? 'copied' : NO_CLIPBOARD;
  };
  return (
    <dialog ref={dialog} aria-labelledby="download" onClose={onClose}>
      <h2 id="download">Download {backup}</h2>
      <p>In a terminal whose kubeconfig leads to this cluster:</p>
      <pre class="command">{command}</pre>
      <p class="hint">
        It needs the right to read the Secret of the store.
        {encrypted && ' The backup is encrypted: -i FILE, with your private key of age, decrypts it.'}
      </p>
      <p class="told" role="status">
        {said.value}
      </p>
      <div class="buttons">
        <button type="button" name="close" onClick={() => dialog.current?.close()}>
          Close
        </button>
        <button type="button" name="copy-command" class="primary" onClick={() => void copy()}>
          Copy
        </button>
      </div>
    </dialog>
  );
}
