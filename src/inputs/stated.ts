// What a project's file states, with the place where it does.
import type { Span } from '../base/error.ts';

export type Stated<T> = { readonly value: T; readonly span: Span };
