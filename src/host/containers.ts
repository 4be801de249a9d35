// What starts containers here, and whether programs can be kept apart from the machine: OCI runtimes, user namespaces
// (user_namespaces(7)) and bubblewrap.
import { type Finding, type Host, readText, run } from './host.ts';

const runtimes = ['crun', 'runc'];
const engines = ['docker', 'podman', 'nerdctl'];

export function containerFindings(host: Host): Finding[] {
  return [runtimeFinding(host), engineFinding(host), namespaceFinding(host), bubblewrapFinding(host)];
}

function runtimeFinding(host: Host): Finding {
  const name = 'container runtime';
  const found = versionsOf(host, runtimes);
  if (found.length > 0) return { name, state: 'ok', found: found.join('; ') };
  return {
    name,
    state: 'missing',
    found: `none of ${runtimes.join(' and ')}: cogpack run cannot start an image`,
    cure: 'apt-get install crun',
  };
}

function engineFinding(host: Host): Finding {
  const name = 'container engine';
  const found = versionsOf(host, engines);
  return found.length > 0
    ? { name, state: 'ok', found: found.join('; ') }
    : { name, state: 'absent', found: `none of ${engines.join(', ')}; cogpack needs none` };
}

function versionsOf(host: Host, programs: readonly string[]): string[] {
  return programs.flatMap(program => {
    const ended = run(host, program, ['--version']);
    return ended?.code === 0 ? [ended.stdout.split('\n')[0]!.trim()] : [];
  });
}

function namespaceFinding(host: Host): Finding {
  const name = 'user namespaces';
  const ended = run(host, 'unshare', ['--user', '--map-root-user', 'true']);
  if (ended?.code === 0) return { name, state: 'ok', found: 'a user can make them' };
  return { name, state: 'missing', ...namespaceCause(host, ended?.stderr.trim()) };
}

function namespaceCause(host: Host, said: string | undefined): { found: string; cure: string } {
  const value = (path: string) => readText(host, path)?.trim();
  if (value('/proc/sys/user/max_user_namespaces') === '0') {
    return { found: 'the kernel allows none', cure: 'sysctl user.max_user_namespaces=15000' };
  }
  if (value('/proc/sys/kernel/unprivileged_userns_clone') === '0') {
    return { found: 'for root alone', cure: 'sysctl kernel.unprivileged_userns_clone=1' };
  }
  if (value('/proc/sys/kernel/apparmor_restrict_unprivileged_userns') === '1') {
    return {
      found: 'AppArmor allows them to programs with a profile alone',
      cure: 'sysctl kernel.apparmor_restrict_unprivileged_userns=0, or a profile with "userns,"',
    };
  }
  return said === undefined
    ? { found: 'the program unshare is not here', cure: 'apt-get install util-linux' }
    : {
        found: `unshare says: ${said}`,
        cure: 'in a container, start it with a seccomp profile that allows unshare',
      };
}

function bubblewrapFinding(host: Host): Finding {
  const name = 'bubblewrap';
  const version = run(host, 'bwrap', ['--version']);
  if (version === undefined) {
    return { name, state: 'missing', found: 'none', cure: 'apt-get install bubblewrap' };
  }
  const ended = run(host, 'bwrap', ['--unshare-all', '--ro-bind', '/', '/', 'true']);
  return ended?.code === 0
    ? { name, state: 'ok', found: version.stdout.trim() }
    : {
        name,
        state: 'missing',
        found: `${version.stdout.trim()}, which cannot make a sandbox: ${ended?.stderr.trim()}`,
        cure: 'see user namespaces; as root in a container, it wants CAP_SYS_ADMIN',
      };
}
