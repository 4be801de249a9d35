// From a cog.yaml to a description. Each key becomes a field, or is an error that says why it cannot and what to do:
// commands are not run, cuDNN comes with wheels, and weights that lie in a registry are not in an image.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Json } from '../base/canonical.ts';
import { CogpackError, type Span } from '../base/error.ts';
import { throwAll } from '../base/problems.ts';
import { type CogYaml, readCogYaml } from './cog-yaml.ts';
import { adviceFor } from './commands.ts';
import { pythonChoices, pythonOf, pythons } from './pythons.ts';
import type { Stated } from './stated.ts';
import type { Choice } from './text.ts';

export type CogDescription = {
  readonly choices: readonly Choice[];
  /** The name that the image is pushed to, when the file says one. */
  readonly image: string | undefined;
};

/** `dir` is the project; `file` the name of its cog.yaml in spans. Throws `inputs/…` for all that is wrong with it. */
export function describeCog(text: string, file: string, dir: string): CogDescription {
  const cog = readCogYaml(text, file);
  const problems: CogpackError[] = [];
  const choices: Choice[] = [];
  const refuse = (span: Span, message: string, hint: string) => {
    problems.push(new CogpackError('inputs/cannot-honour', message, { span, hint }));
  };
  const wrong = (span: Span, message: string, hint?: string) => {
    problems.push(new CogpackError('inputs/cog-yaml', message, { span, hint }));
  };
  const choose = (field: string, value: Json, reason: string, source: Pick<Span, 'file' | 'line'>) => {
    choices.push({ field, value, reason, source: { file: source.file, line: source.line } });
  };
  /** Of a key that is no field. */
  const remark = (field: string, reason: string, { line }: Span) => {
    choices.push({ field, reason, source: { file, line } });
  };
  const start = { file, line: 1 };

  choosePython(cog);
  chooseRequirements(cog);
  if (cog.systemPackages.length > 0) {
    for (const { value, span } of cog.systemPackages) checkSystemPackage(value, span);
    choose(
      'apt',
      cog.systemPackages.map(({ value }) => value),
      'build.system_packages: Debian packages, and what they depend on',
      cog.systemPackages[0]!.span,
    );
  }
  for (const [key, commands] of [
    ['build.pre_install', cog.preInstall],
    ['build.run', cog.buildRun],
  ] as const) {
    for (const { value, span } of commands) {
      refuse(
        span,
        `${key} would run \`${shortened(value)}\`: no command is run while an image is built`,
        adviceFor(value),
      );
    }
  }
  chooseGpu(cog);
  chooseReferences(cog);
  chooseEnvironment(cog);
  chooseObservability(cog);
  for (const { value, span } of cog.weights) {
    refuse(
      span,
      `weights: ${value} would lie in a registry beside the image, which is mounted by Replicate's own service`,
      'put the weights into a folder of the project: they are in the image, in layers that are pushed once',
    );
  }
  const image = chooseImage(cog);
  throwAll(problems);
  return { choices, image };

  function choosePython({ pythonVersion }: CogYaml): void {
    if (pythonVersion === undefined) {
      const newest = pythons.at(-1)!;
      choose('python', newest.minor, `no build.python_version: cog's default is ${newest.minor}`, start);
      return;
    }
    const { value, span } = pythonVersion;
    const found = pythonOf(value);
    if (found !== undefined) {
      choose('python', found.minor, `build.python_version; ${found.suite} carries ${found.full}`, span);
      return;
    }
    const minor = pythonOf(value.split('.').slice(0, 2).join('.'));
    if (minor !== undefined) {
      refuse(
        span,
        `build.python_version is ${value}; Debian ${minor.suite}, which the image is made of, carries ${minor.full}`,
        `write python_version: "${minor.minor}"`,
      );
    } else if (/^\d+(\.\d+)*$/.test(value)) {
      refuse(
        span,
        `build.python_version is ${value}; no suite of Debian that an image is made of carries it`,
        `write one of ${pythonChoices}, and see with cogpack lock whether the packages have wheels for it; or write a cogpack.jsonnet with a base that has ${value} (docs/base.md)`,
      );
    } else wrong(span, `build.python_version is "${value}"; expected a version such as "3.11"`);
  }

  function chooseRequirements({ pythonPackages, pythonRequirements }: CogYaml): void {
    if (pythonRequirements !== undefined && pythonPackages.length > 0) {
      wrong(
        pythonPackages[0]!.span,
        'build has both python_packages and python_requirements',
        'keep python_requirements, and move the packages into that file',
      );
    } else if (pythonRequirements !== undefined) {
      const { value, span } = pythonRequirements;
      if (isOutside(value)) wrong(span, `build.python_requirements: ${value} is not in the project`);
      else if (!existsSync(join(dir, value)))
        wrong(span, `build.python_requirements: there is no file ${value} in the project`);
      else choose('requirements', value, 'build.python_requirements, with the files that it names', span);
    } else if (pythonPackages.length > 0) {
      choose(
        'requirements',
        pythonPackages.map(({ value }) => value),
        'build.python_packages, which cog calls deprecated',
        pythonPackages[0]!.span,
      );
    }
  }

  function checkSystemPackage(value: string, span: Span): void {
    if (/^[a-z0-9][a-z0-9+.-]+(:[a-z0-9]+)?$/.test(value)) return;
    if (/^[a-z0-9][a-z0-9+.-]+=/.test(value)) {
      refuse(
        span,
        `build.system_packages: ${value} names a version; an image has the versions of its suite`,
        `write ${value.split('=')[0]}: cogpack.lock pins it`,
      );
    } else
      wrong(
        span,
        `build.system_packages: "${value}" is not the name of a package`,
        'write one name in each item',
      );
  }

  function chooseGpu({ cuda, cudnn, gpu }: CogYaml): void {
    const version = cuda && /^(\d+\.\d+)(\.\d+)?$/.exec(cuda.value)?.[1];
    if (cuda !== undefined && version === undefined) {
      wrong(cuda.span, `build.cuda is "${cuda.value}"; expected a version such as "12.8"`);
    } else if (gpu?.value === true && cuda !== undefined) {
      choose('gpu', { cuda: version! }, 'build.cuda: what the model needs of its GPU', cuda.span);
    } else if (gpu?.value === true) choose('gpu', true, 'build.gpu: the model needs a GPU', gpu.span);
    else if (cuda !== undefined)
      remark('cuda', 'build.cuda, which counts only with gpu: true, as in cog', cuda.span);
    if (cudnn !== undefined) {
      refuse(
        cudnn.span,
        `build.cudnn asks for cuDNN ${cudnn.value} in the base image; it comes from the wheels that need it`,
        'take cudnn out, and pin nvidia-cudnn-cu12 among the requirements if it has to be this one',
      );
    }
  }

  function chooseReferences({
    run,
    predict,
    train,
    sdkVersion,
    concurrencyMax,
    concurrencyTarget,
  }: CogYaml): void {
    if (run !== undefined && predict !== undefined) {
      wrong(predict.span, 'both run and predict are there; they are two names of one thing', 'keep run');
    }
    if (run !== undefined) reference('run', run);
    else if (predict !== undefined) reference('predict', predict);
    if (train !== undefined) {
      reference('train', train);
      if (run === undefined && predict === undefined) {
        refuse(
          train.span,
          'train is there without run; only a model that answers predictions is served',
          'add run: run.py:Runner',
        );
      }
    }
    if (concurrencyMax !== undefined) {
      const target = concurrencyTarget === undefined ? {} : { default_target: concurrencyTarget.value };
      choose(
        'concurrency',
        { max: concurrencyMax.value, ...target },
        'concurrency: predictions at one time',
        concurrencyMax.span,
      );
    } else if (concurrencyTarget !== undefined) {
      wrong(concurrencyTarget.span, 'concurrency.default_target is there without concurrency.max', 'add max');
    }
    if (sdkVersion === undefined) return;
    const { value, span } = sdkVersion;
    if (!/^\d+(\.\d+)*((a|b|rc)\d+)?(\.dev\d+)?$/.test(value)) {
      refuse(
        span,
        `build.sdk_version is "${value}"; a version such as "0.18.0" is expected`,
        'name the version: cogpack lock --update finds later ones where none is named',
      );
    } else if (isBefore(value, [0, 16])) {
      wrong(
        span,
        `build.sdk_version is ${value}; cog's own builder takes 0.16.0 and later`,
        'write "0.16.0" or later',
      );
    } else choose('cog', value, 'build.sdk_version: the version of the cog package', span);
  }

  function reference(key: string, { value, span }: Stated<string>): void {
    const match = /^([^:]+\.py):([A-Za-z_]\w*)$/.exec(value);
    if (match === null || isOutside(match[1]!)) {
      wrong(span, `${key} is "${value}"; expected a file and a name in it, such as predict.py:Predictor`);
    } else if (!existsSync(join(dir, match[1]!))) {
      wrong(span, `${key}: there is no file ${match[1]} in the project`);
    } else choose(key, value, referenceReasons[key]!, span);
  }

  function chooseEnvironment({ environment }: CogYaml): void {
    const env: Record<string, string> = {};
    for (const { value, span } of environment) {
      const match = /^([A-Za-z_][A-Za-z0-9_]*)=([\s\S]*)$/.exec(value);
      if (match === null) {
        wrong(span, `environment: "${value}" is not of the form NAME=value`);
        continue;
      }
      const [, name, content] = match as unknown as [string, string, string];
      if (isReserved(name)) {
        wrong(
          span,
          `environment: cog does not let ${name} be set, which it uses itself`,
          'take it out, or set it in the program',
        );
      } else if (Object.hasOwn(env, name)) wrong(span, `environment: ${name} is there twice`);
      else env[name] = content;
    }
    if (environment.length > 0)
      choose('env', env, 'environment, for the running model', environment[0]!.span);
  }

  function chooseObservability({ observability }: CogYaml): void {
    if (observability === undefined) return;
    const { value, span } = observability;
    const { config, traces = {} } = value;
    if (value.traces !== undefined && traces.enabled === undefined)
      wrong(span, 'observability.traces has no enabled', 'write enabled: true');
    if (config !== undefined && traces.enabled !== true)
      wrong(span, 'observability.config counts only with observability.traces.enabled: true');
    if (config !== undefined && (isOutside(config) || !existsSync(join(dir, config))))
      wrong(span, `observability.config: there is no file ${config} in the project`);
    const isRatio = String(traces.sampler ?? '').endsWith('traceidratio');
    const share = traces.sampler_arg === undefined ? undefined : Number(traces.sampler_arg);
    if (isRatio && !(share !== undefined && share >= 0 && share <= 1))
      wrong(span, `observability.traces: ${traces.sampler} needs sampler_arg, a share from "0" to "1"`);
    if (!isRatio && share !== undefined)
      wrong(span, 'observability.traces.sampler_arg is for the samplers of a ratio', 'take it out');
    choose('observability', value, 'observability: what the server tells of its predictions', span);
  }

  function chooseImage({ image, model }: CogYaml): string | undefined {
    if (image !== undefined && model !== undefined) {
      wrong(
        model.span,
        'both image and model are there; they are two names of one thing',
        'keep one of them',
      );
    }
    const name = image ?? model;
    if (name === undefined) return undefined;
    const key = image === undefined ? 'model' : 'image';
    remark('image', `${key}, the name to push to: cogpack realise --push ${name.value}`, name.span);
    return name.value;
  }
}

