import { signal } from '@preact/signals';

// Where in the page one is: `#/`, `#/shop/metrics` or `#/shop/metrics/backups`.

export const TABS = ['overview', 'numbers', 'backups', 'contents', 'events', 'logs'] as const;
export type Tab = (typeof TABS)[number];

export interface Place {
  readonly namespace: string;
  readonly name: string;
  readonly tab: Tab;
}

/** Undefined on the list. */
export const place = signal<Place | undefined>(undefined);

export function placeOf(hash: string): Place | undefined {
  const [, namespace = '', name = '', tab = ''] = /^#\/([\w.-]+)\/([\w.-]+)(?:\/(\w+))?$/.exec(hash) ?? [];
  if (name === '') return undefined;
  return { namespace, name, tab: TABS.find((each) => each === tab) ?? 'overview' };
}

export function addressOf({ namespace, name }: Pick<Place, 'namespace' | 'name'>, tab?: Tab): string {
  return `#/${namespace}/${name}${tab === undefined ? '' : `/${tab}`}`;
}

export function followAddress(): void {
  const look = (): void => {
    place.value = placeOf(location.hash);
  };
  window.addEventListener('hashchange', look);
  look();
}
