// cog.yaml as replicate/cog reads it (its docs/yaml.md and pkg/config/data/config_schema_v1.0.json at 6110c91, August
// 2026): every key, the keys that former versions had, and the types of their values. What the values mean for an image
// is in cog.ts.
import { didYouMean } from '../base/did-you-mean.ts';
import { CogpackError, type Span } from '../base/error.ts';
import { throwAll } from '../base/problems.ts';
import type { Stated } from './stated.ts';
import { readYaml, type YamlNode } from './yaml.ts';

export type CogYaml = {
  readonly gpu?: Stated<boolean>;
  readonly cuda?: Stated<string>;
  readonly cudnn?: Stated<string>;
  readonly pythonVersion?: Stated<string>;
  readonly pythonRequirements?: Stated<string>;
  readonly pythonPackages: readonly Stated<string>[];
  readonly systemPackages: readonly Stated<string>[];
  readonly sdkVersion?: Stated<string>;
  /** Commands, in the order in which they would run. */
  readonly preInstall: readonly Stated<string>[];
  readonly buildRun: readonly Stated<string>[];
  readonly image?: Stated<string>;
  readonly model?: Stated<string>;
  readonly run?: Stated<string>;
  readonly predict?: Stated<string>;
  readonly train?: Stated<string>;
  readonly concurrencyMax?: Stated<number>;
  readonly concurrencyTarget?: Stated<number>;
  readonly observability?: Stated<Observability>;
  /** `NAME=value` */
  readonly environment: readonly Stated<string>[];
  /** The names of weights. */
  readonly weights: readonly Stated<string>[];
};

export type Observability = {
  readonly config?: string;
  readonly traces?: Readonly<Record<string, string | boolean>>;
};

const topKeys = [
  'build',
  'concurrency',
  'environment',
  'image',
  'model',
  'observability',
  'predict',
  'run',
  'train',
  'weights',
];
const buildKeys = [
  'cuda',
  'cudnn',
  'gpu',
  'pre_install',
  'python_packages',
  'python_requirements',
  'python_version',
  'run',
  'sdk_version',
  'system_packages',
];

const traceKeys = ['enabled', 'sampler', 'sampler_arg', 'trace_header', 'trace_header_format'];

// Keys of former versions of cog that chose how it builds and serves: there is one way now, and so they say nothing.
const idleKeys = ['cog_runtime', 'fast'];

// Keys of former versions of cog, with what took their place.
const formerKeys: Readonly<Record<string, string>> = {
  python_extra_index_urls: 'write --extra-index-url into the requirements file',
  python_find_links: 'write --extra-index-url into the requirements file',
};

/** Reads a cog.yaml; `file` is its name in spans. Throws `inputs/yaml`, and `inputs/cog-yaml` for all that is wrong. */
export function readCogYaml(text: string, file: string): CogYaml {
  const root = readYaml(text, file);
  const problems: CogpackError[] = [];
  const reader = createReader(problems);
  const top = reader.fields(root, topKeys, 'cog.yaml');
  const build = reader.fields(top.get('build'), buildKeys, 'build');
  const concurrency = reader.fields(top.get('concurrency'), ['max', 'default_target'], 'concurrency');
  const { flag, integer, text: string, version, texts } = reader;
  const read = {
    gpu: flag(build.get('gpu'), 'build.gpu'),
    cuda: version(build.get('cuda'), 'build.cuda'),
    cudnn: version(build.get('cudnn'), 'build.cudnn'),
    pythonVersion: version(build.get('python_version'), 'build.python_version'),
    pythonRequirements: string(build.get('python_requirements'), 'build.python_requirements'),
    pythonPackages: texts(build.get('python_packages'), 'build.python_packages'),
    systemPackages: texts(build.get('system_packages'), 'build.system_packages'),
    sdkVersion: version(build.get('sdk_version'), 'build.sdk_version'),
    preInstall: texts(build.get('pre_install'), 'build.pre_install'),
    buildRun: reader.commands(build.get('run'), 'build.run'),
    image: string(top.get('image'), 'image'),
    model: string(top.get('model'), 'model'),
    run: string(top.get('run'), 'run'),
    predict: string(top.get('predict'), 'predict'),
    train: string(top.get('train'), 'train'),
    concurrencyMax: integer(concurrency.get('max'), 'concurrency.max'),
    concurrencyTarget: integer(concurrency.get('default_target'), 'concurrency.default_target'),
    observability: reader.observability(top.get('observability')),
    environment: texts(top.get('environment'), 'environment'),
    weights: reader.weights(top.get('weights')),
  };
  throwAll(problems);
  return Object.fromEntries(Object.entries(read).filter(([, value]) => value !== undefined)) as CogYaml;
}

