/** The API group of every kind of this project and the version it is served in. */
export const GROUP = 'influxaddon.dev';
export const VERSION = 'v1alpha1';
export const API_VERSION = `${GROUP}/${VERSION}`;
/** `kubectl get influx` lists every kind of this category. */
export const CATEGORY = 'influx';
