// What uv is told of the interpreter it resolves for. uv asks a Python program what it is and reads its answer, one
// line of JSON; the image's interpreter is not on this machine, and may be of another architecture, so a shell script
// gives the answer that it would give. The form belongs to the pinned uv (stdlib/facts/uv.json): its crate
// uv-python reads it, and test/lock/python.test.ts holds it against uv.
import { markersOf } from './markers.ts';
import { languageOf, type PythonTarget } from './target.ts';

/** A program that answers as the target's interpreter. It needs /bin/sh and nothing else. */
export function interpreterScript(target: PythonTarget): string {
  const answer = JSON.stringify(interpreterAnswer(target));
  return `#!/bin/sh\nprintf '%s\\n' '${answer}'\n`;
}

function interpreterAnswer(target: PythonTarget) {
  const { machine, glibcMinor } = target;
  const python = languageOf(target).join('.');
  const scheme = (root: string) => ({
    platlib: `${root}lib/python${python}/site-packages`,
    purelib: `${root}lib/python${python}/site-packages`,
    include: `${root}include/python${python}`,
    scripts: `${root}bin`,
    data: root,
  });
  return {
    result: 'success',
    markers: markersOf(target),
    sys_base_prefix: '/usr',
    sys_base_exec_prefix: '/usr',
    sys_prefix: '/usr',
    sys_base_executable: null,
    sys_executable: `/usr/bin/python${python}`,
    sys_path: [],
    site_packages: [],
    stdlib: `/usr/lib/python${python}`,
    extension_suffixes: [],
    standalone: false,
    scheme: scheme('/usr/'),
    virtualenv: scheme(''),
    os: { name: 'manylinux', major: 2, minor: glibcMinor },
    arch: machine,
    cpu_info: { detected: { kind: 'flags', flags: '' } },
    manylinux_compatible: true,
    gil_disabled: false,
    debug_enabled: false,
    pointer_size: '64',
  };
}
