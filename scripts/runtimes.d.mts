export type RuntimeName = 'Node 20' | 'Deno' | 'Bun';
export declare const RUNTIMES: Readonly<Record<RuntimeName, string>>;
export declare function ensureRuntime(name: RuntimeName): string | null;
