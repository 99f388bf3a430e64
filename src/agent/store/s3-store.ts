import { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import { Readable } from 'node:stream';
import { rootCertificates } from 'node:tls';
import {
  AbortMultipartUploadCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  ListMultipartUploadsCommand,
  ListObjectsV2Command,
  NoSuchKey,
  NoSuchUpload,
  S3Client,
} from '@aws-sdk/client-s3';
import { Upload } from '@aws-sdk/lib-storage';
import type { S3Spec } from '../../backup/protocol.ts';
import { checkHost, guardedLookup, type EndpointRule } from './endpoint-guard.ts';
import { StoreError } from './store-error.ts';
import type { Store, StoredObject } from './store.ts';

export interface S3Access {
  readonly credentials: {
    readonly accessKeyId: string;
    readonly secretAccessKey: string;
    readonly sessionToken?: string;
  };
  /** PEM; trusted beside the public authorities. */
  readonly authority?: string | undefined;
  readonly rule: EndpointRule;
}

const MiB = 1024 ** 2;
/** S3 takes 10,000 parts; memory is the parts that are on their way. */
const LEAST_PART = 8 * MiB;
const MOST_PARTS = 9_000;
const PARTS_AT_ONCE = 3;

/**
 * A bucket of a server that speaks S3. This file is loaded when it is needed: the library is most of a Job's memory. It
 * is CommonJS, whose names a bundler finds only where it is imported by name.
 */
export function openS3(spec: S3Spec, access: S3Access): Store {
  const url = new URL(spec.endpoint);
  checkHost(url.hostname, access.rule);
  const connection = { keepAlive: true, maxSockets: 16, lookup: guardedLookup(access.rule) };
  const httpsAgent = new HttpsAgent({
    ...connection,
    ...(access.authority === undefined ? {} : { ca: [...rootCertificates, access.authority] }),
  });
  const httpAgent = new HttpAgent(connection);
  const client = new S3Client({
    endpoint: url.origin,
    region: spec.region,
    credentials: access.credentials,
    // One host, whatever the bucket is called: it is the one whose address was checked.
    forcePathStyle: true,
    followRegionRedirects: false,
    maxAttempts: 4,
    // Many stores know nothing of the newer checksums; the object is read back anyway.
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
    requestHandler: { httpAgent, httpsAgent, connectionTimeout: 15_000, socketTimeout: 60_000 },
  });
  const at = { Bucket: spec.bucket };

  return {
    async put(key, body, expectedBytes, signal) {
      const abort = new AbortController();
      const cancel = (): void => abort.abort(signal.reason);
      signal.addEventListener('abort', cancel, { once: true });
      const source = Readable.from(body, { objectMode: false, highWaterMark: MiB });
      const upload = new Upload({
        client,
        params: { ...at, Key: key, Body: source },
        queueSize: PARTS_AT_ONCE,
        partSize: Math.max(LEAST_PART, Math.ceil(expectedBytes / MOST_PARTS)),
        abortController: abort,
      });
      try {
        await upload.done();
      } catch (error) {
        signal.throwIfAborted();
        throw StoreError.from(error);
      } finally {
        signal.removeEventListener('abort', cancel);
        source.destroy();
      }
    },

    async get(key, signal) {
      try {
        const answer = await client.send(new GetObjectCommand({ ...at, Key: key }), {
          abortSignal: signal,
        });
        return { bytes: answer.ContentLength ?? 0, body: answer.Body as Readable };
      } catch (error) {
        signal.throwIfAborted();
        if (error instanceof NoSuchKey) return undefined;
        throw StoreError.from(error);
      }
    },

    async *list(prefix, after, signal) {
      let token: string | undefined;
      do {
        const page = await answered(
          client.send(
            new ListObjectsV2Command({
              ...at,
              Prefix: prefix,
              ...(after === undefined ? {} : { StartAfter: after }),
              ...(token === undefined ? {} : { ContinuationToken: token }),
            }),
            { abortSignal: signal },
          ),
          signal,
        );
        for (const { Key, Size } of page.Contents ?? [])
          if (Key !== undefined) yield { key: Key, bytes: Size ?? 0 } satisfies StoredObject;
        token = page.IsTruncated === true ? page.NextContinuationToken : undefined;
      } while (token !== undefined);
    },

    async delete(key, signal) {
      await answered(
        client.send(new DeleteObjectCommand({ ...at, Key: key }), { abortSignal: signal }),
        signal,
      );
    },

    async sweep(prefix, signal) {
      const page = await answered(
        client.send(new ListMultipartUploadsCommand({ ...at, Prefix: prefix }), { abortSignal: signal }),
        signal,
      );
      for (const { Key, UploadId } of page.Uploads ?? []) {
        if (Key?.startsWith(prefix) !== true || UploadId === undefined) continue;
        const upload = new AbortMultipartUploadCommand({ ...at, Key, UploadId });
        try {
          await client.send(upload, { abortSignal: signal });
        } catch (error) {
          signal.throwIfAborted();
          if (!(error instanceof NoSuchUpload)) throw StoreError.from(error);
        }
      }
    },

    close() {
      client.destroy();
      httpAgent.destroy();
      httpsAgent.destroy();
    },
  };
}

async function answered<T>(answer: Promise<T>, signal: AbortSignal): Promise<T> {
  try {
    return await answer;
  } catch (error) {
    signal.throwIfAborted();
    throw StoreError.from(error);
  }
}
