/** How much a test does: little at a desk, more where nobody waits. The one place where tests look at the environment. */
export const sized = (small: number, ci: number): number => (process.env['CI'] === undefined ? small : ci);
