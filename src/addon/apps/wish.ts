/** What an addon asks of one app. */
export interface AppWish {
  readonly addonName: string;
  readonly kind: 'Deployment' | 'StatefulSet' | 'DaemonSet';
  readonly name: string;
  readonly env: 'Inject' | 'FromSecret';
  /** Names of the containers to inject into; undefined for all, init containers among them. */
  readonly containers: readonly string[] | undefined;
  readonly secretName: string;
  /** `<prefix>_URL` first, then `<alias>_URL` if there is one. */
  readonly variables: readonly string[];
  /** Names of the other addons that name this app; their variables in it are theirs. */
  readonly rivals?: readonly string[];
  /** Keys that the Secret has beside `variables`, from when they were called otherwise. */
  readonly formerKeys?: readonly string[];
  /** Variables that its owner wrote, as `container/variable`: they stay. Undefined when nobody has looked. */
  readonly kept?: readonly string[] | undefined;
  /** Of the addon's spec. */
  readonly generation?: number | undefined;
}
