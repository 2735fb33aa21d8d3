export declare function ensureNode24(): string | null;
