export declare const PYTHON_SDK_VERSIONS: readonly string[];
export declare function ensurePythonSdk(version: string): string | null;
