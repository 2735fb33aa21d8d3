/** How much a test does: little at a desk, more where nobody waits. The one place where tests look at the environment. */
export const sized = (small: number, ci: number): number => (process.env['CI'] === undefined ? small : ci);

/** A seed for a test that draws its cases: FUZZ_SEED to see a printed one again, otherwise another one each time. */
export const fuzzSeed = (): number => Number(process.env['FUZZ_SEED'] ?? Math.floor(Math.random() * 2 ** 31));
