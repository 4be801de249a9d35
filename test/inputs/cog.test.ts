import { describe, expect, test } from 'vitest';
import { asked } from './evaluated.ts';
import { described, fault, project } from './folder.ts';

const files = { 'requirements.txt': 'idna\n', 'run.py': '', 'predict.py': '', 'train.py': '' };
const cog = (text: string) => project({ ...files, 'cog.yaml': text });

test('every key that can be honoured becomes a field', async () => {
  const dir = cog(`# a model
build:
  gpu: true
  python_version: 3.13
  system_packages: [ffmpeg, libsndfile1]
  python_requirements: requirements.txt
  sdk_version: "0.18.0a1"
  run: []
image: r8.im/ann/model
run: run.py:Runner
train: "train.py:train"
concurrency:
  max: 4
  default_target: 2
environment:
  - OMP_NUM_THREADS=4
  - EMPTY=
weights:
`);
  const { explanations, image, text } = described(dir);
  expect(text).toBe(`// Made of cog.yaml. docs/description.md has all fields; cogpack lock pins the packages.
// cog.yaml:9: image, the name to push to: cogpack realise --push r8.im/ann/model
local cog = import 'cogpack';

cog.model {
  // cog.yaml:4: build.python_version; trixie carries 3.13.5
  python: '3.13',
  // cog.yaml:6: build.python_requirements, with the files that it names
  requirements: 'requirements.txt',
  // cog.yaml:5: build.system_packages: Debian packages, and what they depend on
  apt: ['ffmpeg', 'libsndfile1'],
  // cog.yaml:3: build.gpu: the model needs a GPU
  gpu: true,
  // cog.yaml:10: run: the class or function that answers predictions, on port 5000
  run: 'run.py:Runner',
  // cog.yaml:11: train: the function that trains
  train: 'train.py:train',
  // cog.yaml:13: concurrency: predictions at one time
  concurrency: { max: 4, default_target: 2 },
  // cog.yaml:7: build.sdk_version: the version of the cog package
  cog: '0.18.0a1',
  // cog.yaml:16: environment, for the running model
  env: { OMP_NUM_THREADS: '4', EMPTY: '' },
}
`);
  expect(image).toBe('r8.im/ann/model');
  expect(explanations.map(({ field }) => field).sort()).toEqual(
    ['apt', 'cog', 'concurrency', 'env', 'gpu', 'image', 'python', 'requirements', 'run', 'train'].sort(),
  );
  expect(explanations[0]).toEqual({
    field: 'python',
    reason: 'build.python_version; trixie carries 3.13.5',
    source: { file: expect.stringMatching(/cog\.yaml$/), line: 4 },
  });
  expect(await asked(dir, 'python')).toMatchObject([
    { python: '3.13', requirements: ['idna', 'cog==0.18.0a1'] },
  ]);
});

test('the CUDA that is named is asked of the builds of frameworks, and only with a GPU', () => {
  const text = (build: string) => described(cog(`build:\n${build}`)).text;
  expect(text('  gpu: true\n  cuda: "12.8.1"\n')).toContain("  gpu: { cuda: '12.8' },\n");
  expect(text('  cuda: "11.8"\n')).not.toContain('gpu: {');
  expect(text('  cuda: "11.8"\n')).toContain('// cog.yaml:2: build.cuda, which counts only with gpu: true');
});

test('keys of former versions that say nothing any more are passed over', () => {
  expect(described(cog('build:\n  fast: false\n  cog_runtime: true\n')).explanations).toHaveLength(1);
});

test('packages of cog.yaml itself are requirements, and cog’s own default Python is taken', () => {
  expect(
    described(cog('build:\n  python_packages:\n    - pillow==10.0.0\npredict: predict.py:Predictor\n')).text,
  ).toContain(
    `  // cog.yaml:1: no build.python_version: cog's default is 3.13
  python: '3.13',
  // cog.yaml:3: build.python_packages, which cog calls deprecated
  requirements: ['pillow==10.0.0'],
  // cog.yaml:4: predict: the class or function that answers predictions, on port 5000
  predict: 'predict.py:Predictor',
`,
  );
});

