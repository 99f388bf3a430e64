const MARKS = ['app.kubernetes.io/managed-by', 'app.kubernetes.io/version', 'helm.sh/chart'];

/** A manifest as kustomize would have it, without the labels that only Helm gives. */
export function withoutHelm<T extends { readonly metadata: { readonly labels?: Record<string, string> } }>(
  manifest: T,
): T {
  const labels = Object.entries(manifest.metadata.labels ?? {}).filter(([key]) => !MARKS.includes(key));
  return { ...manifest, metadata: { ...manifest.metadata, labels: Object.fromEntries(labels) } };
}
