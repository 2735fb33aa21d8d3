/**
 * Bodies that nobody should send, as text: near what a route reads, so that they get past its first check, with what
 * parsers and stores stumble over in every place. Texts and not values, since most of it no JSON library would write.
 */
import fc from 'fast-check';

/** Texts of values that a route takes, by member; the fuzzer mixes them with all others. */
export type Plausible = Readonly<Record<string, readonly string[]>>;

const NUMBERS = ['0', '-0', '1.0', '1e400', '-1E+99', '12345678901234567890123', '1e-400'];
const STRINGS = [
  String.raw`"\ud83d"`,
  String.raw`"\u0000"`,
  '"\u007f\ufeff"',
  '"\u2028é😀\ufffe"',
  String.raw`"..\/.."`,
  '"%00%ff{{x}}${y}"',
  '"__proto__"',
  `"${'x'.repeat(5_000)}"`,
  `"${'é'.repeat(200)}"`,
];
const NOT_JSON = [
  'nul',
  'undefined',
  '',
  '0123',
  '+1',
  '.5',
  '1.',
  'NaN',
  '1e',
  String.raw`"\x41"`,
  String.raw`"\u12"`,
  '"\0"',
  '"\n"',
  '"',
];
const KEYS = [
  '"__proto__"',
  '"constructor"',
  '"toString"',
  '""',
  '"$gte"',
  '"$or"',
  '"$not"',
  String.raw`"\u0000"`,
  String.raw`"\udfff"`,
  '"a.b"',
];

/** JSON texts of any kind with a few levels. @param broken the share of leaves, in hundredths, that are not JSON */
function values(broken: number): fc.Arbitrary<string> {
  return fc.letrec<{ value: string; array: string; object: string; leaf: string }>((tie) => ({
    value: fc.oneof({ maxDepth: 4 }, tie('leaf'), tie('array'), tie('object')),
    array: fc.array(tie('value'), { maxLength: 4 }).map((items) => `[${items.join(',')}]`),
    object: fc
      .array(fc.tuple(fc.constantFrom(...KEYS, '"a"', '"data"'), tie('value')), { maxLength: 4 })
      .map((members) => `{${members.map(([key, text]) => `${key}:${text}`).join(',')}}`),
    leaf: fc.oneof(
      { weight: 60 - broken, arbitrary: fc.constantFrom('true', 'false', 'null', ...NUMBERS, ...STRINGS) },
      { weight: 20, arbitrary: fc.string({ unit: 'binary' }).map((text) => JSON.stringify(text)) },
      { weight: 20, arbitrary: fc.oneof(fc.integer().map(String), fc.bigInt().map(String)) },
      { weight: broken, arbitrary: fc.constantFrom(...NOT_JSON) },
    ),
  })).value;
}

const valid = values(0);
const wild = values(20);

/** Objects whose members are mostly the route's own, repeated ones included. */
function objects(plausible: Plausible): fc.Arbitrary<string> {
  const written = (name: string, text: string): string => `${JSON.stringify(name)}:${text}`;
  const plain = Object.entries(plausible).map(([name, texts]) =>
    fc.constantFrom(...texts).map((text) => written(name, text)),
  );
  const member = (odd: fc.Arbitrary<string>): fc.Arbitrary<string> =>
    fc.oneof(
      fc.tuple(fc.constantFrom(...Object.keys(plausible), 'other'), odd).map(([name, text]) => written(name, text)),
      fc.tuple(fc.constantFrom(...KEYS), odd).map(([key, text]) => `${key}:${text}`),
    );
  // Most have every member and little that is odd, so that the deeper checks are reached.
  const near = fc
    .tuple(fc.tuple(...plain), fc.array(member(valid), { maxLength: 2 }))
    .map(([every, more]) => [...every, ...more]);
  const far = fc.array(member(wild), { maxLength: 8 });
  return fc
    .oneof({ weight: 3, arbitrary: near }, { weight: 1, arbitrary: far })
    .map((members) => `{${members.join(',')}}`);
}

const nested = fc
  .tuple(
    fc.constantFrom('[', '{"a":', '{"data":{"a":[', '{"filter":{"$not":'),
    fc.constantFrom(10, 127, 129, 5_000, 100_000),
  )
  .map(([open, depth]) => open.repeat(depth));

/** Damage to the bytes of a text. */
const damaged = (texts: fc.Arbitrary<string>): fc.Arbitrary<Buffer> =>
  fc
    .tuple(
      texts,
      fc.nat(),
      fc.constantFrom('cut', 'insert', 'bom', 'tail', 'utf16'),
      fc.uint8Array({ minLength: 1, maxLength: 4 }),
    )
    .map(([text, at, how, bytes]) => {
      const whole = Buffer.from(text);
      const place = at % (whole.length + 1);
      if (how === 'cut') return whole.subarray(0, place);
      if (how === 'bom') return Buffer.concat([Buffer.from([0xef, 0xbb, 0xbf]), whole]);
      if (how === 'tail') return Buffer.concat([whole, bytes]);
      if (how === 'utf16') return Buffer.from(text, 'utf16le');
      return Buffer.concat([whole.subarray(0, place), bytes, whole.subarray(place)]);
    });

export function bodies(plausible: Plausible): fc.Arbitrary<Buffer> {
  const near = objects(plausible);
  return fc.oneof(
    { weight: 12, arbitrary: near.map((text) => Buffer.from(text)) },
    { weight: 4, arbitrary: damaged(near) },
    { weight: 2, arbitrary: wild.map((text) => Buffer.from(text)) },
    { weight: 1, arbitrary: nested.map((text) => Buffer.from(text)) },
    { weight: 1, arbitrary: fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes)) },
    { weight: 1, arbitrary: fc.constantFrom(1_048_576, 1_048_577).map((size) => Buffer.alloc(size, '{"data":')) },
  );
}

/** A path segment as it stands on the wire: encoded well or badly, never a character that Node's client refuses. */
export const segments: fc.Arbitrary<string> = fc.oneof(
  fc.constantFrom(
    'fuzzed',
    'd1',
    '.',
    '..',
    '%2e%2e',
    '%2F',
    '%00',
    '%ff',
    '%',
    '%zz',
    '{tenant_id}',
    '%ED%A0%80',
    '__proto__',
  ),
  fc.string({ unit: 'grapheme', minLength: 1, maxLength: 20 }).map((text) => encodeURIComponent(text.toWellFormed())),
  fc.constantFrom('x'.repeat(256), '%C3%A9'.repeat(200), 'y'.repeat(5_000)),
);
