// Starts an image under a container engine, podman or docker: it is loaded from a docker archive under a name of its own,
// which is removed with the container.
import { CogpackError } from '../base/error.ts';
import { type Container, runNow, runToEnd } from './container.ts';

export type Engine = 'podman' | 'docker';

/** `name` is that of the image in the archive, and of the container. Throws `run/start` with what the engine says. */
export async function startArchive(
  engine: Engine,
  archive: string,
  name: string,
  env: Readonly<Record<string, string>>,
): Promise<Container> {
  const remove = () => {
    runNow([engine, 'rm', '--force', name]);
    runNow([engine, 'rmi', '--force', name]);
  };
  const variables = Object.entries(env).flatMap(([key, value]) => ['--env', `${key}=${value}`]);
  for (const command of [
    [engine, 'load', '--input', archive],
    [engine, 'run', '--detach', '--name', name, '--network', 'none', ...variables, name],
  ]) {
    const { code, stderr } = await runToEnd(command);
    if (code === 0) continue;
    remove();
    throw new CogpackError('run/start', `${engine} could not start the image: ${stderr.trim()}`);
  }
  return {
    exec: (args, input) => runToEnd([engine, 'exec', '--interactive', name, ...args], input),
    logs() {
      const { stdout, stderr } = runNow([engine, 'logs', name]);
      return stdout + stderr;
    },
    running: () =>
      runNow([engine, 'inspect', '--format', '{{.State.Running}}', name]).stdout.trim() === 'true',
    stop: remove,
  };
}
