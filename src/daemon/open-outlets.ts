/** The outlets of the checkers process: scripts run, the pipes of keepalived's contract are written, letters are sent. */
import { Fifo, writeToPipe } from '../kernel/fifo.ts'
import type { GlobalDefinitions, NotifyFifo } from '../model/global.ts'
import type { Script } from '../model/script.ts'
import { Mailer } from './mailer.ts'
import type { Outlets } from './outlets.ts'
import { startProcess } from './process-group.ts'
import { type ScriptRules, scriptAccount } from './script-account.ts'

export function openOutlets(log: (text: string) => void): Outlets {
  const mailer = new Mailer(log)
  let rules: ScriptRules = { scriptUser: undefined, scriptSecurity: false }
  let pipes: readonly Pipe[] = []
  const closePipes = () => {
    for (const pipe of pipes) pipe.close()
    pipes = []
  }
  return {
    configure: (global: GlobalDefinitions, alone: boolean) => {
      rules = global
      mailer.configure(global)
      // Readers see the end of the pipe at each reload, as with keepalived.
      closePipes()
      const { notifyFifo: shared, lvsNotifyFifo } = global
      const own = [lvsNotifyFifo, alone ? shared : undefined].filter(one => one !== undefined)
      pipes = own.flatMap(wish => openPipe(wish, global, log) ?? [])
      // Whoever tells of the elections makes the pipe that we share, and starts its reader.
      if (!alone && shared !== undefined) pipes = [...pipes, sharedPipe(shared.path)]
    },
    run: script => void runScript(script, [], rules, log),
    line: text => {
      // keepalived ends these lines with a zero byte too, and its readers have learnt to live with it.
      for (const { write, path } of pipes) if (!write(`${text}\n\0`)) log(`nobody reads ${path}: "${text}" is lost`)
    },
    mail: letter => mailer.send(letter),
    close: closePipes,
  }
}

interface Pipe {
  readonly path: string
  /** False if the line is lost. */
  readonly write: (line: string) => boolean
  close(): void
}

function openPipe({ path, script }: NotifyFifo, rules: ScriptRules, log: (text: string) => void): Pipe | undefined {
  let fifo: Fifo
  try {
    fifo = new Fifo(path)
  } catch (error) {
    log(`notifications are not written to ${path}: ${(error as Error).message}`)
    return undefined
  }
  const end = script === undefined ? () => {} : runScript(script, [path], rules, log)
  return {
    path,
    write: line => fifo.write(line),
    close: () => {
      fifo.close()
      end()
    },
  }
}

function sharedPipe(path: string): Pipe {
  return { path, write: line => writeToPipe(path, line), close: () => {} }
}

/** Runs beside us and may outlive us. The result ends it. */
function runScript(
  script: Script,
  words: readonly string[],
  rules: ScriptRules,
  log: (text: string) => void,
): () => void {
  const text = script.argv.join(' ')
  const account = scriptAccount(script, rules)
  if ('problem' in account) {
    log(`cannot run the script ${text}: ${account.problem}`)
    return () => {}
  }
  return startProcess([...script.argv, ...words], account, ({ status, signal, error }) => {
    if (error !== undefined) log(`cannot run the script ${text}: ${error.message}`)
    else if (signal !== undefined) log(`the script ${text} died of ${signal}`)
    else if (status !== 0) log(`the script ${text} exited with status ${status}`)
  }).end
}
