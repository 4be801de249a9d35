// Whether registries answer: the manifest of each reference is asked for, with the credentials that a push would use. A
// registry that has no such image is reached all the same.
import { createClient, isRegistryError, parseReference } from '@cogpack/registry-client';
import type { Finding } from './host.ts';

export async function registryFindings(
  references: readonly string[],
  signal: AbortSignal,
): Promise<Finding[]> {
  const client = createClient({ retry: { attempts: 2, delayMs: 200 } });
  try {
    return await Promise.all(references.map(reference => ask(reference)));
  } finally {
    client.close();
  }

  async function ask(text: string): Promise<Finding> {
    const name = `registry ${text}`;
    try {
      const reference = parseReference(text);
      const tag = reference.digest ?? reference.tag ?? 'latest';
      const manifest = await client.headManifest(reference, tag, signal);
      const found =
        manifest === undefined ? `reached; it has no ${tag}` : `reached; it has ${manifest.digest}`;
      return { name, state: 'ok', found };
    } catch (error) {
      signal.throwIfAborted();
      if (!isRegistryError(error)) throw error;
      return {
        name,
        state: 'missing',
        found: error.message,
        cure: error.hint ?? cures[error.code] ?? 'check the reference',
      };
    }
  }
}

const cures: Readonly<Record<string, string>> = {
  network: 'check the host, the network and the proxy (HTTPS_PROXY, NO_PROXY)',
  tls: "add the registry's certificate authority to the system's",
  unauthorized: 'log in: docker login HOST, or podman login HOST',
  denied: 'ask for access to the repository',
};
