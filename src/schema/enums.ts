// Which classes are enums (Python's module enum).
import { basesOf, type Project } from './project.ts';
import type { Defined } from './type.ts';

/** True for a class that inherits from one of the standard library's enums. */
export function isEnum(found: Defined, project: Project): boolean {
  if (found.definition.kind !== 'class') return false;
  return basesOf(project, found).some(base =>
    base.kind === 'external'
      ? /^enum\.\w*Enum$/.test(base.path)
      : base.kind === 'defined' && isEnum(base, project),
  );
}

/** True for an enum whose members are equal to their values: it is a str or an int as well. */
export function isValueEnum(found: Defined, project: Project): boolean {
  return basesOf(project, found).some(base =>
    base.kind === 'external'
      ? /^(builtins\.(str|int)|enum\.(Str|Int)Enum)$/.test(base.path)
      : base.kind === 'defined' && isValueEnum(base, project),
  );
}
