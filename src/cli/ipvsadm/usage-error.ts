/** A command line that ipvsadm refuses before it touches the table. */
export class UsageError extends Error {
  readonly status: number
  /** False for the few mistakes after which `-R` goes on with the next line. */
  readonly ends: boolean

  constructor(message: string, status = 2, ends = true) {
    super(message)
    this.name = 'UsageError'
    this.status = status
    this.ends = ends
  }
}

export function seeHelp(): UsageError {
  return new UsageError("Try `ipvsadm -h' or 'ipvsadm --help' for more information.", 255)
}
