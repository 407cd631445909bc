/** Where the steps write what they do. `main.ts` passes the runner's log; tests pass an array. */
export interface Logger {
  debug(message: string): void;
  info(message: string): void;
  warning(message: string): void;
}
