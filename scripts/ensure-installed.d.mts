export declare function reasonToInstall(root: string, readVersion?: (path: string) => string | null): string | null;
export declare function ensureInstalled(options: {
  root: string;
  env: NodeJS.ProcessEnv;
  log: (line: string) => void;
  npm?: (root: string, env: NodeJS.ProcessEnv) => string | null;
  readVersion?: (path: string) => string | null;
  lock?: (root: string, log: (line: string) => void) => () => void;
}): number;
export declare function isRecent(version: string | null): boolean;
export declare function findNpm(
  root: string,
  env: NodeJS.ProcessEnv,
): { command: string; prefix: string[]; path: string };
