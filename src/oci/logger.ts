/** Where the steps write what they do. `main.ts` passes the runner's log; tests pass an array. */
export interface Logger {
  /** A message that costs time to make is passed as a function: debug lines are seldom wanted, and there is one for each request. */
  debug(message: string | (() => string)): void;
  info(message: string): void;
  warning(message: string): void;
}
