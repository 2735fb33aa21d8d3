export interface RabbitmqNode {
  readonly port: number;
  readonly tlsPort: number;
  start(): Promise<void>;
  stop(): Promise<void>;
  kill(): Promise<void>;
  freeze(): void;
  thaw(): void;
  remove(): Promise<void>;
}
export declare function isRabbitmqInstalled(): boolean;
export declare function rabbitmqNode(options?: {
  definitions?: Readonly<Record<string, unknown>>;
  tls?: { readonly key: string; readonly cert: string; readonly root: string } | null;
}): Promise<RabbitmqNode>;
