// A small registry (distribution-spec 1.1) over a folder that is an OCI image layout: its blobs are the layout's, what it
// knows of repositories lies beside them in <dir>/registry. Several servers and programs may use one folder at a time.
import {
  createServer as createHttpServer,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { maxManifestBytes } from './descriptor.ts';
import { messageOf, RegistryError } from './error.ts';
import { isRefusal, Refusal, sendRefusal } from './server/answer.ts';
import { openFolder } from './server/folder.ts';
import { createGuard } from './server/htpasswd.ts';
import { createRoutes } from './server/routes.ts';
import { createUploads } from './server/uploads.ts';

export type ServerOptions = {
  /** An OCI image layout, or a folder that becomes one. */
  readonly dir: string;
  /** Where to listen; 127.0.0.1 unless it is given. */
  readonly host?: string | undefined;
  /** 0, which is any free port, unless it is given. */
  readonly port?: number | undefined;
  readonly readOnly?: boolean | undefined;
  /** The path of an htpasswd file with bcrypt entries; everybody is let in without it. Read anew when it changes. */
  readonly htpasswd?: string | undefined;
  /** Certificate and private key in PEM. */
  readonly tls?: { readonly cert: string; readonly key: string } | undefined;
  readonly limits?: Partial<ServerLimits> | undefined;
  /** Called once for each request that was answered. */
  readonly log?: ((entry: LogEntry) => void) | undefined;
};

export type ServerLimits = {
  /** The largest blob, in bytes. */
  readonly blobBytes: number;
  /** The largest manifest, in bytes. */
  readonly manifestBytes: number;
  /** How long a connection may say nothing, in milliseconds. */
  readonly idleMs: number;
  /** How long an upload that nobody goes on with is kept, in milliseconds. */
  readonly uploadMs: number;
};

export type LogEntry = {
  readonly method: string;
  readonly path: string;
  readonly status: number;
  readonly ms: number;
};

export type RunningServer = {
  /** scheme://host:port */
  readonly url: string;
  /** Ends open connections and waits for what is being written. */
  close(): Promise<void>;
};

const defaultLimits: ServerLimits = {
  blobBytes: 64 * 2 ** 30,
  manifestBytes: maxManifestBytes,
  idleMs: 120_000,
  uploadMs: 24 * 3600 * 1000,
};

/** Listens when it returns. Throws the system's error when the address cannot be had. */
export async function startServer(options: ServerOptions): Promise<RunningServer> {
  const limits = { ...defaultLimits, ...options.limits };
  const folder = openFolder(options.dir);
  const uploads = createUploads(folder, limits);
  const allow = createGuard(options.htpasswd);
  const handle = createRoutes({ folder, uploads, limits, readOnly: options.readOnly ?? false });
  const running = new Set<Promise<void>>();

  const serve = async (request: IncomingMessage, response: ServerResponse) => {
    const began = performance.now();
    response.setHeader('docker-distribution-api-version', 'registry/2.0');
    try {
      await allow(request);
      await handle(request, response);
    } catch (error) {
      answerError(request, response, error);
    }
    const path = request.url?.split('?')[0] ?? '';
    options.log?.({
      method: request.method ?? '',
      path,
      status: response.statusCode,
      ms: performance.now() - began,
    });
  };
  const listener = (request: IncomingMessage, response: ServerResponse) => {
    const task = serve(request, response).finally(() => running.delete(task));
    running.add(task);
  };
  // A blob of any size may take any time; what is limited is the time in which nothing comes.
  const settings = { requestTimeout: 0, keepAliveTimeout: 30_000 };
  const server =
    options.tls === undefined
      ? createHttpServer(settings, listener)
      : createHttpsServer({ ...settings, ...options.tls }, listener);
  server.timeout = limits.idleMs;
  await listen(server, options.port ?? 0, options.host ?? '127.0.0.1');

  const { address, port, family } = server.address() as AddressInfo;
  const host = family === 'IPv6' ? `[${address}]` : address;
  return {
    url: `${options.tls === undefined ? 'http' : 'https'}://${host}:${port}`,
    async close() {
      const closed = new Promise(resolve => server.close(resolve));
      server.closeAllConnections();
      await closed;
      await Promise.allSettled(running);
      await uploads.close();
    },
  };
}

function listen(server: Server, port: number, host: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.off('error', reject);
      resolve();
    });
  });
}

function answerError(request: IncomingMessage, response: ServerResponse, error: unknown): void {
  if (response.headersSent || response.destroyed) {
    response.destroy();
    return;
  }
  sendRefusal(request, response, asRefusal(error));
}

function asRefusal(error: unknown): Refusal {
  if (isRefusal(error)) return error;
  if (error instanceof RegistryError) return new Refusal(400, 'MANIFEST_INVALID', error.message);
  const full = error instanceof Error && 'code' in error && ['ENOSPC', 'EDQUOT'].includes(String(error.code));
  return full
    ? new Refusal(507, 'UNKNOWN', 'the disk is full')
    : new Refusal(500, 'UNKNOWN', messageOf(error));
}
