// Findings as text for people: what fails, where, and what would mend it.
import type { PathConflict } from './conflicts.ts';
import type { Finding } from './index.ts';

/** One sentence. */
export function describeFinding(finding: Finding): string {
  const { file, package: from } = finding;
  switch (finding.kind) {
    case 'missing-library': {
      const { soname, provider, passedOver, elsewhere } = finding;
      const needs = `${file} of ${from} needs ${soname}, which`;
      const cure = provider === undefined ? '' : `; ${provider} has it`;
      if (elsewhere !== undefined) {
        const why = elsewhere.damaged
          ? 'is no library, or damaged'
          : 'is in no folder that is searched for it';
        return `${needs} is not found: ${elsewhere.file} ${why}${cure}`;
      }
      const found = passedOver === undefined ? '' : ` (${passedOver} is for another machine)`;
      return `${needs} is not in the image${found}${cure}`;
    }
    case 'missing-version': {
      const { versions, library, newest } = finding;
      const newer = newest === undefined ? '' : `; its newest is ${newest}`;
      const lacking = `${library.file} of ${library.package} does not have`;
      return `${file} of ${from} needs ${versions.join(', ')}, which ${lacking}${newer}`;
    }
    case 'wrong-machine':
      return `${file} of ${from} is for ${finding.found}; the image is for ${finding.expected}`;
    case 'missing-interpreter': {
      const { interpreter, provider } = finding;
      const where = interpreter.includes('/') ? 'not in the image' : 'in no folder of PATH';
      const cure = provider === undefined ? '' : `; ${provider} has it`;
      return `${file} of ${from} is started by ${interpreter}, which is ${where}${cure}`;
    }
    case 'two-versions': {
      const others = finding.others.map(other => `${other.file} of ${other.package}`);
      return `${finding.library} is in the image in two versions: ${file} of ${from} and ${others.join(', ')}`;
    }
    case 'sm-too-old': {
      const has = [
        ...finding.cubin.map(number => `sm_${number}`),
        ...finding.ptx.map(number => `compute_${number}`),
      ];
      return `${from} has no code for ${finding.architecture} in ${file}; it has ${has.join(', ')}`;
    }
    default:
      return finding satisfies never;
  }
}

export function describeConflict({ path, packages }: PathConflict): string {
  return `${packages.join(' and ')} both bring ${path}, with different bytes`;
}
