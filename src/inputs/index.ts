// What people bring in place of a description: cog.yaml, a uv project, pylock.toml, requirements.txt.
export { type Described, describeInput, type Explanation } from './describe.ts';
export { findInput, type Input, type InputKind, inputAt, noInput } from './find.ts';
