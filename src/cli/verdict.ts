import { CommanderError } from 'commander'
import { Failure } from '../diagnostics/failure.ts'
import { KernelError } from '../kernel/errors.ts'

export interface Verdict {
  readonly status: number
  /** For standard error; empty where everything has been said. */
  readonly text: string
}

/** How the program ends on an error: a sentence for what a person can mend, a stack trace for our own mistakes only. */
export function verdict(error: unknown): Verdict {
  if (error instanceof Failure) return { status: error.status, text: `sluice: ${error.message}\n` }
  if (error instanceof KernelError) return { status: 1, text: `sluice: ${error.message}${remedy(error)}\n` }
  // Help and version are "errors" of status 0 to commander; its other sentences have been printed by then.
  if (error instanceof CommanderError) return { status: error.exitCode === 0 ? 0 : 2, text: '' }
  const stack = error instanceof Error ? (error.stack ?? error.message) : String(error)
  return { status: 70, text: `sluice: this is a mistake in sluice itself, please report it:\n${stack}\n` }
}

function remedy(error: KernelError): string {
  return error.code === 'EPERM' || error.code === 'EACCES' ? '; run it as root' : ''
}