const referenceReasons: Readonly<Record<string, string>> = {
  run: 'run: the class or function that answers predictions, on port 5000',
  predict: 'predict: the class or function that answers predictions, on port 5000',
  train: 'train: the function that trains',
};

// cog's list (pkg/config/env.go); a name that ends in * stands for all that start so.
const reserved =
  'PATH LD_LIBRARY_PATH PYTHONPATH VIRTUAL_ENV PYTHONUNBUFFERED R8_* REPLICATE_* COG_OBSERVABILITY_* COG_TRACE_* OTEL_* LIBRARY_PATH CUDA_* NVIDIA_* NV_* PGET_* HF_ENDPOINT HF_HUB_ENABLE_HF_TRANSFER KUBERNETES_*'.split(
    ' ',
  );

function isReserved(name: string): boolean {
  return reserved.some(entry => (entry.endsWith('*') ? name.startsWith(entry.slice(0, -1)) : name === entry));
}

function isOutside(path: string): boolean {
  return path.startsWith('/') || path === '' || /(^|\/)\.\.(\/|$)/.test(path);
}

function isBefore(version: string, [major, minor]: readonly [number, number]): boolean {
  const [a = 0, b = 0] = version.split('.').map(Number.parseFloat);
  return a < major || (a === major && b < minor);
}

function shortened(command: string): string {
  const [line = ''] = command.trim().split('\n');
  return line.length > 60 || line !== command.trim() ? `${line.slice(0, 60)}…` : line;
}