function createReader(problems: CogpackError[]) {
  const report = (span: Span, message: string, hint?: string) => {
    problems.push(new CogpackError('inputs/cog-yaml', message, { span, hint }));
  };
  const wrong = (node: YamlNode, name: string, expected: string) =>
    report(node.span, `${name} is ${shown(node)}; expected ${expected}`);

  const fields = (node: YamlNode | undefined, known: readonly string[], name: string) => {
    const found = new Map<string, YamlNode>();
    if (node === undefined || node.content.kind === 'empty') return found;
    if (node.content.kind !== 'map') {
      wrong(node, name, `keys with values: ${known.join(', ')}`);
      return found;
    }
    for (const { key, keySpan, value } of node.content.entries) {
      if (known.includes(key)) {
        if (value.content.kind !== 'empty') found.set(key, value);
        continue;
      }
      if (name === 'build' && idleKeys.includes(key)) continue;
      const former = Object.hasOwn(formerKeys, key) ? formerKeys[key] : undefined;
      const near = former === undefined ? didYouMean(key, known) : undefined;
      const place = topKeys.includes(key)
        ? 'the top of cog.yaml'
        : buildKeys.includes(key)
          ? 'build'
          : undefined;
      report(
        keySpan,
        `${name} has no key ${key === '' ? 'of this kind' : key}`,
        former ??
          (place !== undefined
            ? `${key} belongs to ${place}: mind the indentation`
            : near === undefined
              ? `its keys are ${known.join(', ')}`
              : `did you mean ${near}?`),
      );
    }
    return found;
  };

  const scalar = (node: YamlNode, name: string, expected: string) => {
    if (node.content.kind === 'scalar') return node.content;
    wrong(node, name, expected);
    return undefined;
  };

  const text = (node: YamlNode | undefined, name: string): Stated<string> | undefined => {
    const found = node && scalar(node, name, 'a text');
    if (found === undefined) return undefined;
    if (typeof found.value === 'string') return { value: found.value, span: node!.span };
    wrong(node!, name, `a text: write "${found.text}"`);
    return undefined;
  };

  const flag = (node: YamlNode | undefined, name: string): Stated<boolean> | undefined => {
    const found = node && scalar(node, name, 'true or false');
    if (found === undefined) return undefined;
    if (typeof found.value === 'boolean') return { value: found.value, span: node!.span };
    wrong(node!, name, 'true or false');
    return undefined;
  };

  return {
    fields,
    text,
    flag,
    version(node: YamlNode | undefined, name: string): Stated<string> | undefined {
      const found = node && scalar(node, name, 'a version such as "3.13"');
      if (found === undefined) return undefined;
      if (typeof found.value !== 'boolean') return { value: found.text.trim(), span: node!.span };
      wrong(node!, name, 'a version such as "3.13"');
      return undefined;
    },
    integer(node: YamlNode | undefined, name: string): Stated<number> | undefined {
      const found = node && scalar(node, name, 'a whole number from 1 on');
      if (found === undefined) return undefined;
      const { value } = found;
      if (typeof value === 'number' && Number.isSafeInteger(value) && value > 0)
        return { value, span: node!.span };
      wrong(node!, name, 'a whole number from 1 on');
      return undefined;
    },
    texts(node: YamlNode | undefined, name: string): readonly Stated<string>[] {
      return items(node, name).flatMap((item, at) => text(item, `${name}[${at}]`) ?? []);
    },
    /** Each a text, or `{command, mounts}`. */
    commands(node: YamlNode | undefined, name: string): readonly Stated<string>[] {
      return items(node, name).flatMap((item, at) => {
        if (item.content.kind !== 'map') return text(item, `${name}[${at}]`) ?? [];
        const command = fields(item, ['command', 'mounts'], `${name}[${at}]`).get('command');
        if (command === undefined) wrong(item, `${name}[${at}]`, 'a command, or {command, mounts}');
        return text(command, `${name}[${at}].command`) ?? [];
      });
    },
    observability(node: YamlNode | undefined): Stated<Observability> | undefined {
      if (node === undefined) return undefined;
      const read = fields(node, ['config', 'traces'], 'observability');
      const config = text(read.get('config'), 'observability.config')?.value;
      const traces = fields(read.get('traces'), traceKeys, 'observability.traces');
      const values = [...traces].flatMap(([key, value]) => {
        const stated = (key === 'enabled' ? flag : text)(value, `observability.traces.${key}`);
        return stated === undefined ? [] : [[key, stated.value] as const];
      });
      return {
        span: node.span,
        value: {
          ...(config !== undefined && { config }),
          ...(values.length > 0 && { traces: Object.fromEntries(values) }),
        },
      };
    },
    weights(node: YamlNode | undefined): readonly Stated<string>[] {
      return items(node, 'weights').flatMap((item, at) => {
        const label = fields(item, ['name', 'source', 'target'], `weights[${at}]`).get('name');
        return [{ value: text(label, `weights[${at}].name`)?.value ?? `weights[${at}]`, span: item.span }];
      });
    },
  };

  function items(node: YamlNode | undefined, name: string): readonly YamlNode[] {
    if (node === undefined) return [];
    if (node.content.kind === 'list') return node.content.items;
    wrong(node, name, 'a list: one line for each, after "- "');
    return [];
  }
}

function shown({ content }: YamlNode): string {
  switch (content.kind) {
    case 'map':
      return 'a group of keys';
    case 'list':
      return 'a list';
    case 'empty':
      return 'empty';
    case 'scalar':
      return JSON.stringify(content.value);
  }
}
