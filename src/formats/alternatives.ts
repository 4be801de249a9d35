// Debian's alternatives (update-alternatives(1)) as data: the calls `update-alternatives --install` of a maintainer
// script, read and never run, and the links that they would leave in a fresh system, where each group is in automatic
// mode. Variables count where a constant was assigned, loops over constant words are followed, and conditions are
// taken to hold: a path that is not in the image is passed over later, as the program itself refuses it.
import { type Command, literal, shellCommands, type Word } from './shell-commands.ts';

export type AlternativeLink = {
  /** The generic name, absolute, such as `/usr/bin/awk`. */
  readonly link: string;
  /** Its name in /etc/alternatives. */
  readonly name: string;
  /** What it may lead to, absolute. */
  readonly path: string;
};

export type Alternative = AlternativeLink & {
  readonly priority: number;
  /** Links that follow the choice of this one. */
  readonly slaves: readonly AlternativeLink[];
};

export type ScriptAlternatives = {
  readonly alternatives: readonly Alternative[];
  /** How many calls hold what only a run of the script could tell. */
  readonly unread: number;
};

/** Of a machine: Debian's name of its architecture, and the multiarch triple. */
export type ScriptMachine = { readonly architecture: string; readonly triple: string };

const maxCommands = 20_000;
const program = /^(?:\/usr\/s?bin\/)?update-alternatives$/;

/** Never throws: what is no shell script has no calls that can be read. */
export function readAlternatives(script: string, machine: ScriptMachine): ScriptAlternatives {
  const variables = new Map<string, string>([['DPKG_MAINTSCRIPT_ARCH', machine.architecture]]);
  const alternatives: Alternative[] = [];
  let unread = 0;
  let left = maxCommands;

  const run = (commands: readonly Command[]): void => {
    for (let at = 0; at < commands.length && left > 0; at += 1) {
      left -= 1;
      const command = commands[at]!;
      const first = literal(command[0]);
      if (first === 'for') {
        const end = endOfLoop(commands, at + 1);
        const name = literal(command[1]) ?? '';
        const words = command.slice(3).map(word => expand(word, variables, machine));
        const body = commands.slice(at + 2, end);
        if (words.length > 0 && words.every(word => word !== undefined)) {
          for (const value of words.flat()) {
            variables.set(name, value);
            run(body);
          }
        } else run(body);
        variables.delete(name);
        at = end;
      } else if (first === 'unset') {
        for (const word of command.slice(1)) variables.set(literal(word) ?? '', '');
      } else if (first !== undefined && program.test(first)) {
        const words = command.slice(1).map(word => expand(word, variables, machine));
        const isInstall = command.some(word => literal(word) === '--install');
        const read = words.includes(undefined) ? undefined : parseInstall(words.flat() as string[]);
        if (read !== undefined) alternatives.push(read);
        else if (isInstall) unread += 1;
      } else assign(command, variables, machine);
    }
  };
  run(shellCommands(script));
  return { alternatives, unread };
}

/** `name=value` before a command or alone, and after `export` or `local`. What cannot be read changes nothing. */
function assign(command: Command, variables: Map<string, string>, machine: ScriptMachine): void {
  const isDeclaration = ['export', 'local', 'readonly'].includes(literal(command[0]) ?? '');
  const words = isDeclaration ? command.slice(1) : command;
  for (const [first, ...rest] of words) {
    const [, name, start = ''] = (first?.type === 'text' && /^([A-Za-z_]\w*)=(.*)$/s.exec(first.text)) || [];
    if (name === undefined) return;
    const quoted = rest.map(part => ('quoted' in part ? { ...part, quoted: true } : part));
    const value = expand([{ type: 'text', text: start }, ...quoted], variables, machine);
    if (value !== undefined) variables.set(name, value[0] ?? '');
  }
}

/** The words that one word becomes; undefined when only a shell could tell. */
function expand(
  word: Word,
  variables: ReadonlyMap<string, string>,
  machine: ScriptMachine,
): string[] | undefined {
  const fields: string[] = [];
  let field: string | undefined;
  for (const part of word) {
    if (part.type === 'text') {
      field = (field ?? '') + part.text;
      continue;
    }
    const value =
      part.type === 'variable'
        ? variables.get(part.name)
        : part.type === 'substitution'
          ? answerOf(part.command, machine)
          : undefined;
    if (value === undefined) return undefined;
    if ('quoted' in part && part.quoted) {
      field = (field ?? '') + value;
      continue;
    }
    const [head = '', ...tail] = value.split(/[ \t\n]+/);
    if (head !== '' || field !== undefined) field = (field ?? '') + head;
    for (const next of tail) {
      if (field !== undefined && field !== '') fields.push(field);
      field = next === '' ? undefined : next;
    }
  }
  if (field !== undefined) fields.push(field);
  return fields;
}

function answerOf(command: string, { architecture, triple }: ScriptMachine): string | undefined {
  const words = command.trim().split(/\s+/).join(' ');
  if (words === 'dpkg --print-architecture') return architecture;
  const [, variable] =
    /^dpkg-architecture (?:-q|--query )(DEB_(?:HOST|BUILD)_(?:MULTIARCH|ARCH))$/.exec(words) ?? [];
  if (variable === undefined) return undefined;
  return variable.endsWith('_MULTIARCH') ? triple : architecture;
}

/** `--install LINK NAME PATH PRIORITY [--slave LINK NAME PATH]…`, among options without arguments. */
function parseInstall(words: readonly string[]): Alternative | undefined {
  const links: AlternativeLink[] = [];
  let priority: number | undefined;
  for (let at = 0; at < words.length; ) {
    const word = words[at]!;
    if (word !== '--install' && word !== '--slave') {
      if (!/^--(?:quiet|verbose|force|skip-auto)$/.test(word)) return undefined;
      at += 1;
      continue;
    }
    const [link = '', name = '', path = ''] = words.slice(at + 1, at + 4);
    if ((word === '--install') !== (links.length === 0)) return undefined;
    if (!link.startsWith('/') || !path.startsWith('/') || !/^[^/\s]+$/.test(name)) return undefined;
    links.push({ link, name, path });
    at += 4;
    if (word === '--install') {
      const number = words[at] ?? '';
      if (!/^[+-]?\d{1,9}$/.test(number)) return undefined;
      priority = Number(number);
      at += 1;
    }
  }
  const [main, ...slaves] = links;
  return main === undefined || priority === undefined ? undefined : { ...main, priority, slaves };
}

function endOfLoop(commands: readonly Command[], from: number): number {
  let depth = 0;
  for (let at = from; at < commands.length; at += 1) {
    const first = literal(commands[at]![0]);
    if (first === 'do') depth += 1;
    if (first === 'done') {
      depth -= 1;
      if (depth <= 0) return at;
    }
  }
  return commands.length;
}

/**
 * The links of all groups: of each name the choice of the highest priority whose path is there (of equal ones the
 * first that is given), with those of its slaves whose paths are there.
 */
export function chooseAlternatives(
  alternatives: readonly Alternative[],
  isThere: (path: string) => boolean,
): AlternativeLink[] {
  const best = new Map<string, Alternative>();
  for (const candidate of alternatives) {
    if (!isThere(candidate.path)) continue;
    const before = best.get(candidate.name);
    if (before === undefined || candidate.priority > before.priority) best.set(candidate.name, candidate);
  }
  return [...best.values()].flatMap(({ slaves, ...main }) => [
    { link: main.link, name: main.name, path: main.path },
    ...slaves.filter(slave => isThere(slave.path)),
  ]);
}
