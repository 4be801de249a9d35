// Which fields an object has, apart from their values. A literal's template is made once, when its file is compiled;
// objects that join the same literals share one shape, so joining and looking up cost no more than a step in a map.
import type { Location } from './location.ts';
import type { Value } from './values.ts';

/** How visible a field says it is: `:` keeps what it extends, `::` hides, `:::` shows. */
export type FieldVisibility = ':' | '::' | ':::';

/** One field of an object literal. */
export type Field = {
  readonly name: string;
  readonly visibility: FieldVisibility;
  /** Written with +: the value is added to what the field extends. */
  readonly plus: boolean;
  /** Of the name. */
  readonly location: Location;
  /** Of the value. */
  readonly place: Location;
  /** What the literal's code calls it. */
  readonly at: number;
  /** Its value, where that is the same in every object. */
  readonly constant: Value | undefined;
};

/** What is known of an object literal before it is evaluated. */
export type Template = {
  readonly fields: readonly Field[];
  readonly index: ReadonlyMap<string, Field>;
  /** How many asserts; the literal's code calls them by the numbers from `firstAssert` on. */
  readonly asserts: number;
  readonly firstAssert: number;
  /** A field that is taken out of the `span` layers below (std.objectRemoveKey). */
  readonly removed: { readonly name: string; readonly span: number } | undefined;
  /** The shape of the literal alone. */
  readonly shape: Shape;
};

export type Slot = {
  readonly layer: number;
  readonly field: Field;
  readonly visibility: FieldVisibility;
  readonly hidden: boolean;
  /** Index among an object's values. */
  readonly position: number;
};

export type Shape = {
  readonly slots: ReadonlyMap<string, Slot>;
  readonly layers: number;
  /** Whether many objects have it; only then are its joins worth keeping. */
  readonly shared: boolean;
  joins: Map<Shape, Shape> | undefined;
  visibleNames: readonly string[] | undefined;
};

/** Throws nothing: that names differ is checked before. */
export function template(
  fields: readonly Field[],
  asserts: number,
  firstAssert: number,
  shared: boolean,
  removed?: Template['removed'],
): Template {
  const slots = new Map<string, Slot>();
  const index = new Map<string, Field>();
  for (const field of fields) {
    const { name, visibility } = field;
    index.set(name, field);
    slots.set(name, { layer: 0, field, visibility, hidden: visibility === '::', position: slots.size });
  }
  return { fields, index, asserts, firstAssert, removed, shape: shapeOf(slots, 1, shared) };
}

function shapeOf(slots: ReadonlyMap<string, Slot>, layers: number, shared: boolean): Shape {
  return { slots, layers, shared, joins: undefined, visibleNames: undefined };
}

const mostSharedLayers = 12;

/** The shape of two objects joined, when both are shared and small; undefined when it is better made on demand. */
export function joinShapes(left: Shape, right: Shape): Shape | undefined {
  if (!left.shared || !right.shared || left.layers + right.layers > mostSharedLayers) return undefined;
  left.joins ??= new Map();
  let joined = left.joins.get(right);
  if (joined === undefined) {
    joined = shapeOf(joinSlots(left, right), left.layers + right.layers, true);
    left.joins.set(right, joined);
  }
  return joined;
}

function joinSlots(left: Shape, right: Shape): Map<string, Slot> {
  const slots = new Map(left.slots);
  for (const [name, slot] of right.slots) put(slots, name, slot, slot.layer + left.layers);
  return slots;
}

function put(slots: Map<string, Slot>, name: string, slot: Slot, layer: number): void {
  const before = slots.get(name);
  const visibility = slot.visibility === ':' ? (before?.visibility ?? ':') : slot.visibility;
  slots.set(name, {
    layer,
    field: slot.field,
    visibility,
    hidden: visibility === '::',
    position: before?.position ?? slots.size,
  });
}

/** The shape of an object of these literals, made anew. */
export function shapeOfLayers(templates: readonly Template[]): Shape {
  if (templates.length === 1) return templates[0]!.shape;
  const slots = new Map<string, Slot>();
  templates.forEach(({ shape, removed }, layer) => {
    for (const [name, slot] of shape.slots) put(slots, name, slot, layer);
    if (removed === undefined) return;
    const below = shapeOfLayers(templates.slice(0, layer - removed.span)).slots.get(removed.name);
    const position = slots.get(removed.name)?.position;
    if (below === undefined) slots.delete(removed.name);
    else slots.set(removed.name, { ...below, position: position ?? slots.size });
  });
  // A removed field leaves a gap.
  let position = 0;
  for (const [name, slot] of slots) {
    slots.set(name, { ...slot, position });
    position += 1;
  }
  return shapeOf(slots, templates.length, false);
}
