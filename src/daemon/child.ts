/**
 * The entry of the supervisor's children. The supervisor starts its own executable again with the hidden arguments
 * `daemon-child` and its role.
 *
 * A child dies with its supervisor, at once and without a farewell: what it put into the kernel stays, so that a daemon
 * that is started again finds everything in its place.
 */
import { Failure } from '../diagnostics/failure.ts'
import { isKernelError } from '../kernel/errors.ts'
import { setParentDeathSignal } from '../kernel/process.ts'
import type { Ident } from '../observe/log-line.ts'
import type { Role } from '../observe/snapshot.ts'
import type { FromChild, Report, TellTale, ToChild } from './messages.ts'
import { Outbox } from './outbox.ts'

/** The first hidden argument: the command line hands what follows to `runChild`. */
export const CHILD_COMMAND = 'daemon-child'

const FAREWELL_MS = 1000
/** EX_SOFTWARE of sysexits.h, as keepalived ends on its own mistakes. */
const MISTAKE_STATUS = 70

/** What the loops of all roles have in common. */
export interface ChildLoop {
  configure(configuration: Extract<ToChild, { type: 'configure' }>['configuration']): void
  report(): Report
  /** Only the checkers' loop has servers to drain. */
  drain?(server: string, drained: boolean): readonly string[]
  /** What another child has to tell. */
  hear?(message: TellTale): void
  stop(): void | Promise<void>
}

const IDENTS: Readonly<Record<Role, Ident>> = {
  elections: 'Keepalived_vrrp',
  checkers: 'Keepalived_healthcheckers',
  scripts: 'Keepalived_vrrp',
  bfd: 'Keepalived_bfd',
}

/** Returns when the child is at work; it ends with the process. */
export async function runChild(role: Role): Promise<void> {
  if (process.send === undefined) throw new Error(`"${CHILD_COMMAND}" is for the daemon itself: use "sluice run"`)
  const send = process.send.bind(process)
  const outbox = new Outbox(IDENTS[role], (message: FromChild, sent) => send(message, undefined, {}, sent))
  process.on('disconnect', () => process.exit(1))
  dieWithSupervisor()
  // A terminal or systemd sends these to all of us. The supervisor says what is to be done, and in which order.
  for (const signal of ['SIGINT', 'SIGHUP', 'SIGTERM'] as const) process.on(signal, () => {})

  let loop: ChildLoop
  try {
    loop = await open(role, outbox)
  } catch (error) {
    // The surroundings lack something: starting again would not bring it. Our own mistakes show their stack.
    if (!isKernelError(error) && !(error instanceof Failure)) throw error
    leave(outbox, { type: 'unable', sentence: error.message }, 1)
    return
  }
  if (role === 'elections') surrenderOnMistake(loop)
  let leaving = false
  const stop = () => {
    if (leaving) return
    leaving = true
    void Promise.resolve(loop.stop()).then(() => leave(outbox, { type: 'stopped' }, 0))
  }
  process.on('message', (message: ToChild) => {
    switch (message.type) {
      case 'configure':
        try {
          loop.configure(message.configuration)
        } catch (error) {
          if (!isKernelError(error)) throw error
          leave(outbox, { type: 'unable', sentence: error.message }, 1)
          return
        }
        outbox.send({ type: 'configured' })
        return
      case 'report':
        outbox.send({ type: 'report', id: message.id, report: loop.report() })
        return
      case 'drain': {
        const servers = loop.drain?.(message.server, message.drained) ?? []
        outbox.send({ type: 'drained', id: message.id, servers })
        return
      }
      case 'tracked':
      case 'notice':
        loop.hear?.(message)
        return
      case 'stop':
        stop()
    }
  })
}

function dieWithSupervisor(): void {
  const supervisor = process.ppid
  setParentDeathSignal('SIGKILL')
  if (process.ppid !== supervisor) process.exit(1)
}

async function open(role: Role, outbox: Outbox): Promise<ChildLoop> {
  if (role === 'elections') return (await import('./open-elections.ts')).openElectionProcess(outbox)
  if (role === 'scripts') return (await import('./open-scripts.ts')).openScriptProcess(outbox)
  if (role === 'bfd') return (await import('./open-bfd.ts')).openBfdProcess(outbox)
  return (await import('./open-checkers.ts')).openCheckerProcess(outbox)
}

/**
 * Our own mistake must not leave the network with a router that is active and does not say so: the addresses go to
 * another one. What checkers leave behind is of use to the next of them, and stays.
 */
function surrenderOnMistake(loop: ChildLoop): void {
  process.on('uncaughtException', error => {
    process.stderr.write(`${error.stack}\n`)
    try {
      void loop.stop()
    } finally {
      process.exit(MISTAKE_STATUS)
    }
  })
}

/** Ends the process when all that was said has gone out, or when nobody seems to listen. */
function leave(outbox: Outbox, lastWord: FromChild, status: number): void {
  outbox.send(lastWord, () => process.exit(status))
  setTimeout(() => process.exit(status), FAREWELL_MS)
}
