/** What a webhook configuration says of one that every StatefulSet of a namespace goes through. */
export function setsWebhook(namespace: string, clientConfig: object): object {
  return {
    name: 'policies.example.com',
    clientConfig,
    failurePolicy: 'Fail',
    sideEffects: 'None',
    timeoutSeconds: 5,
    admissionReviewVersions: ['v1'],
    namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': namespace } },
    rules: [
      {
        apiGroups: ['apps'],
        apiVersions: ['v1'],
        operations: ['CREATE', 'UPDATE'],
        resources: ['statefulsets'],
      },
    ],
  };
}
