// Where a model's Python source says that it runs on a GPU: "cuda" or "cuda:0" as a device, .cuda(), onnxruntime's
// CUDAExecutionProvider, tensorflow's "/GPU:0". Read are the files that are named and those of the project that they
// import. That a program asks whether there is a GPU (torch.cuda.is_available()) says nothing by itself.
import { posix } from 'node:path';
import { CogpackError } from '../base/error.ts';
import type { ReadFile } from './project.ts';
import { childOf, loadPython, type PythonNode } from './tree.ts';

const device =
  /^[a-zA-Z]*(['"])(cuda(:\d+)?|CUDAExecutionProvider|\/(device:)?(GPU|gpu):\d+)\1$|^[fF]['"]cuda:/;

/**
 * The first place, in words: `predict.py, line 9: .to("cuda")`. `files` are paths of the project with `/`; a file that is
 * not there or is no Python says nothing.
 */
export async function findGpuUse(files: readonly string[], readFile: ReadFile): Promise<string | undefined> {
  const parse = await loadPython();
  const waiting = [...files];
  const seen = new Set<string>();
  for (let file = waiting.shift(); file !== undefined; file = waiting.shift()) {
    const text = seen.has(file) ? undefined : readFile(file);
    seen.add(file);
    if (text === undefined) continue;
    const tree = unlessNoPython(() => parse(file, text));
    if (tree === undefined) continue;
    const use = firstUse(tree);
    if (use !== undefined) return `${file}, line ${use.span.line}: ${shortened(use.text)}`;
    waiting.push(...importsOf(tree, file));
  }
  return undefined;
}

/** Errors of the source are told where its schema is made. */
function unlessNoPython(parse: () => PythonNode): PythonNode | undefined {
  try {
    return parse();
  } catch (error) {
    if (error instanceof CogpackError) return undefined;
    throw error;
  }
}

function firstUse(node: PythonNode): PythonNode | undefined {
  if (node.type === 'string' && device.test(node.text)) return node;
  if (node.type === 'call') {
    const called = childOf(node, 'function');
    if (called?.type === 'attribute' && childOf(called, 'attribute')?.text === 'cuda') return node;
  }
  for (const child of node.children) {
    const use = firstUse(child);
    if (use === undefined) continue;
    // A call of one line tells more than the string in it.
    const isShort = node.type === 'call' && node.text.length <= 60 && !node.text.includes('\n');
    return isShort && use.type === 'string' ? node : use;
  }
  return undefined;
}

/** Files of the project that a file may import, wherever it does: those that are not there are none. */
function importsOf(node: PythonNode, file: string): string[] {
  if (node.type === 'import_statement') {
    const names = node.text.replace(/^import\s+/, '').split(',');
    return names.flatMap(name => filesOf('', name.trim().split(/\s/, 1)[0]!));
  }
  if (node.type === 'import_from_statement') {
    const [, dots = '', module = '', list = ''] =
      /^from\s+(\.*)\s*([\w.]*)\s+import\s+([\s\S]*)$/.exec(node.text) ?? [];
    const folder = dots === '' ? '' : posix.join(posix.dirname(file), '../'.repeat(dots.length - 1));
    const names = list.split(/[(),]/).map(name => name.trim().split(/\s/, 1)[0]!);
    const inside = names.filter(Boolean).map(name => [module, name].filter(Boolean).join('.'));
    return [module, ...inside].filter(Boolean).flatMap(dotted => filesOf(folder, dotted));
  }
  return node.children.flatMap(child => importsOf(child, file));
}

function filesOf(folder: string, dotted: string): string[] {
  const path = posix.join(folder, dotted.replaceAll('.', '/'));
  return path.startsWith('..') || !/^[\w./-]+$/.test(path) ? [] : [`${path}.py`, `${path}/__init__.py`];
}

function shortened(text: string): string {
  return text.length <= 60 ? text : `${text.slice(0, 57)}...`;
}
