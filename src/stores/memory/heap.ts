/**
 * A binary heap that knows where its items are, so that one can be taken out or moved without a search: a lane's
 * waiting deliveries, the sleeping lanes, a tenant's ready lanes, the ready tenants.
 */
export interface Heap<Item> {
  readonly size: number;
  has(item: Item): boolean;
  /** Adds the item, or moves it to where its changed key belongs. */
  put(item: Item): void;
  /** The first in order, left where it is. */
  peek(): Item | undefined;
  /** Takes the item out; false if it was not in. */
  remove(item: Item): boolean;
  /** Every item, in no order. */
  items(): Iterable<Item>;
}

/** @param isBefore a strict total order of the items; an item whose key changes has to be put again at once */
export function heap<Item>(isBefore: (a: Item, b: Item) => boolean): Heap<Item> {
  const items: Item[] = [];
  const places = new Map<Item, number>();

  const set = (place: number, item: Item): void => {
    items[place] = item;
    places.set(item, place);
  };
  const settle = (from: number, item: Item): void => {
    let place = from;
    while (place > 0) {
      const parent = (place - 1) >> 1;
      if (!isBefore(item, items[parent]!)) break;
      set(place, items[parent]!);
      place = parent;
    }
    for (;;) {
      let child = 2 * place + 1;
      if (child >= items.length) break;
      if (child + 1 < items.length && isBefore(items[child + 1]!, items[child]!)) child += 1;
      if (!isBefore(items[child]!, item)) break;
      set(place, items[child]!);
      place = child;
    }
    set(place, item);
  };

  return {
    get size() {
      return items.length;
    },
    has: (item) => places.has(item),
    put(item) {
      const place = places.get(item);
      if (place === undefined) items.push(item);
      settle(place ?? items.length - 1, item);
    },
    peek: () => items[0],
    remove(item) {
      const place = places.get(item);
      if (place === undefined) return false;
      places.delete(item);
      const last = items.pop()!;
      if (last !== item) settle(place, last);
      return true;
    },
    items: () => items,
  };
}
