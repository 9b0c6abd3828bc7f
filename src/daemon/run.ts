/** `sluice run`: the daemon in the foreground, from the first check of its surroundings to the exit status. */

export interface RunOptions {
  readonly file: string
  /** -D: log lines that keepalived calls detail. */
  readonly logDetail: boolean
}

/** Runs until it is told to stop; the exit status: 0 stopped, 1 could not start. Messages go to standard error. */
export async function run(_options: RunOptions): Promise<number> {
  throw new Error('not there yet')
}
