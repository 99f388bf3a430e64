import { batch, computed, type Signal, signal } from '@preact/signals';
import { keyOfRow, type ListMessages, type Row } from '../wire.ts';

/** The list: a signal for each line, so that what happens to one addon draws one line. */
export class Rows {
  readonly #cells = new Map<string, Signal<Row>>();
  /** Sorted; another array only when a line came or went. */
  readonly #keys = signal<readonly string[]>([]);
  readonly loaded = signal(false);
  readonly search = signal('');
  readonly onlyBad = signal(false);
  #shown: readonly string[] = [];
  /** Keys of the lines that are shown; the same array as long as they are the same. */
  readonly shown = computed<readonly string[]>(() => {
    const keys = this.#keys.value;
    const [words, bad] = [this.search.value.trim().toLowerCase(), this.onlyBad.value];
    const next =
      words === '' && !bad ? keys : keys.filter((key) => matches(this.cell(key).value, words, bad));
    if (!equal(next, this.#shown)) this.#shown = next;
    return this.#shown;
  });
  readonly count = computed(() => this.#keys.value.length);

  cell(key: string): Signal<Row> {
    const cell = this.#cells.get(key);
    if (cell === undefined) throw new Error(`there is no line ${key}`);
    return cell;
  }

  replace(rows: ListMessages['rows']): void {
    const keys = new Set(rows.map(keyOfRow));
    batch(() => {
      for (const key of this.#cells.keys()) if (!keys.has(key)) this.#cells.delete(key);
      this.#put(rows);
      this.#keys.value = [...this.#cells.keys()].toSorted();
      this.loaded.value = true;
    });
  }

  change({ rows, gone }: ListMessages['changed']): void {
    const before = this.#cells.size;
    batch(() => {
      const deleted = gone.filter((key) => this.#cells.delete(key)).length;
      this.#put(rows);
      if (deleted > 0 || this.#cells.size !== before) this.#keys.value = [...this.#cells.keys()].toSorted();
    });
  }

  #put(rows: readonly Row[]): void {
    for (const row of rows) {
      const cell = this.#cells.get(keyOfRow(row));
      if (cell === undefined) this.#cells.set(keyOfRow(row), signal(row));
      else if (JSON.stringify(cell.value) !== JSON.stringify(row)) cell.value = row;
    }
  }
}

function matches(row: Row, words: string, onlyBad: boolean): boolean {
  if (onlyBad && row.health !== 'Bad') return false;
  const { namespace, name, id = '', plan, version = '', status } = row;
  return [namespace, name, id, plan, version, status].some((each) => each.toLowerCase().includes(words));
}

function equal(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((each, index) => each === b[index]);
}
