export interface Service {
  readonly name: string;
  readonly binary: string;
  readonly debianPackage: string;
}
export declare const SERVICES: readonly Service[];
export declare function isInstalled(service: Service): boolean;
export declare function howToInstall(service: Service): string;
export declare function ensureServices(options: {
  services?: readonly Service[];
  has?: (service: Service) => boolean;
  isRoot: boolean;
  run?: (command: readonly string[]) => boolean;
  log: (line: string) => void;
}): readonly Service[];
