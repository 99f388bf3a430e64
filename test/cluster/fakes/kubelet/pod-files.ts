import type { FakeApi } from './api.ts';
import type { Container, Pod } from './objects.ts';

type SecretData = Record<string, string>;

/** What a pod gets from Secrets and ConfigMaps. Read anew for each pod, as the kubelet does. */
export class PodFiles {
  readonly #api: FakeApi;
  readonly #pod: Pod;
  readonly #read = new Map<string, Promise<SecretData | undefined>>();

  constructor(api: FakeApi, pod: Pod) {
    this.#api = api;
    this.#pod = pod;
  }

  /** Which of the things that have to be there is not, in the kubelet's words; the container then stays waiting. */
  async missing(): Promise<{ reason: string; message: string } | undefined> {
    for (const { secret, configMap } of this.#pod.spec?.volumes ?? []) {
      const name = secret?.secretName ?? configMap?.name;
      const [kind, optional] = secret ? ['secret', secret.optional] : ['configmap', configMap?.optional];
      if (name && !optional && !(await this.#data(kind, name))) {
        return { reason: 'ContainerCreating', message: `${kind} "${name}" not found` };
      }
    }
    for (const container of [
      ...(this.#pod.spec?.initContainers ?? []),
      ...(this.#pod.spec?.containers ?? []),
    ]) {
      for (const { kind, name, key } of references(container)) {
        const data = await this.#data(kind, name);
        if (!data || (key !== undefined && data[key] === undefined)) {
          const message = data
            ? `couldn't find key ${key} in ${kind} ${this.#pod.metadata.namespace}/${name}`
            : `${kind} "${name}" not found`;
          return { reason: 'CreateContainerConfigError', message };
        }
      }
    }
    return undefined;
  }

  async environment(container: Container): Promise<Record<string, string>> {
    const env: Record<string, string> = {};
    for (const { secretRef, configMapRef, prefix = '' } of container.envFrom ?? []) {
      const name = secretRef?.name ?? configMapRef?.name ?? '';
      const data = await this.#data(secretRef ? 'secret' : 'configmap', name);
      for (const [key, value] of Object.entries(data ?? {})) {
        env[prefix + key] = value;
      }
    }
    for (const { name, value, valueFrom } of container.env ?? []) {
      const source = valueFrom?.secretKeyRef ?? valueFrom?.configMapKeyRef;
      const data = source?.name
        ? await this.#data(valueFrom?.secretKeyRef ? 'secret' : 'configmap', source.name)
        : undefined;
      env[name] = value ?? data?.[source?.key ?? ''] ?? this.#field(valueFrom?.fieldRef?.fieldPath);
    }
    return env;
  }

  /** A file of a mounted Secret or ConfigMap by its path in the container. */
  async file(container: Container, path: string): Promise<string | undefined> {
    for (const mount of container.volumeMounts ?? []) {
      if (!path.startsWith(`${mount.mountPath}/`)) {
        continue;
      }
      const volume = this.#pod.spec?.volumes?.find(({ name }) => name === mount.name);
      const source = volume?.secret ?? volume?.configMap;
      const name = volume?.secret?.secretName ?? volume?.configMap?.name;
      const file = path.slice(mount.mountPath.length + 1);
      const key = source?.items ? source.items.find((item) => item.path === file)?.key : file;
      const data = name ? await this.#data(volume?.secret ? 'secret' : 'configmap', name) : undefined;
      return key === undefined ? undefined : data?.[key];
    }
    return undefined;
  }

  /** The statements that an init container is given to make and heal the administrator. */
  async bootstrapStatements(): Promise<Record<string, string> | undefined> {
    for (const container of this.#pod.spec?.initContainers ?? []) {
      for (const mount of container.volumeMounts ?? []) {
        const volume = this.#pod.spec?.volumes?.find(({ name }) => name === mount.name);
        const data = volume?.secret?.secretName
          ? await this.#data('secret', volume.secret.secretName)
          : undefined;
        if (data?.['create-admin.iql'] !== undefined) {
          return data;
        }
      }
    }
    return undefined;
  }

  #field(path: string | undefined): string {
    const { name, namespace, uid } = this.#pod.metadata;
    return { 'metadata.name': name, 'metadata.namespace': namespace, 'metadata.uid': uid }[path ?? ''] ?? '';
  }

  #data(kind: string, name: string): Promise<SecretData | undefined> {
    const found = this.#read.get(`${kind}/${name}`) ?? this.#load(kind, name);
    this.#read.set(`${kind}/${name}`, found);
    return found;
  }

  async #load(kind: string, name: string): Promise<SecretData | undefined> {
    const path = `/api/v1/namespaces/${this.#pod.metadata.namespace}/${kind}s/${name}`;
    const object = await this.#api.find<{ data?: SecretData }>(path);
    const decode = (text: string): string =>
      kind === 'secret' ? Buffer.from(text, 'base64').toString() : text;
    return (
      object &&
      Object.fromEntries(Object.entries(object.data ?? {}).map(([key, text]) => [key, decode(text)]))
    );
  }
}

/** The Secrets and ConfigMaps without which the container cannot be made. */
function references({ env, envFrom }: Container): { kind: string; name: string; key?: string }[] {
  const single = (env ?? []).flatMap(({ valueFrom }) => {
    const { secretKeyRef, configMapKeyRef } = valueFrom ?? {};
    const source = secretKeyRef ?? configMapKeyRef;
    return source?.name && !source.optional
      ? [{ kind: secretKeyRef ? 'secret' : 'configmap', name: source.name, key: source.key }]
      : [];
  });
  const whole = (envFrom ?? []).flatMap(({ secretRef, configMapRef }) => {
    const source = secretRef ?? configMapRef;
    return source?.name && !source.optional
      ? [{ kind: secretRef ? 'secret' : 'configmap', name: source.name }]
      : [];
  });
  return [...single, ...whole];
}
