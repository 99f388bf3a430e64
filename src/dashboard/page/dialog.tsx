import { signal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';

export interface Question {
  readonly title: string;
  readonly lines: readonly string[];
  /** On the button that does it. */
  readonly yes: string;
  /** What has to be typed first. */
  readonly type?: string | undefined;
  readonly dangerous?: boolean;
}

interface Open extends Question {
  readonly answer: (yes: boolean) => void;
}

const open = signal<Open | undefined>(undefined);

/** Asks in a dialog; true for yes. */
export function confirm(question: Question): Promise<boolean> {
  return new Promise((resolve) => {
    open.value?.answer(false);
    open.value = {
      ...question,
      answer: (yes) => {
        open.value = undefined;
        resolve(yes);
      },
    };
  });
}

/** Where the question of `confirm` is shown. */
export function Dialogs() {
  const question = open.value;
  return question === undefined ? null : <Asking key={question.title} question={question} />;
}

function Asking({ question }: { question: Open }) {
  const dialog = useRef<HTMLDialogElement>(null);
  const typed = useRef<HTMLInputElement>(null);
  useEffect(() => dialog.current?.showModal(), []);
  const { title, lines, yes, type, dangerous = false } = question;
  const answer = (given: boolean): void => {
    // Closed, and not only taken away, it gives the focus back to what had it.
    dialog.current?.close();
    question.answer(given);
  };
  return (
    <dialog
      ref={dialog}
      aria-labelledby="question"
      onCancel={(event) => {
        event.preventDefault();
        answer(false);
      }}
    >
      <form
        onSubmit={(event) => {
          event.preventDefault();
          if (type === undefined || typed.current?.value.trim() === type) answer(true);
          else typed.current?.focus();
        }}
      >
        <h2 id="question">{title}</h2>
        <ul class="lines">
          {lines.map((line) => (
            <li key={line}>{line}</li>
          ))}
        </ul>
        {type !== undefined && (
          <label>
            Type {type} to confirm
            <input name="confirm" ref={typed} autocomplete="off" autocapitalize="none" />
          </label>
        )}
        <div class="buttons">
          <button type="button" name="no" onClick={() => answer(false)}>
            Cancel
          </button>
          <button type="submit" name="yes" class={dangerous ? 'danger' : 'primary'}>
            {yes}
          </button>
        </div>
      </form>
    </dialog>
  );
}

interface Message {
  readonly key: number;
  readonly text: string;
  readonly bad: boolean;
}

const messages = signal<readonly Message[]>([]);
let last = 0;

/** Says what was done, or what is wrong, until it is closed. */
export function say(text: string, bad = false): void {
  last += 1;
  messages.value = [...messages.value.slice(-3), { key: last, text, bad }];
}

/** What is wrong for now with what is open, in words; empty while nothing is. */
export const trouble = signal('');

/**
 * Where what was said is shown, and read to whoever does not see it. It lies over the page, which keeps its place under
 * it, so that no button goes away from under a finger; the page has room at its end to be scrolled out from there.
 */
export function Notices() {
  return (
    <div class="notices">
      <div class="messages" role="log" aria-live="polite">
        {messages.value.map(({ key, text, bad }) => (
          <p key={key} class={bad ? 'bad' : 'good'} role={bad ? 'alert' : undefined}>
            <span>{text}</span>
            <button
              type="button"
              aria-label="Close this message"
              onClick={() => {
                messages.value = messages.value.filter((each) => each.key !== key);
              }}
            >
              ×
            </button>
          </p>
        ))}
      </div>
      <div class="trouble" role="alert">
        {trouble.value !== '' && <p class="bad">{trouble.value}</p>}
      </div>
    </div>
  );
}