test('traces are asked for, with the packages that send them', async () => {
  const dir = cog(`build:
  python_version: 3.11
predict: predict.py:Predictor
observability:
  config: run.py
  traces:
    enabled: true
    sampler: traceidratio
    sampler_arg: "0.5"
`);
  expect(described(dir).text).toContain(
    "  observability: { config: 'run.py', traces: { enabled: true, sampler: 'traceidratio', sampler_arg: '0.5' } },",
  );
  expect(await asked(dir, 'python')).toMatchObject([
    {
      requirements: [
        'cog',
        'opentelemetry-exporter-otlp-proto-http==1.44.0',
        'opentelemetry-exporter-otlp-proto-grpc==1.44.0',
      ],
    },
  ]);
});

test('an empty cog.yaml describes a model', () => {
  expect(described(cog('')).text).toContain("python: '3.13'");
});

describe('what is not honoured is an error at its place that says what to do', () => {
  test.each([
    ['build:\n  gpu: true\n  cudnn: "8"\n', '3:10', 'build.cudnn asks for cuDNN 8', 'nvidia-cudnn-cu12'],
    ['build:\n  cuda: eleven\n', '2:9', 'build.cuda is "eleven"', undefined],
    ['build:\n  cudnn: 8\n', '2:10', 'build.cudnn asks for cuDNN 8', 'take cudnn out'],
    ['build:\n  python_version: 3.10\n', '2:19', 'build.python_version is 3.10; no suite', '3.11 or 3.13'],
    ['build:\n  python_version: "3.11.9"\n', '2:19', 'carries 3.11.2', 'write python_version: "3.11"'],
    ['build:\n  python_version: latest\n', '2:19', 'expected a version', undefined],
    ['build:\n  sdk_version: prerelease\n', '2:16', 'a version such as', 'name the version'],
    ['build:\n  sdk_version: 0.9.3\n', '2:16', '0.16.0 and later', '"0.16.0"'],
    [
      'build:\n  system_packages:\n    - ffmpeg=5.1\n',
      '3:7',
      'names a version',
      'write ffmpeg: cogpack.lock pins',
    ],
    [
      'build:\n  system_packages:\n    - ffmpeg git\n',
      '3:7',
      'not the name of a package',
      'one name in each',
    ],
    ['build:\n  python_requirements: nope.txt\n', '2:24', 'there is no file nope.txt', undefined],
    ['build:\n  python_requirements: ../r.txt\n', '2:24', 'is not in the project', undefined],
    [
      'build:\n  python_requirements: requirements.txt\n  python_packages: [x]\n',
      '3:21',
      'has both',
      'keep python_requirements',
    ],
    ['run: run.py:Runner\npredict: predict.py:Predictor\n', '2:10', 'both run and predict', 'keep run'],
    ['run: Runner\n', '1:6', 'expected a file and a name in it', undefined],
    ['run: nope.py:Runner\n', '1:6', 'there is no file nope.py', undefined],
    ['train: train.py:train\n', '1:8', 'train is there without run', 'add run'],
    ['concurrency:\n  default_target: 2\n', '2:19', 'without concurrency.max', 'add max'],
    ['concurrency:\n  max: 0\n', '2:8', 'a whole number from 1 on', undefined],
    ['observability:\n  traces:\n    sampler: always_on\n', '2:3', 'has no enabled', 'enabled: true'],
    ['observability:\n  config: run.py\n', '2:3', 'counts only with', undefined],
    [
      'observability:\n  traces: {enabled: true, sampler: traceidratio}\n',
      '2:3',
      'needs sampler_arg',
      undefined,
    ],
    [
      'observability:\n  traces: {enabled: true, endpoint: x}\n',
      '2:27',
      'observability.traces has no key endpoint',
      'its keys are',
    ],
    ['environment:\n  - OTEL_SERVICE_NAME=x\n', '2:5', 'cog does not let OTEL_SERVICE_NAME', 'take it out'],
    ['environment:\n  - HOME\n', '2:5', 'not of the form NAME=value', undefined],
    [
      'environment:\n  - CUDA_VISIBLE_DEVICES=0\n',
      '2:5',
      'cog does not let CUDA_VISIBLE_DEVICES',
      'take it out',
    ],
    ['environment:\n  - A=1\n  - A=2\n', '3:5', 'A is there twice', undefined],
    ['image: a\nmodel: b\n', '2:8', 'both image and model', 'keep one'],
    [
      'weights:\n  - name: base\n    target: /weights\n    source: {uri: hf://a/b}\n',
      '2:5',
      'weights: base would lie in a registry',
      'into a folder of the project',
    ],
    ['build:\n  gpu: "yes"\n', '2:8', 'build.gpu is "yes"; expected true or false', undefined],
    ['build:\n  run: make\n', '2:8', 'build.run is "make"; expected a list', undefined],
    ['build: []\n', '1:8', 'build is a list; expected keys with values', undefined],
    ['image: 3\n', '1:8', 'write "3"', undefined],
    ['buid:\n  gpu: true\n', '1:1', 'cog.yaml has no key buid', 'did you mean build?'],
    ['build:\n  python_find_links: [x]\n', '2:3', 'build has no key python_find_links', '--extra-index-url'],
    ['build:\n  predict: predict.py:P\n', '2:3', 'build has no key predict', 'the top of cog.yaml'],
    ['gpu: true\n', '1:1', 'cog.yaml has no key gpu', 'belongs to build'],
    ['zzz: true\n', '1:1', 'cog.yaml has no key zzz', 'its keys are build,'],
  ])('%j', (text, place, message, hint) => {
    expect(fault(() => described(cog(text)))).toMatchObject({
      code: expect.stringMatching(/^inputs\//),
      place,
      message: expect.stringContaining(message),
      file: expect.stringMatching(/cog\.yaml$/),
      hint: hint === undefined ? undefined : expect.stringContaining(hint),
    });
  });
});

describe('a command that would run is an error with advice', () => {
  test.each([
    ['pip install -U "torch==2.0" numpy && echo ok', 'build.python_requirements: torch==2.0, numpy'],
    ['apt-get update && apt-get install -y ffmpeg git', 'build.system_packages: ffmpeg, git'],
    ['git clone https://git.example/x', 'submodule'],
    ['curl -L https://files.example/x -o x', 'download the file once'],
    ['python -c "import nltk; nltk.download(1)"', 'download the files once'],
    ['make -j install', 'build it elsewhere'],
    ['mkdir -p /src/cache', 'make the files in the project'],
    ['export HF_HOME=/src/hf', 'environment: HF_HOME'],
    ['python setup.py develop', 'build it elsewhere'],
    ['ldconfig', 'put what it makes into the project'],
  ])('%s', (command, hint) => {
    const text = `build:\n  run:\n    - ${JSON.stringify(command)}\n`;
    expect(fault(() => described(cog(text)))).toMatchObject({
      code: 'inputs/cannot-honour',
      place: '3:7',
      message: expect.stringContaining(`\`${command}\``),
      hint: expect.stringContaining(hint),
    });
  });

  test('all of them are named in one error', () => {
    const text =
      'build:\n  pre_install: [ldconfig]\n  run:\n    - command: pip install x\n      mounts:\n        - {type: secret, id: a, target: /b}\n';
    expect(fault(() => described(cog(text)))).toMatchObject({
      place: '2:17',
      message: expect.stringContaining('build.pre_install'),
      also: [expect.stringMatching(/^4:16 also: build\.run would run `pip install x`/)],
    });
  });
});

test('YAML that is not well-formed is told at its place', () => {
  expect(fault(() => described(cog('build:\n  gpu: true\n gpu: false\n')))).toMatchObject({
    code: 'inputs/yaml',
  });
  expect(fault(() => described(cog('build: {gpu: true\n')))).toMatchObject({ code: 'inputs/yaml' });
  expect(fault(() => described(cog('run: a\nrun: b\n')))).toMatchObject({
    code: 'inputs/yaml',
    place: '2:1',
  });
});

test('anchors and merge keys are as if they were written out, and are bounded', () => {
  expect(described(cog('build: &b\n  python_version: "3.11"\n')).text).toContain("python: '3.11'");
  expect(fault(() => described(cog('build:\n  <<: &b {python_version: "3.11", cudnn: 1}\n')))).toMatchObject({
    message: expect.stringContaining('cuDNN 1'),
  });
  const doubled = Array.from({ length: 30 }, (_, at) => `&a${at + 1} [*a${at}, *a${at}]`).join(', ');
  expect(fault(() => described(cog(`weights: [&a0 [x], ${doubled}]\n`))).code).toBe('inputs/yaml');
});
