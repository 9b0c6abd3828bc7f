/** The program of a MISC_CHECK. */
import type { Script } from '../model/script.ts'
import { refusedBy } from './channel-cause.ts'
import type { OpenChannel, Report } from './opened-channel.ts'
import { type ProcessGroup, startProbe } from './process-group.ts'
import { type ScriptRules, scriptAccount } from './script-account.ts'

export function openProgram(script: Script, rules: ScriptRules, report: Report): OpenChannel {
  let group: ProcessGroup | undefined
  let closed = false
  const fail = (cause: string) =>
    setImmediate(() => {
      if (!closed) report({ type: 'refused', cause, words: `failed: ${cause}` })
    })
  const account = scriptAccount(script, rules)
  if ('problem' in account) fail(account.problem)
  else
    group = startProbe(script.argv, account, ({ status, signal, error }) => {
      if (error === undefined) report({ type: 'exited', status, signal })
      else setImmediate(() => closed || report(refusedBy(error)))
    })
  return {
    write: () => {},
    close: () => {
      closed = true
      group?.end()
    },
  }
}
